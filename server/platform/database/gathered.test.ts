import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { notFound, outcomeUnknown, sessionEnded, unavailable } from '#platform/contract/problem.ts'
import { patientApi } from '../../modules/patients/patient.contract.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { openPool } from './connection.ts'
import { gather } from './gathered.ts'
import { sql } from './sql.ts'
import { scopedDatabase } from './transaction.ts'

describe('reads that arrive together', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  async function nurseOf(patient_id: string) {
    const department_id = await api.department()
    await api.rows(sql`insert into care_relationships (patient_id, department_id, origin, origin_id)
                       values (${patient_id}, ${department_id}, 'registration', ${patient_id})`)
    return api.person('nurse', { department_id })
  }

  it('each see what their own scope reaches and nothing of another', async () => {
    const [one, other] = [await api.patient({ last_name: 'One' }), await api.patient({ last_name: 'Other' })]
    const [nurse, stranger, staff] = [await nurseOf(one), await nurseOf(other), await api.person('staff')]
    const params = (patient_id: string) => ({ params: { patient_id } })
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.allSettled([
        nurse.call(patientApi.read, params(one)),
        stranger.call(patientApi.read, params(one)),
        staff.call(patientApi.read, params(other)),
        nurse.call(patientApi.read, params(other)),
        stranger.call(patientApi.read, params(other)),
      ])
      const seen = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.last_name : answer.reason))
      assert.deepEqual([seen[0], seen[2], seen[4]], ['One', 'Other', 'Other'])
      assert.ok(refusedWith(notFound)(seen[1]) && refusedWith(notFound)(seen[3]))
    }
  })

  it('refuse a session that has ended, and it alone', async () => {
    const patient_id = await api.patient({ last_name: 'Together' })
    const [ended, live] = [await api.person('staff'), await api.person('staff')]
    const read = (person: typeof live) => person.call(patientApi.read, { params: { patient_id } })
    await Promise.all([read(ended), read(live)])
    await api.rows(sql`update sessions set revoked_at = now() where id = ${ended.session_id}`)
    const [first, ...others] = await Promise.allSettled([read(ended), read(live), read(live), read(live)])
    assert.ok(first?.status === 'rejected' && refusedWith(sessionEnded)(first.reason))
    assert.ok(others.every(({ status }) => status === 'fulfilled'))
  })

  it('know changed rights at once', async () => {
    const patient_id = await api.patient()
    const [demoted, live] = [await api.person('staff'), await api.person('staff')]
    const read = (person: typeof live) => person.call(patientApi.read, { params: { patient_id } })
    await Promise.all([read(demoted), read(live)])
    await api.rows(
      sql`update users set role = 'nurse', authority_version = authority_version + 1 where id = ${demoted.user_id}`,
    )
    const [first, second] = await Promise.allSettled([read(demoted), read(live)])
    assert.ok(first?.status === 'rejected' && refusedWith(notFound)(first.reason))
    assert.equal(second?.status, 'fulfilled')
  })

  it('that ask alike share a statement, and each is told its own rows', async () => {
    const sent: number[] = []
    const repeated = (numbers: readonly number[]) => {
      sent.push(numbers.length)
      return sql<{ at: number; n: number }>`
        select w.at::int, w.n from unnest(${numbers}::int[]) with ordinality as w(n, at), generate_series(1, w.n)`
    }
    const scope = { enter: () => sql`select openward.enter_as('all')`, key: 'alike' }
    const database = scopedDatabase(api.system.pool, scope, { audit: (entry) => entry }, api.system.gathered)
    const rows = await Promise.all([2, 0, 3].map((n) => database.readAmong(repeated, n)))
    assert.deepEqual(
      rows.map((own) => own.map(({ n }) => n)),
      [[2, 2], [], [3, 3, 3]],
    )
    assert.deepEqual(sent, [3])
  })

  it('of a wrong statement fail alone', async () => {
    const scope = { key: 'test', enter: sql`select openward.enter_as('all')` }
    const right = api.system.gathered.read(scope, { statement: sql`select 1 as n` }, async () => [{ n: 'alone' }])
    const wrong = api.system.gathered.read(scope, { statement: sql`select 1 / ${0}::int` }, async () => {
      throw new RangeError('alone')
    })
    const [first, second] = await Promise.allSettled([right, wrong])
    assert.deepEqual(first, { status: 'fulfilled', value: [{ n: 'alone' }] })
    assert.ok(second?.status === 'rejected' && second.reason instanceof RangeError)
  })

  it('of a value that has no text fail alone', async () => {
    const scope = { enter: () => sql`select openward.enter_as('all')`, key: 'unsent' }
    const database = scopedDatabase(api.system.pool, scope, { audit: (entry) => entry }, api.system.gathered)
    const endless: Record<string, unknown> = {}
    endless['self'] = endless
    const [right, wrong] = await Promise.allSettled([
      database.read(sql`select 1 as n`),
      database.read(sql`select ${endless}::jsonb as n`),
    ])
    assert.deepEqual(right, { status: 'fulfilled', value: [{ n: 1 }] })
    assert.ok(wrong.status === 'rejected' && wrong.reason instanceof TypeError)
  })
})

describe('writes that arrive together', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  const insert = (code: string) =>
    sql<{ id: string }>`insert into departments (name, code) values ('Ward', ${code}) returning id`
  function databaseOf(who: string, gathered = api.system.gathered) {
    const enter = () => sql`select openward.enter_as('all')`
    return scopedDatabase(
      api.system.pool,
      { enter, key: who },
      { audit: (entry) => ({ ...entry, correlation_id: who }) },
      gathered,
    )
  }
  const add = (who: string, code: string) =>
    databaseOf(who).together(async (tx) => {
      tx.audit({ action: 'test.added', resource_type: 'department', details: { code } })
      tx.emit({
        type: 'test.added',
        subject_type: 'department',
        subject_id: '0198c0de-0000-7000-8000-000000000001',
        payload: { code },
      })
      return tx.first(insert(code))
    })
  const count = async (statement: ReturnType<typeof sql>) => (await api.rows(statement)).length

  it('are each kept once, with their own entry and event, in fewer transactions than there are writes', async () => {
    const rows = await Promise.all(
      Array.from({ length: 40 }, (_, index) => add(`writer-${index % 4}`, `kept-${index}`)),
    )
    assert.equal(new Set(rows.map((row) => row?.id)).size, 40)
    const transactions = await api.rows<{ recorded_xid: string; correlation_id: string; code: string }>(
      sql`select recorded_xid::text, correlation_id, details ->> 'code' as code from audit_logs where action = 'test.added'`,
    )
    assert.equal(transactions.length, 40)
    assert.ok(new Set(transactions.map(({ recorded_xid }) => recorded_xid)).size < 40)
    for (const { correlation_id, code } of transactions)
      assert.equal(correlation_id, `writer-${Number(code.slice(5)) % 4}`)
    assert.equal(
      await count(sql`select 1 from events where type = 'test.added' and payload ->> 'code' like 'kept-%'`),
      40,
    )
  })

  it('are refused alone where one breaks a promise of the database', async () => {
    await add('first', 'taken')
    const answers = await Promise.allSettled([add('a', 'free-1'), add('b', 'taken'), add('a', 'free-2')])
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal((answers[1] as PromiseRejectedResult).reason.code, '23505')
    assert.equal(await count(sql`select 1 from departments where code like 'free-%'`), 2)
    assert.equal(await count(sql`select 1 from audit_logs where correlation_id = 'b'`), 0)
    assert.equal(await count(sql`select 1 from audit_logs where correlation_id = 'a'`), 2)
  })

  it('that ask alike share a statement, and each is told its own row, or none', async () => {
    const sent: number[] = []
    const addAll = (codes: readonly string[]) => {
      sent.push(codes.length)
      return sql<{ at: number; code: string }>`
        with wanted as (select * from unnest(${codes}::text[]) with ordinality as w(code, at)),
             added as (insert into departments (name, code) select 'Ward', code from wanted order by at
                       on conflict do nothing returning code)
        select wanted.at::int, wanted.code from wanted join added using (code)`
    }
    await add('first', 'there')
    const rows = await Promise.all(
      ['shared-1', 'there', 'shared-2'].map((code, index) =>
        databaseOf(index === 2 ? 'other' : 'one').together((tx) => tx.among(addAll, code)),
      ),
    )
    assert.deepEqual(
      rows.map((row) => row?.code),
      ['shared-1', undefined, 'shared-2'],
    )
    assert.deepEqual(sent, [2, 1], 'never with those of another scope')
  })

  it('that ask alike are refused alone where one breaks a promise of the database', async () => {
    const addAll = (codes: readonly string[]) => sql<{ at: number; code: string }>`
      with added as (insert into departments (name, code) select 'Ward', * from unnest(${codes}::text[]) returning code)
      select w.at::int, w.code from unnest(${codes}::text[]) with ordinality as w(code, at) join added using (code)`
    await add('first', 'had')
    const answers = await Promise.allSettled(
      ['alike-1', 'had', 'alike-2'].map((code) => databaseOf('alike').together((tx) => tx.among(addAll, code))),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(await count(sql`select 1 from departments where code like 'alike-%'`), 2)
  })

  it('are told that nobody knows, when the answer to their commit was lost', async () => {
    const lost = {
      ...api.system.gathered,
      write: async () => ({ lost: new Error('Connection terminated unexpectedly') }),
    }
    await assert.rejects(
      databaseOf('lost', lost).together((tx) => tx.first(insert('lost'))),
      refusedWith(outcomeUnknown),
    )
    assert.equal(await count(sql`select 1 from departments where code = 'lost'`), 0)
  })

  it('are told so too when the database has ended the session that was to keep them', async () => {
    const ending = databaseOf('ended').together((tx) => tx.run(sql`select pg_terminate_backend(pg_backend_pid())`))
    await assert.rejects(ending, refusedWith(outcomeUnknown))
    assert.ok(await add('after', 'after-the-end'))
  })

  it('keep the order of their own statements', async () => {
    const codes = ['in-order-1', 'in-order-2']
    const added = await Promise.all(
      codes.map((code) =>
        databaseOf('ordered').together((tx) =>
          Promise.all([
            tx.first(insert(code)),
            tx.first(sql<{ id: string; name: string }>`
              update departments set name = 'Renamed' where code = ${code} returning id, name`),
          ]),
        ),
      ),
    )
    for (const [inserted, renamed] of added) assert.deepEqual(renamed, { id: inserted?.id, name: 'Renamed' })
    assert.equal(added.length, codes.length)
  })

  it('are refused while the database is away', async () => {
    const away = openPool({
      url: 'postgres://nobody@127.0.0.1:9/none',
      size: 1,
      name: 'test',
      on_error: () => undefined,
    })
    const scope = { enter: () => sql`select openward.enter_as('all')`, key: 'away' }
    const database = scopedDatabase(away, scope, { audit: (entry) => entry }, gather(away))
    const answers = await Promise.allSettled(
      [1, 2].map((n) => database.together((tx) => tx.first(insert(`away-${n}`)))),
    )
    for (const answer of answers) assert.ok(answer.status === 'rejected' && refusedWith(unavailable)(answer.reason))
    await away.end()
  })
})
