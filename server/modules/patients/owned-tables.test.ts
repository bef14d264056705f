import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { ownedTables } from './owned-tables.ts'

let api: TestApi
before(async () => {
  api = await startTestApi()
})
after(async () => api[Symbol.asyncDispose]())

/** Names a patient without being their data: a user's page shows it. */
const names = (list: readonly { table: string; patient: string }[]) =>
  list.map(({ table, patient }) => `${table}.${patient}`).sort()

it('every column of the database that names a patient is declared, and none that is gone', async (t) => {
  const found = await api.rows(sql<{ table: string; patient: string }>`
    select c.table_name as table, c.column_name as patient
      from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where t.table_schema in ('public', 'openward') and t.table_type = 'BASE TABLE' and c.column_name = 'patient_id'
    union
    select k.conrelid::regclass::text, a.attname
      from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
     where k.contype = 'f' and k.confrelid = 'patients'::regclass`)
  t.diagnostic(`${found.length} columns looked at`)
  assert.ok(found.length > 10)
  assert.deepEqual(names(ownedTables), names(found))
})

it('declares columns that exist', async () => {
  const columns = await api.rows(
    sql<{
      name: string
    }>`select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public'`,
  )
  const known = new Set(columns.map(({ name }) => name))
  const declared = ownedTables.flatMap((owned) =>
    [
      owned.id,
      owned.activity,
      owned.single,
      owned.versioned && 'version',
      owned.sealed && 'key_id',
      owned.follows?.column,
      ...(owned.unique_with ?? []),
      ...(owned.sealed ?? []),
    ]
      .filter((column) => typeof column === 'string')
      .map((column) => `${owned.table}.${column}`),
  )
  assert.ok(declared.length > 30)
  assert.deepEqual(
    declared.filter((name) => !known.has(name)),
    [],
  )
})

it('declares every sealed column of a table that moves or follows', async () => {
  const found = await api.rows(sql<{ name: string }>`
    select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and column_name like 'sealed\_%' order by 1`)
  const moving = new Set(
    ownedTables.filter(({ merge }) => merge === 'moves' || merge === 'follows').map(({ table }) => table),
  )
  assert.deepEqual(
    ownedTables.flatMap(({ table, sealed = [] }) => sealed.map((column) => `${table}.${column}`)).sort(),
    found.map(({ name }) => name).filter((name) => moving.has(name.split('.', 1)[0] ?? '')),
  )
})
