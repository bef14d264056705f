// What every table holds, in a few digits each: every row takes part, in whatever order it lies.
import type pg from 'pg'

export type TableDigest = { rows: number; digest: string }
export type TableDigests = Record<string, TableDigest>

/** Settings that decide how a value reads as text. */
const asText = `
  set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0;
  set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set extra_float_digits = 1;
  set search_path = ''`

/** Holds for what migrations make, in a query of a class `c` in a namespace `n`; an operator's extensions may have tables beside it. */
export const isOurs = `n.nspname in ('public', 'openward', 'pgboss')
       and not exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`

/** Every table that is kept through a crash. */
export async function listTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence = 'p' and ${isOurs}
     order by 1`)
  return rows.map(({ name }) => name)
}

/** As the transaction of this client sees them. */
export async function digestTables(client: pg.Client, tables: readonly string[]): Promise<TableDigests> {
  await client.query(asText)
  const digests: TableDigests = {}
  for (const table of tables) {
    const { rows } = await client.query<{ rows: string; digest: string }>(`
      select count(*) as rows,
             coalesce(sum(pg_catalog.hashtextextended(whole_row::text, 0)::numeric), 0) || ':' ||
             coalesce(sum(pg_catalog.hashtextextended(whole_row::text, 1)::numeric), 0) as digest
        from ${table} as whole_row`)
    digests[table] = { rows: Number(rows[0]?.rows), digest: rows[0]?.digest ?? '' }
  }
  return digests
}

/** A sentence for each table that differs. */
export function compareDigests(expected: TableDigests, found: TableDigests): string[] {
  const differences: string[] = []
  for (const table of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const [before, after] = [expected[table], found[table]]
    if (!after) differences.push(`${table} is not there`)
    else if (!before) differences.push(`${table} was not there`)
    else if (before.rows !== after.rows) differences.push(`${table} has ${after.rows} rows, and had ${before.rows}`)
    else if (before.digest !== after.digest) differences.push(`${table} has other values than it had`)
  }
  return differences
}
