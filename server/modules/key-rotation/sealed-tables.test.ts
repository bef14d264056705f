import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { keptSealed, patientSealedTables, userSealedTable } from './sealed-tables.ts'

describe('the list of sealed columns', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())
  const declared = [
    ...[...patientSealedTables, userSealedTable].flatMap(({ table, columns }) =>
      columns.map((name) => `${table}.${name}`),
    ),
    ...Object.keys(keptSealed),
  ]

  it('is that of the migrated database: each column is sealed anew, or kept for a reason', async (t) => {
    const columns = await api.rows(sql<{ name: string }>`
      select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and column_name like 'sealed\\_%' and data_type = 'bytea' order by 1`)
    t.diagnostic(`${columns.length} sealed columns`)
    assert.ok(columns.length >= 15)
    assert.deepEqual(declared.toSorted(), columns.map(({ name }) => name).toSorted())
  })

  it('names keys and patients by columns that are there', async () => {
    for (const { table, row_id, key, patient } of patientSealedTables) {
      const [found] = await api.rows(sql<{ count: number }>`
        select count(*)::int as count from information_schema.columns
         where table_schema = 'public' and table_name = ${table} and column_name in (${row_id}, ${key}, ${patient})`)
      assert.equal(found?.count, new Set([row_id, key, patient]).size, table)
    }
  })

  it('leaves no sealed value in a column of another name', async () => {
    const other = await api.rows(sql<{ name: string }>`
      select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and data_type = 'bytea' and column_name not like 'sealed\\_%' order by 1`)
    const known = /_hash$|\.(token|wrapped|signature|frontier)$/
    assert.deepEqual(
      other.map(({ name }) => name).filter((name) => !known.test(name)),
      [],
    )
  })
})

describe('search tokens', () => {
  it('are of values that are unique or hard to guess, in every table that holds some', async () => {
    await using api = await startTestApi()
    const tables = await api.rows(sql<{ name: string; kinds: string | null }>`
      select c.table_name as name,
             (select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
               where k.conrelid = c.table_name::regclass and k.contype = 'c' and pg_get_constraintdef(k.oid) like '%kind%') as kinds
        from information_schema.columns c where c.table_schema = 'public' and c.column_name = 'key_version' order by 1`)
    assert.deepEqual(
      tables.map(({ name, kinds }) => [name, [...(kinds ?? '').matchAll(/'(\w+)'/g)].map(([, kind]) => kind)]),
      [
        ['insurance_tokens', []],
        ['patient_tokens', ['ssn', 'national_id', 'phone', 'email', 'name_birth_date']],
        ['user_tokens', ['email', 'username']],
      ],
    )
  })
})
