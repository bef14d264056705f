// The keys of a server beside others, that make and rotate keys while it runs.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { createLog } from '#platform/logging.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { openKeys, rootsKnownForSeconds } from './keys.ts'

/** The keys of another server on the same database. */
const beside = (api: TestApi) => openKeys(api.system.keys.keyring, (work) => api.database.transaction(work))

describe('the keys of a server', () => {
  it('are read again where a row names one that another server has just made, and the request is to be repeated', async () => {
    await using api = await startTestApi()
    const { keys } = api.system
    const before = keys.system('mail')
    await api.rows(sql`update system_keys set retired_at = now() where purpose = 'mail'`)
    const made = (await beside(api)).system('mail')
    assert.notEqual(made.id, before.id)
    assert.throws(
      () => keys.systemById(made.id),
      (error) => {
        return refusedWith(unavailable)(error) && error instanceof Problem && error.members['retry_after_seconds'] === 1
      },
    )
    while (keys.system('mail').id !== made.id) await wait(5)
    assert.deepEqual(keys.systemById(made.id), made)
    assert.deepEqual(keys.systemById(before.id), before)
    assert.deepEqual(keys.everySystem('mail'), [made, before])
  })

  it('make no tokens once the roots could not be read for so long that a rotation may have replaced them', async (t) => {
    await using api = await startTestApi()
    const keys = await beside(api)
    const tokens = () => keys.tokenizer('patients').tokens('ssn', '123456789')
    const known = tokens()
    await keys.follow(createLog('silent')).stop()
    const now = performance.now.bind(performance)
    let passed_ms = rootsKnownForSeconds * 1000 - 10_000
    t.mock.method(performance, 'now', () => now() + passed_ms)
    assert.deepEqual(tokens(), known)
    passed_ms += 20_000
    assert.throws(tokens, refusedWith(unavailable))
    await keys.reload()
    assert.deepEqual(tokens(), known)
  })
})
