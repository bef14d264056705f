// BR-06, BR-07 and rows 11, 32 and 38: migrations that are killed at any step, that meet a lock, and that come while servers serve.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { databasePassword } from '../../server/system.ts'
import { migrate, type Migration, readMigrations } from '#platform/database/migrate.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import pg from 'pg'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { freePort, type ServerProcess, spawnServer, until, untilReady } from '../processes.ts'
import { killPostgres, killServer, untilReplaced } from './nemesis.ts'
import { type Moment, startProxy } from './proxy.ts'

let cluster: Cluster
let server: ServerProcess
let caller: Caller
before(async () => {
  cluster = await startCluster()
  server = await cluster.serve()
  caller = await signIn(server.port)
})
after(() => cluster?.stop())

async function queryOn<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

/** Everything that migrations make, as text, and which of them are noted. */
async function schemaOf(url: string): Promise<unknown[]> {
  return queryOn(
    url,
    `select 'column' as kind, table_name || '.' || column_name as name, data_type || is_nullable || coalesce(column_default, '') as is
       from information_schema.columns where table_schema in ('public', 'openward')
     union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
      where connamespace in ('public'::regnamespace, 'openward'::regnamespace)
     union all select 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
      where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
     union all select 'policy', tablename || '.' || policyname, coalesce(qual, '') || coalesce(with_check, '') from pg_policies
     union all select 'function', oid::regprocedure::text, md5(prosrc) from pg_proc where pronamespace = 'openward'::regnamespace
     union all select 'right', table_name || '.' || grantee, privilege_type from information_schema.role_table_grants where table_schema = 'public'
     union all select 'migration', name, checksum from schema_migrations order by 1, 2, 3`,
  )
}

async function countNoted(url: string): Promise<number> {
  const [table] = await queryOn<{ name: string | null }>(url, `select to_regclass('schema_migrations')::text as name`)
  if (!table?.name) return 0
  return (await queryOn(url, 'select from schema_migrations')).length
}

type Strike = 'server' | 'postmaster' | 'all_of_postgres'
type Step = { at?: number; moment: Moment; strike: Strike; is_noted: boolean }
/** With `at`, when that part of all has been done, as the migration is noted; without, at the next commit of one. */
const steps: Step[] = [
  { at: 0, moment: 'before', strike: 'server', is_noted: false },
  { moment: 'after', strike: 'all_of_postgres', is_noted: true },
  { moment: 'before', strike: 'all_of_postgres', is_noted: false },
  { at: 0.5, moment: 'after', strike: 'postmaster', is_noted: false },
  { moment: 'after', strike: 'server', is_noted: true },
  { at: 1, moment: 'before', strike: 'server', is_noted: false },
]
const note = 'insert into schema_migrations'
/** The proxy reads bytes. */
const asBytes = (text: string) => Buffer.from(text).toString('latin1')

test('a server or a PostgreSQL that is killed in the middle of migrations leaves each done or undone, and the next start does the rest', async () => {
  const name = `killed_${randomUUID().slice(0, 8)}`
  await cluster.rows(`create database ${name}`)
  const url = new URL(cluster.url)
  url.pathname = name
  const proxy = await startProxy(cluster.url)
  const data_directory = join(cluster.directory, name)
  mkdirSync(data_directory)
  const start = async (database_url: string) =>
    spawnServer({
      data_directory,
      port: await freePort(),
      environment: { ...cluster.environment, DATABASE_URL: database_url },
    })
  const all = readMigrations()
  try {
    for (const { at, moment, strike, is_noted } of steps) {
      const next = await countNoted(url.href)
      const migration = all[at === undefined ? next : Math.round(at * (all.length - 1))]
      assert.ok(migration)
      const holding =
        at === undefined ? proxy.holdAt(moment, 'commit', note) : proxy.holdAt(moment, note, asBytes(migration.text))
      const starting = await start(proxy.urlOf(url.href))
      let is_held = false
      void holding.then(() => (is_held = true))
      await until(`it is held in ${migration.name}`, () => is_held || starting.hasEnded(), 60_000)
      assert.ok(is_held, starting.output().slice(-800))
      const noted = async () =>
        (await queryOn(url.href, `select from schema_migrations where name = '${migration.name}'`)).length === 1
      // PostgreSQL commits a moment after it was sent the statement, whose answer is held.
      if (is_noted) await until('the migration is noted', noted)
      const postmaster = cluster.postmaster()
      if (strike !== 'server') killPostgres(cluster.directory, strike)
      if (strike === 'server') await killServer(starting)
      else {
        proxy.reset()
        const { code } = await starting.ended
        assert.notEqual(code, 0, 'a server whose migration broke off does not serve')
        await untilReplaced(cluster.directory, postmaster)
      }
      proxy.reset()
      await until(
        'PostgreSQL takes connections',
        () =>
          noted().then(
            () => true,
            () => false,
          ),
        60_000,
      )
      assert.equal(await noted(), is_noted, `${migration.name}, ${strike}, ${moment}`)
    }
    const server_of_it = await start(url.href)
    try {
      await untilReady(server_of_it)
    } finally {
      await killServer(server_of_it)
    }
    assert.deepEqual(await schemaOf(url.href), await schemaOf(cluster.url))
  } finally {
    await proxy.close()
    await until('the database is gone', () =>
      cluster.rows(`drop database ${name} with (force)`).then(
        () => true,
        () => false,
      ),
    )
  }
})

/** As the next version's server does it when it starts, with migrations of its own after those of this one. */
const migrateTo = (...own: Migration[]) =>
  migrate({
    owner_url: cluster.url,
    app_password: databasePassword(parseMasterKeys(cluster.environment.OPENWARD_MASTER_KEY)),
    migrations: [...readMigrations(), ...own],
  })
const migrationOf = (name: string, text: string): Migration => ({ name, text, checksum: name })
/** What a migration may add while servers of the version before serve. */
const column = migrationOf('9001_column', 'alter table patients add column of_the_next_version text')

test('a migration that meets a long transaction gives way again and again, holds nobody up for long, and is done when that has ended', async (t) => {
  const { id } = expectStatus(201, await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })) as {
    id: string
  }
  const holder = await cluster.owner.connect()
  let stopped = false
  const asked: { status: number; took_ms: number }[] = []
  const load = Promise.all(
    Array.from({ length: 4 }, async (_, at) => {
      while (!stopped) {
        const began_at = performance.now()
        const answer =
          at % 2
            ? await caller.ask('GET', `/api/v1/patients/${id}`)
            : await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
        asked.push({ status: answer.status, took_ms: performance.now() - began_at })
      }
    }),
  )
  try {
    await holder.query('begin')
    await holder.query('select from patients limit 1')
    let attempts = 0
    let was_waiting = false
    const migrating = migrateTo(column)
    // Each attempt is another transaction that waits for the lock and then no longer does.
    await until(
      'it has given way three times',
      async () => {
        const waiting =
          (
            await cluster.rows(
              `select from pg_locks where relation = 'patients'::regclass and not granted and mode = 'AccessExclusiveLock'`,
            )
          ).length > 0
        if (was_waiting && !waiting) attempts += 1
        was_waiting = waiting
        return attempts >= 3
      },
      60_000,
    )
    const had = asked.length
    await until('requests go on', () => asked.length > had + 20, 60_000)
    await holder.query('commit')
    assert.deepEqual(await migrating, [column.name])
    const then = asked.length
    await until('requests go on with the new column', () => asked.length > then + 20, 60_000)
  } finally {
    stopped = true
    await holder.query('rollback')
    holder.release()
    await load
  }
  assert.deepEqual(new Set(asked.map(({ status }) => status)), new Set([200, 201]))
  const longest_ms = Math.max(...asked.map(({ took_ms }) => took_ms))
  t.diagnostic(`${asked.length} requests, the longest took ${Math.round(longest_ms)} ms`)
  // A migration is in the way for a second at a time; what a busy machine adds is not its own.
  assert.ok(longest_ms < 5000, `${longest_ms} ms`)
  assertStatus(await caller.ask('GET', `/api/v1/patients/${id}`), 200)
})
