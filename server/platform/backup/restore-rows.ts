// Fills an empty database of one's own from the rows of a backup, in one transaction: whatever stops it leaves the database empty.
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import copyStreams from 'pg-copy-streams'
import {
  assertVersion,
  ensureAppRole,
  markUnfinished,
  type Migration,
  migrateEmpty,
  migrationLock,
  readMigrations,
  unmarkUnfinished,
} from '#platform/database/migrate.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { readSequences } from './copy-rows.ts'
import { BackupFailed } from './failures.ts'
import { connectOwner } from './log.ts'
import { partName, type RowsManifest } from './repository.ts'
import { readSealed } from './sealed-file.ts'
import { compareDigests, digestTables, isOurs, listTables } from './table-digests.ts'

export type RowsRestore = {
  owner_url: string
  keyring: Keyring
  root: string
  manifest: RowsManifest
  /** Compare every row with what was backed up. */
  is_verified: boolean
  /** Puts right what means something in its own cluster only, once everything was compared. */
  settle: (client: pg.Client) => Promise<void>
  log: (line: string) => void
}

/**
 * Leaves the mark of an unfinished restore in the database, which keeps servers from it. Returns tables of the backup that no migration
 * makes, and which are left out. @throws BackupFailed
 */
export async function restoreRows(restore: RowsRestore): Promise<string[]> {
  const { owner_url, manifest, is_verified, settle, log } = restore
  const migrations = findMigrations(manifest)
  const client = await connectOwner(owner_url)
  try {
    // Roles belong to the cluster: one that is left behind is taken again.
    await ensureAppRole(client)
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
    await assertEmpty(client)
    await migrateEmpty(client, migrations)
    // What the catalogue tells of references is then true under any path.
    await client.query(`set local search_path = ''`)
    const tables = await listTables(client)
    const left_out = manifest.copied.flatMap(({ table }) => (tables.includes(table) ? [] : [table]))
    const guards = await takeDown(client)
    for (const table of tables) await client.query(`alter table ${table} disable trigger user`)
    await client.query(`truncate ${tables.join(', ')}`)
    log(`writing ${tables.length} tables`)
    await writeRows(client, restore, tables)
    await setSequences(client, manifest)
    if (is_verified) {
      log('comparing every row')
      await compareRows(client, manifest, tables, left_out)
    }
    await settle(client)
    log('checking what refers to what')
    await client.query('analyze')
    for (const { up } of guards) await client.query(up)
    for (const table of tables) await client.query(`alter table ${table} enable trigger user`)
    await markUnfinished(client)
    await client.query('commit')
    return left_out
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    // What it says of rights and names (class 42) quotes no row.
    const named = error.code?.startsWith('42') ? [error.message] : [error.table, error.constraint]
    throw new BackupFailed(
      `PostgreSQL refuses what the backup ${manifest.id} holds with ${error.code} (${named.filter(Boolean).join(', ')})`,
      { cause: error },
    )
  } finally {
    await client.end()
  }
}

/** What can be told before anything is written. @throws BackupFailed, MigrationError */
export async function assertRestorable(owner_url: string, manifest: RowsManifest): Promise<void> {
  findMigrations(manifest)
  const client = await connectOwner(owner_url)
  try {
    await assertVersion(client)
    await assertEmpty(client)
  } finally {
    await client.end()
  }
}

/** Lets servers begin on it. */
export async function unmarkRestored(owner_url: string): Promise<void> {
  const client = await connectOwner(owner_url)
  try {
    await unmarkUnfinished(client)
  } finally {
    await client.end()
  }
}

/** @throws BackupFailed where this program does not know one of them */
function findMigrations({ id, openward_version, migrations }: RowsManifest): Migration[] {
  const known = new Map(readMigrations().map((migration) => [migration.name, migration]))
  return migrations.map(({ name, checksum }) => {
    const migration = known.get(name)
    if (migration?.checksum === checksum) return migration
    throw new BackupFailed(
      `the backup ${id} has the migration ${name}, which this version of OpenWard does not have: restore it with version ${openward_version} or a later one`,
    )
  })
}

async function assertEmpty(client: pg.Client) {
  const { rows } = await client.query<{ name: string; things: number }>(`
    select current_database() as name,
           (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
             where c.relkind in ('r', 'p', 'S', 'v', 'm', 'f') and ${isOurs})::int
           + (select count(*) from pg_catalog.pg_namespace where nspname in ('openward', 'pgboss'))::int as things`)
  const { name = '', things = 0 } = rows[0] ?? {}
  if (things > 0)
    throw new BackupFailed(
      `the database ${name} is not empty: a restore goes into an empty one. Make one (\`createdb\`) and name it in DATABASE_URL; drop this one when nobody needs it`,
    )
}

/**
 * Takes down indexes and exclusions, which are made faster for all rows at once (1.4 million rows: 52 s instead of 90), and references, whose
 * triggers nobody but a superuser may switch off. Returns how each comes back, in this order.
 */
async function takeDown(client: pg.Client): Promise<{ up: string }[]> {
  const { rows } = await client.query<{ down: string; up: string }>(`
    with ours as (select c.oid, c.relispartition, format('%I.%I', n.nspname, c.relname) as name
                    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                   where c.relkind in ('r', 'p') and ${isOurs})
    select format('alter table %s drop constraint %I', o.name, f.conname) as down,
           format('alter table %s add constraint %I %s', o.name, f.conname, pg_get_constraintdef(f.oid)) as up,
           case f.contype when 'x' then 2 else 3 end as step
      from pg_catalog.pg_constraint f join ours o on o.oid = f.conrelid
     where f.contype in ('f', 'x') and f.conparentid = 0
    union all
    select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), 1
      from pg_catalog.pg_index i join ours o on o.oid = i.indrelid join pg_catalog.pg_class c on c.oid = i.indexrelid
     where c.relkind = 'i' and not o.relispartition
       and not exists (select from pg_catalog.pg_constraint where conindid = i.indexrelid and contype in ('p', 'u', 'x'))
     order by step`)
  // References first: some need an index.
  for (const { down } of rows.toReversed()) await client.query(down)
  return rows
}

async function writeRows(client: pg.Client, { keyring, root, manifest }: RowsRestore, tables: readonly string[]) {
  const { id, copied } = manifest
  for (const [number, { table, columns }] of copied.entries()) {
    if (!tables.includes(table)) continue
    const writing = client.query(copyStreams.from(`copy ${table} (${columns.join(', ')}) from stdin (format binary)`))
    await pipeline(readSealed(keyring, { root, name: partName(id, `rows/${number}`) }), writing)
    const expected = manifest.tables[table]?.rows
    if (writing.rowCount !== expected)
      throw new BackupFailed(`the backup ${id} holds ${writing.rowCount} rows of ${table}, and should hold ${expected}`)
  }
}

async function setSequences(client: pg.Client, { sequences }: RowsManifest) {
  for (const name of Object.keys(await readSequences(client))) {
    const last = sequences[name]
    await client.query(last ? `select setval('${name}', ${last})` : `alter sequence ${name} restart`)
  }
}

async function compareRows(
  client: pg.Client,
  { tables: expected }: RowsManifest,
  tables: readonly string[],
  leftOut: readonly string[],
) {
  const found = await digestTables(client, tables)
  const differences = compareDigests(
    Object.fromEntries(Object.entries(expected).filter(([table]) => !leftOut.includes(table))),
    found,
  )
  if (differences.length > 0)
    throw new BackupFailed(`the restored database is not what was backed up: ${differences.join('; ')}`)
}
