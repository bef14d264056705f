import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { conflict, Problem, sessionEnded, unavailable } from '#platform/contract/problem.ts'
import { startTestApi, type TestApi, refusedWith } from '../../testing.ts'
import { canonicalInstant, openPool } from './connection.ts'
import { sql } from './sql.ts'
import { scopedDatabase } from './transaction.ts'

describe('a transaction', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  const insert = (code: string) => sql`insert into departments (name, code) values ('Ward', ${code})`
  const count = async (code: string) => (await api.rows(sql`select 1 from departments where code = ${code}`)).length

  it('keeps what succeeded, with its audit entry and its event', async () => {
    await api.database.once(async (tx) => {
      tx.audit({ action: 'test.kept', resource_type: 'department', correlation_id: 'kept-together' })
      tx.emit({ type: 'test.kept', subject_type: 'department', subject_id: '0198c0de-0000-7000-8000-000000000001' })
      await tx.run(insert('kept'))
    })
    assert.equal(await count('kept'), 1)
    assert.equal((await api.rows(sql`select 1 from audit_logs where correlation_id = 'kept-together'`)).length, 1)
    assert.equal((await api.rows(sql`select 1 from events where type = 'test.kept'`)).length, 1)
  })

  for (const trips of ['once', 'transaction'] as const) {
    it(`leaves nothing of a ${trips} whose statement fails, and tells the statement's own error`, async () => {
      const work = api.database[trips](async (tx) => {
        tx.audit({ action: 'test.lost', resource_type: 'department', correlation_id: `lost-${trips}` })
        await Promise.all([tx.run(insert(`lost-${trips}`)), tx.run(sql`select 1 / ${0}::int`)])
      })
      await assert.rejects(work, { code: '22012' })
      assert.equal(await count(`lost-${trips}`), 0)
      assert.equal((await api.rows(sql`select 1 from audit_logs where correlation_id = ${`lost-${trips}`}`)).length, 0)
    })
  }

  it('tells a failure once to whoever asks for several things and waits for them one by one', async () => {
    // Two turns later, when all of them have been told: what nobody handled would end the server.
    const work = api.database.once(async (tx) => {
      const failed = tx.run(sql`select 1 / ${0}::int`)
      const behind = [tx.rows(sql`select 1`), tx.first(sql`select 1`), tx.one(sql`select 1`)]
      await failed
      return Promise.all(behind)
    })
    await assert.rejects(work, { code: '22012' })
    await turn()
    await turn()
  })

  it('gives the one row of a statement that always has one, and fails where it has none', async () => {
    const one = (code: string) =>
      api.database.once((tx) => tx.one(sql<{ code: string }>`select code from departments where code = ${code}`))
    await api.database.once((tx) => tx.run(insert('one')))
    assert.deepEqual(await one('one'), { code: 'one' })
    await assert.rejects(one('none'), { message: 'there is no row, which cannot be' })
  })

  it('does not pass for success when a failed statement was swallowed', async () => {
    const work = api.database.transaction(async (tx) => {
      await tx.run(insert('swallowed'))
      await tx.run(sql`select 1 / ${0}::int`).catch(() => 0)
    })
    await assert.rejects(work, /aborted by a statement/)
    assert.equal(await count('swallowed'), 0)
  })

  it('undoes what came before a problem that is thrown', async () => {
    const work = api.database.transaction(async (tx) => {
      await tx.run(insert('refused'))
      throw new Problem(sessionEnded)
    })
    await assert.rejects(work, refusedWith(sessionEnded))
    assert.equal(await count('refused'), 0)
  })

  it('takes no statement once `once` has been sent', async () => {
    const work = api.database.once(async (tx) => {
      await tx.run(insert('in-time'))
      await tx.run(insert('too-late'))
    })
    await assert.rejects(work, /has ended/)
    assert.equal(await count('too-late'), 0)
  })

  it('is repeated when it deadlocks, and both sides succeed', async () => {
    await api.rows(insert('left'))
    await api.rows(insert('right'))
    const touch = (code: string) => sql`update departments set version = version + 1 where code = ${code}`
    let attempts = 0
    const first = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    const run = (one: string, other: string, mine: PromiseWithResolvers<void>, theirs: PromiseWithResolvers<void>) =>
      api.database.transaction(async (tx) => {
        attempts += 1
        await tx.run(touch(one))
        mine.resolve()
        await theirs.promise
        await tx.run(touch(other))
      })
    await Promise.all([run('left', 'right', first, second), run('right', 'left', second, first)])
    const versions = await api.rows<{ version: number }>(
      sql`select version from departments where code in ('left', 'right')`,
    )
    assert.deepEqual(
      versions.map(({ version }) => version),
      [3, 3],
    )
    assert.ok(attempts > 2)
  })

  for (const moment of ['at once', 'at commit'] as const) {
    it(`is asked three times more where PostgreSQL refuses it because of others ${moment}, and then told`, async () => {
      const trigger = moment === 'at once' ? sql`create trigger crowded` : sql`create constraint trigger crowded`
      const when = moment === 'at once' ? sql`` : sql`deferrable initially deferred`
      await api.rows(sql`create sequence refusals`)
      await api.rows(sql`
        create function refuse() returns trigger language plpgsql security definer as $$ begin
          if nextval('refusals') <= split_part(new.code, '-', 2)::int then
            raise exception 'because of others' using errcode = 'serialization_failure';
          end if;
          return null;
        end $$`)
      await api.rows(sql`${trigger} after insert on departments ${when} for each row execute function refuse()`)
      try {
        for (const trips of ['once', 'together', 'transaction'] as const) {
          const attempt = async (times: number) => {
            await api.rows(sql`select setval('refusals', 1, false)`)
            await api.database[trips]((tx) => tx.run(insert(`${trips} ${moment}-${times}`)))
          }
          await attempt(3)
          await assert.rejects(attempt(9), refusedWith(conflict))
          assert.deepEqual([await count(`${trips} ${moment}-3`), await count(`${trips} ${moment}-9`)], [1, 0])
        }
      } finally {
        await api.rows(sql`drop trigger crowded on departments`)
        await api.rows(sql`drop function refuse`)
        await api.rows(sql`drop sequence refusals`)
      }
    })
  }

  it('sees no patient without a scope, and only what the scope reaches', async () => {
    await api.patient()
    const seen = async (reach: string | undefined) => {
      const enter = reach === undefined ? sql`select 1` : sql`select openward.enter_as(${reach})`
      const database = scopedDatabase(api.system.pool, { enter: () => enter }, { audit: (entry) => entry })
      return database.once(async (tx) => (await tx.rows(sql`select id from patients`)).length)
    }
    assert.deepEqual([await seen(undefined), await seen('none'), await seen('own'), await seen('all')], [0, 0, 0, 1])
  })

  it('says that the database is away within its time limit', async () => {
    const pool = openPool({
      url: 'postgres://nobody@127.0.0.1:9/none',
      size: 1,
      name: 'test',
      on_error: () => undefined,
    })
    const database = scopedDatabase(pool, { enter: () => sql`select 1` }, { audit: (entry) => entry })
    await assert.rejects(
      database.once((tx) => tx.run(sql`select 1`)),
      refusedWith(unavailable),
    )
    await pool.end()
  })

  it('speaks of instants and dates as text that loses nothing', async () => {
    const row = await api.database.once((tx) =>
      tx.first<
        Record<string, unknown>
      >(sql`select timestamptz '2026-12-01 15:00:00.000001+01' as fine, timestamptz '2026-12-01 14:00+00' as whole,
        date '2026-03-14' as day, time '09:00' as at, 12.50::numeric as money, 9007199254740991::bigint as large`),
    )
    assert.deepEqual(row, {
      fine: '2026-12-01T14:00:00.000001Z',
      whole: '2026-12-01T14:00:00Z',
      day: '2026-03-14',
      at: '09:00',
      money: '12.50',
      large: 9007199254740991,
    })
    assert.throws(() => canonicalInstant('infinity'), RangeError)
  })
})
