import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { repeatAwake } from './awake.ts'
import { wakeChannel, wakesOf } from './wake.ts'

let api: TestApi
before(async () => void (api = await startTestApi()))
after(() => api[Symbol.asyncDispose]())

const subject_id = '0198c0de-0000-7000-8000-000000000001'
const emit = () => api.database.once(async (tx) => tx.emit({ type: 'test.woken', subject_type: 'test', subject_id }))
const listening = async () => {
  const rows = await api.rows(
    sql`select from pg_stat_activity where application_name = 'openward-listen' and datname = current_database()`,
  )
  return rows.length
}
/** How long the work sleeps where nothing wakes it: longer than any test. */
const every_ms = 600_000

/** Work that counts its runs; `runs` waits for so many. */
function count() {
  let done = 0
  let told = () => {}
  const work = async () => {
    done += 1
    told()
  }
  const repeated = repeatAwake({ name: 'a test', every_ms, work, log: api.system.log, wakes: wakesOf(api.system) })
  return {
    async runs(least: number) {
      while (done < least) await new Promise<void>((resolve) => (told = resolve))
      return done
    },
    done: () => done,
    [Symbol.asyncDispose]: () => repeated.stop(),
  }
}

describe('whoever follows events', { timeout: 30_000 }, () => {
  it('is woken by a commit of this server, and not by one without an event', async () => {
    await using counted = count()
    while ((await listening()) === 0);
    // One at the beginning, one for what came before the connection listened.
    const before_it = await counted.runs(2)
    await api.database.once((tx) => tx.run(sql`select 1`))
    await emit()
    assert.equal(await counted.runs(before_it + 1), before_it + 1)
  })

  it('is woken by another server', async () => {
    await using counted = count()
    const before_it = await counted.runs(2)
    await api.rows(sql`select pg_notify(${wakeChannel}, 'another server')`)
    await counted.runs(before_it + 1)
  })

  it('is woken again after the connection was lost', async () => {
    await using counted = count()
    const before_it = await counted.runs(2)
    await api.rows(
      sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'openward-listen' and datname = current_database()`,
    )
    // For what may have been missed.
    await counted.runs(before_it + 1)
    await api.rows(sql`select pg_notify(${wakeChannel}, 'another server')`)
    await counted.runs(before_it + 2)
  })

  it('is woken once for many commits of one moment, and other servers are told once', async () => {
    await using counted = count()
    const before_it = await counted.runs(2)
    await Promise.all(Array.from({ length: 200 }, emit))
    await counted.runs(before_it + 1)
    assert.ok(counted.done() < before_it + 50, `${counted.done() - before_it} runs`)
  })

  it('holds a connection only as long as somebody follows', async () => {
    const [one, other] = [count(), count()]
    await Promise.all([one.runs(1), other.runs(1)])
    while ((await listening()) === 0);
    await one[Symbol.asyncDispose]()
    assert.equal(await listening(), 1)
    await other[Symbol.asyncDispose]()
    while ((await listening()) > 0);
  })
})
