// Forward-only migrations. Any number of servers may start at once: an advisory lock lets one of them work.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { certain } from '#platform/certain.ts'
import { isDatabaseError } from './connection.ts'
import { isRepeatable } from './repeating.ts'

const directory = new URL('../../migrations/', import.meta.url)
/** Any number, as long as all versions of OpenWard use the same. */
export const migrationLock = 7_203_441_001

export class MigrationError extends Error {}

export type Migration = { name: string; text: string; checksum: string }

export function readMigrations(): Migration[] {
  return readdirSync(directory)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, directory), 'utf8')
      return { name: name.replace(/\.sql$/, ''), text, checksum: createHash('sha256').update(text).digest('hex') }
    })
}

export type MigrateOptions = {
  owner_url: string
  app_password: string
  log?: (line: string) => void
  migrations?: Migration[]
  /** Looks at the database before anything in it is changed; what it throws stops the migration. */
  inspect?: (client: pg.Client) => Promise<void>
  /** By whoever makes the database from a backup at this moment. */
  is_restoring?: boolean
}

/**
 * Brings the database to this version and returns the names of the migrations applied.
 * @throws MigrationError when the server is too old, or a migration that was applied has been edited since
 */
export async function migrate({
  owner_url,
  app_password,
  log,
  migrations = readMigrations(),
  inspect,
  is_restoring = false,
}: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({
    connectionString: owner_url,
    connectionTimeoutMillis: 5000,
    application_name: 'openward migrate',
  })
  client.on('error', () => log?.('the connection broke during the migration'))
  await client.connect()
  try {
    await assertVersion(client)
    await takeTurn(client)
    if (!is_restoring) await refuseUnfinished(client)
    await inspect?.(client)
    await ensureAppRole(client, app_password)
    await client.query(migrationsTable)
    const applied = new Map(
      (await client.query<{ name: string; checksum: string }>('select name, checksum from schema_migrations')).rows.map(
        ({ name, checksum }) => [name, checksum],
      ),
    )
    const done: string[] = []
    for (const migration of migrations) {
      const known = applied.get(migration.name)
      if (known === undefined) {
        await (buildsBesideWriters(migration)
          ? applyBesideWriters(client, migration)
          : applyWithRetry(client, migration))
        log?.(`migrated to ${migration.name}`)
        done.push(migration.name)
      } else if (known !== migration.checksum) {
        throw new MigrationError(
          `migration ${migration.name} was edited after it was applied: restore the file that was released`,
        )
      }
    }
    return done
  } finally {
    await client.end()
  }
}

const migrationsTable = `create table if not exists schema_migrations
  (name text primary key, checksum text not null, applied_at timestamptz not null default now())`

/** @throws MigrationError */
export async function assertVersion(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  )
  if (certain(rows[0], 'version of PostgreSQL').version < 180_000)
    throw new MigrationError('OpenWard needs PostgreSQL 18 or later: point DATABASE_URL to one')
}

/** Within the caller's transaction, on an empty database: these migrations, in this order. */
export async function migrateEmpty(client: pg.ClientBase, migrations: readonly Migration[]): Promise<void> {
  await client.query(migrationsTable)
  for (const migration of migrations) {
    // Nobody writes yet, and a transaction allows no other.
    const text = buildsBesideWriters(migration) ? migration.text.replaceAll(' concurrently', '') : migration.text
    await apply(client, { ...migration, text })
  }
}

/** Until this session alone migrates. Asks again and again: whoever waited in the database would be waited for by an index that is built beside writers. */
export async function takeTurn(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ is_ours: boolean }>('select pg_try_advisory_lock($1) as is_ours', [
      migrationLock,
    ])
    if (rows[0]?.is_ours) return
    await wait(100)
  }
}

/**
 * A migration that begins so holds nothing but statements that each stand alone, as `create index concurrently` must, and that may be run
 * again after any of them: an index that was not finished is there, is of no use, and is dropped first.
 */
const besideWriters = /^-- Beside writers[.:]/
const buildsBesideWriters = ({ text }: Migration) => besideWriters.test(text)

async function applyBesideWriters(client: pg.Client, { name, text, checksum }: Migration) {
  const statements = text.split(/;\s*$/m).filter((statement) => /^[^-\s]/m.test(statement))
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const statement of statements) await client.query(statement)
      await note(client, name, checksum)
      return
    } catch (error) {
      if (!isRepeatable(error) || attempt >= 60) throw error
      await wait(500)
    }
  }
}

const note = (client: pg.ClientBase, name: string, checksum: string) =>
  client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [name, checksum])

async function apply(client: pg.ClientBase, { name, text, checksum }: Migration) {
  await client.query(text)
  await note(client, name, checksum)
}

/** While it stands, no server begins: rows are there, and what makes an installation of them is not all done. */
export async function markUnfinished(client: pg.ClientBase): Promise<void> {
  await client.query('create table openward.unfinished_restore (begun_at timestamptz not null)')
}

export async function unmarkUnfinished(client: pg.ClientBase): Promise<void> {
  await client.query('drop table openward.unfinished_restore')
}

/** @throws MigrationError */
export async function refuseUnfinished(client: pg.ClientBase) {
  const { rowCount } = await client.query(
    `select from pg_tables where schemaname = 'openward' and tablename = 'unfinished_restore'`,
  )
  if (rowCount !== 0)
    throw new MigrationError(
      'a restore into this database was cut off before it was done: drop the database, make it anew, and run `openward restore` again',
    )
}

/** A migration waits for locks one second at a time, so that requests behind it are not held up, and tries again. */
async function applyWithRetry(client: pg.Client, migration: Migration) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query('begin')
      await client.query(`set local lock_timeout = '1s'`)
      await apply(client, migration)
      await client.query('commit')
      return
    } catch (error) {
      await client.query('rollback')
      const is_held_up = isRepeatable(error) || (isDatabaseError(error) && error.code === '55P03')
      if (!is_held_up || attempt >= 60) throw error
      await wait(500)
    }
  }
}

/** What the migrations grant to. Roles belong to the cluster: each database has a member of this one, which signs in for it alone. */
const granted_role = 'openward_app'
const rights = 'nosuperuser nocreatedb nocreaterole nobypassrls'

/**
 * The role that serves requests of this database: it signs in, owns nothing and cannot pass row-level security by.
 * Sets its password where one is given.
 * @throws MigrationError when the owner of the database may not make it
 */
export async function ensureAppRole(client: pg.ClientBase, password?: string): Promise<void> {
  const { rows } = await client.query<{ name: string; literal: string | null }>(
    'select current_database() as name, quote_literal($1) as literal',
    [password],
  )
  const { name, literal } = certain(rows[0], 'name of the database')
  const role = appRole(name)
  try {
    await ensureRole(client, granted_role, `nologin noinherit ${rights}`)
    // It signed in itself once, with a password that no rotation of keys would change any more.
    const { rowCount } = await client.query('select from pg_roles where rolname = $1 and rolcanlogin', [granted_role])
    if (rowCount !== 0) await client.query(`alter role ${granted_role} nologin password null`)
    await ensureRole(client, role, `login inherit ${rights} in role ${granted_role}`)
    if (literal !== null) await client.query(`alter role ${pg.escapeIdentifier(role)} password ${literal}`)
  } catch (error) {
    // Another process sets it at this moment, to the same.
    if (isDatabaseError(error) && error.code === 'XX000') return
    if (!isDatabaseError(error) || error.code !== '42501') throw error
    throw new MigrationError(
      `${error.message}: the user of DATABASE_URL must be allowed to create roles, and where another OpenWard came to this PostgreSQL first, a superuser runs "grant ${granted_role} to" that user "with admin option"`,
    )
  }
}

async function ensureRole(client: pg.ClientBase, name: string, options: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name])
  if (rowCount !== 0) return
  await client.query(`create role ${pg.escapeIdentifier(name)} ${options}`).catch((error: unknown) => {
    // Another database's migration made it at this moment.
    if (!isDatabaseError(error) || !['42710', '23505'].includes(error.code)) throw error
  })
}

/** The role that signs in to a database of this name. PostgreSQL's names have at most 63 bytes. */
export function appRole(database: string): string {
  const name = `${granted_role}_${database}`
  if (Buffer.byteLength(name) <= 63) return name
  const hash = createHash('sha256').update(database).digest('hex').slice(0, 32)
  return `${granted_role}_${hash}`
}

/** The same database as the role that serves requests. */
export function appUrl(owner_url: string, app_password: string): string {
  const url = new URL(owner_url)
  // Without a name, the database is that of the user.
  const database = decodeURIComponent(url.pathname.slice(1) || url.username)
  if (url.pathname.length < 2) url.pathname = `/${encodeURIComponent(database)}`
  url.username = encodeURIComponent(appRole(database))
  url.password = encodeURIComponent(app_password)
  return url.href
}
