// A database of one's own in a backup: the rows of every table as they were at one moment, each table a sealed file of its own. It asks
// for no more than the owner of the tables may: managed PostgreSQL gives neither its files nor its log.
import pg from 'pg'
import copyStreams from 'pg-copy-streams'
import { BackupFailed } from './failures.ts'
import type { Copying } from './make.ts'
import type { RowsManifest } from './repository.ts'
import { digestTables, isOurs, listTables } from './table-digests.ts'

export async function copyRows({ client, write, log }: Pick<Copying, 'client' | 'write' | 'log'>) {
  try {
    const { taken_at, tables } = await enterMoment(client)
    const copied = await listColumns(client, tables)
    log(`copying ${tables.length} tables`)
    let bytes = 0
    for (const [number, { table, columns }] of copied.entries()) {
      const rows = client.query(copyStreams.to(`copy ${table} (${columns.join(', ')}) to stdout (format binary)`))
      bytes += (await write(`rows/${number}`, rows)).bytes
    }
    const [migrations, sequences] = [await readMigrationsOf(client), await readSequences(client)]
    log('reading what every table holds')
    const digests = await digestTables(client, tables)
    await client.query('rollback')
    return { content: { taken_at, tables: digests, copied, migrations, sequences }, bytes }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error
    throw new BackupFailed(`${error.message}: DATABASE_URL must name the owner of the database`, { cause: error })
  }
}

/** Migrations wait from here on, and nobody else. */
async function enterMoment(client: pg.Client): Promise<{ taken_at: string; tables: string[] }> {
  const tables = await listTables(client)
  if (!tables.includes('public.schema_migrations'))
    throw new BackupFailed('the database of DATABASE_URL holds no OpenWard: nothing to back up')
  // Rows that a policy hides are an error then, and not left out.
  await client.query('begin isolation level repeatable read read only; set local row_security = off')
  await client.query(`lock table ${tables.join(', ')} in access share mode`)
  const { rows } = await client.query<{ taken_at: string }>(
    `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as taken_at`,
  )
  if ((await listTables(client)).join() !== tables.join())
    throw new BackupFailed('the database is being migrated: try again when that is done')
  return { taken_at: rows[0]?.taken_at ?? '', tables }
}

async function listColumns(client: pg.Client, tables: readonly string[]): Promise<RowsManifest['copied']> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(
    `select t.name as table, array_agg(quote_ident(a.attname) order by a.attnum) as columns
       from unnest($1::text[]) with ordinality as t (name, place)
       join pg_catalog.pg_attribute a on a.attrelid = t.name::regclass
      where a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      group by t.name, t.place order by t.place`,
    [tables],
  )
  return rows
}

async function readMigrationsOf(client: pg.Client): Promise<RowsManifest['migrations']> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from public.schema_migrations order by applied_at, name',
  )
  return rows
}

/** They follow no snapshot: read after it was taken, none is behind a row that it sees. */
export async function readSequences(client: pg.Client): Promise<RowsManifest['sequences']> {
  const { rows } = await client.query<{ name: string; last: string | null }>(`
    select format('%I.%I', n.nspname, c.relname) as name, pg_sequence_last_value(c.oid)::text as last
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'S' and ${isOurs} order by 1`)
  return Object.fromEntries(rows.map(({ name, last }) => [name, last]))
}
