import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { conflict, idempotencyInFlight, idempotencyMismatch, malformed } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { seal } from '#platform/encryption/sealing.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { claimKey, claimOf, keepAnswer } from './idempotency.ts'

const answer = { status: 201, headers: { location: '/x' }, body: '{"made":true}', told: { patient_ids: [] } }
const nobody = { permissions: new Set<string>() }

describe('an Idempotency-Key', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  const claim = (key: string, body: unknown = { number: 1 }) => claimOf(key, user_id, 'probe.make', '/probe', body)
  const user_id = randomUUIDv7()
  const claims = (key: string, body?: unknown) =>
    api.database.transaction((tx) => claimKey(tx, api.system.keys, claim(key, body)))
  const make = (key: string) =>
    api.database.transaction(async (tx) => {
      assert.equal(await claimKey(tx, api.system.keys, claim(key)), undefined)
      await keepAnswer(tx, api.system.keys, claim(key), answer, nobody)
    })

  for (const [what, key] of [
    ['nothing', ''],
    ['a space', 'a b'],
    ['more than ASCII', 'schlüssel'],
    ['a line end', 'a\n'],
    ['256 characters', 'x'.repeat(256)],
  ] as const) {
    it(`of ${what} is refused`, () => assert.throws(() => claim(key), refusedWith(malformed)))
  }
  it('of 255 characters is taken', () => assert.equal(claim('x'.repeat(255)).key_hash.length, 32))

  it('gives the first answer again', async () => {
    await make('again')
    assert.deepEqual(await claims('again'), { ...answer, was_in_reach: true })
  })

  it('is refused for another request', async () => {
    await make('other')
    await assert.rejects(claims('other', { number: 2 }), refusedWith(idempotencyMismatch))
    await assert.rejects(claims('other', null), refusedWith(idempotencyMismatch))
  })

  it('is told to be in flight while the first request runs, and free again once that has failed', async () => {
    const failure = new Error('the work failed')
    await assert.rejects(
      api.database.transaction(async (tx) => {
        await claimKey(tx, api.system.keys, claim('running'))
        await assert.rejects(claims('running'), refusedWith(idempotencyInFlight))
        throw failure
      }),
      failure,
    )
    await make('running')
  })

  it('that is forgotten while it is asked for is to be used again', async () => {
    await make('forgotten')
    const forgetting = (tx: Tx): Tx => ({
      ...tx,
      async first(statement) {
        await api.rows(sql`delete from idempotency_keys where key_hash = ${claim('forgotten').key_hash}`)
        return tx.first(statement)
      },
    })
    await assert.rejects(
      api.database.transaction((tx) => claimKey(forgetting(tx), api.system.keys, claim('forgotten'))),
      refusedWith(idempotencyInFlight),
    )
    await make('forgotten')
  })

  it('opens no answer that was moved to it from another key, or another operation, of the same user', async () => {
    const moved = (from: Buffer, to: Buffer) =>
      api.rows(sql`
        update idempotency_keys k set sealed_answer = o.sealed_answer, key_id = o.key_id, status = o.status
          from idempotency_keys o where k.key_hash = ${to} and o.key_hash = ${from}`)
    await make('mine')
    await make('moved')
    await moved(claim('moved').key_hash, claim('mine').key_hash)
    await assert.rejects(claims('mine'), (error) => error instanceof IntegrityError)
    await api.rows(sql`
      insert into idempotency_keys (user_id, operation, key_hash, request_hash, status, key_id, sealed_answer, was_in_reach)
      select user_id, 'probe.other', key_hash, request_hash, status, key_id, sealed_answer, was_in_reach
        from idempotency_keys where key_hash = ${claim('moved').key_hash}`)
    await assert.rejects(
      api.database.transaction((tx) => claimKey(tx, api.system.keys, { ...claim('moved'), operation: 'probe.other' })),
      (error) => error instanceof IntegrityError,
    )
    assert.deepEqual(await claims('moved'), { ...answer, was_in_reach: true })
  })

  it('of an earlier version is known to be done, and what was kept with it is not shown', async () => {
    await make('earlier')
    const key = api.system.keys.system('answers')
    const place = { table: 'idempotency_keys', column: 'sealed_answer', row_id: user_id }
    const { key_hash } = claim('earlier')
    await api.rows(sql`
      update idempotency_keys set key_id = ${key.id}, sealed_answer = ${seal(key, place, '{"headers":{},"body":"{}"}')}
       where key_hash = ${key_hash}`)
    await assert.rejects(claims('earlier'), refusedWith(conflict))
    await api.rows(sql`update idempotency_keys set sealed_answer = '' where key_hash = ${key_hash}`)
    await assert.rejects(claims('earlier'), (error) => error instanceof IntegrityError)
  })

  it('without a body differs from one with a body', () => {
    const hash = (body: unknown) => claimOf('key', user_id, 'probe.make', '/probe', body).request_hash.toString('hex')
    assert.notEqual(hash(undefined), hash({}))
    assert.equal(hash(undefined), hash(undefined))
  })
})
