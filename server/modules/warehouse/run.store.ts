import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { RunQuery, WarehouseRun } from './warehouse.contract.ts'
import type { Manifest } from './manifest.ts'
import { exportWork } from './work.ts'

export type StoredRun = Omit<WarehouseRun, 'is_full' | 'tables' | 'tables_total' | 'pipeline'> & {
  pipeline_status: NonNullable<WarehouseRun['pipeline']>['status'] | null
  pipeline_run_id: string | null
  pipeline_failure: string | null
  pipeline_ended_at: string | null
  is_full_asked: boolean
  manifest: Manifest | null
  swept_at: string | null
}

const columns = sql`id, status, is_full_asked, number, generation, reason, as_of, tables_done, rows_written, manifest, manifest_sha256,
  failure, created_by, created_at, started_at, finished_at, swept_at,
  pipeline_status, pipeline_run_id, pipeline_failure, pipeline_ended_at`

/** A run whose process is gone, and whose job as well, stands in nobody's way. */
const silentMinutes = 5

export function failAbandoned(): Sql {
  return sql`
    update warehouse_runs r set status = 'failed', failure = 'server_died', finished_at = now()
     where r.status in ('waiting', 'running') and r.touched_at < now() - ${literal(silentMinutes)} * interval '1 minute'
       and not exists (select from pgboss.job_common j where j.name = ${exportWork.name} and j.singleton_key = r.id::text
                        and j.state in ('created', 'retry', 'active'))`
}

/** No row where one is open already. */
export function insertRun(id: string, is_full_asked: boolean, created_by: string | null): Sql<StoredRun> {
  return sql`
    insert into warehouse_runs (id, is_full_asked, created_by) values (${id}, ${is_full_asked}, ${created_by})
    on conflict ((true)) where status in ('waiting', 'running') do nothing returning ${columns}`
}

export function findRun(id: string): Sql<StoredRun> {
  return sql`select ${columns} from warehouse_runs where id = ${id}`
}

const filters = ({ status }: Pick<RunQuery, 'status'>) => [status === undefined ? undefined : sql`status = ${status}`]

export function listRuns(query: RunQuery, after: string | undefined): Sql<StoredRun> {
  const behind = after === undefined ? undefined : sql`id < ${after}`
  return sql`
    select ${columns} from warehouse_runs where ${all([behind, ...filters(query)])}
     order by id desc limit ${literal(query.limit)} offset ${skipped(after === undefined ? query.skip : 0)}`
}

export function countRuns(query: RunQuery): Sql<{ total: number }> {
  return sql`select count(*) as total from warehouse_runs where ${all(filters(query))}`
}

/** Numbered behind every attempt there was, and behind what lies there already. No row where it has ended. */
export function beginRun(id: string, newest_there: number): Sql<StoredRun> {
  return sql`
    update warehouse_runs set status = 'running', started_at = coalesce(started_at, now()), touched_at = now(), tables_done = 0, rows_written = 0,
           number = greatest(${newest_there}::integer, (select coalesce(max(number), 0) from warehouse_runs)) + 1
     where id = ${id} and status in ('waiting', 'running') returning ${columns}`
}

export function noteProgress(id: string, tables_done: number, rows: number): Sql {
  return sql`
    update warehouse_runs set tables_done = ${tables_done}, rows_written = rows_written + ${rows}, touched_at = now()
     where id = ${id} and status = 'running'`
}

/** Of what its manifest says, whoever reads it: also of a run that was thought to have failed. No row where it is known to have finished. */
export function finishRun(manifest: Manifest, sha256: string): Sql<{ id: string }> {
  const rows = Object.values(manifest.tables).reduce((sum, table) => sum + table.rows, 0)
  return sql`
    update warehouse_runs
       set status = 'finished', finished_at = now(), failure = null, number = ${manifest.run}, generation = ${manifest.generation},
           reason = ${manifest.reason}, as_of = ${manifest.as_of}, tables_done = ${literal(Object.keys(manifest.tables).length)},
           rows_written = ${rows}, manifest = ${JSON.stringify(manifest)}::jsonb, manifest_sha256 = ${sha256}
     where id = ${manifest.run_id} and status <> 'finished' returning id`
}

export function noteSwept(id: string): Sql {
  return sql`update warehouse_runs set swept_at = now() where id = ${id} and status = 'finished'`
}

export function failRun(id: string, failure: string): Sql {
  return sql`
    update warehouse_runs set status = 'failed', failure = ${failure}, finished_at = now()
     where id = ${id} and status in ('waiting', 'running')`
}

/** What the schedule goes by. */
export type Due = {
  hours_since: number | null
  erased_then: number | null
  erased_now: number
  is_swept: boolean
  last_id: string | null
}
export function findDue(): Sql<Due> {
  return sql`
    select (select (extract(epoch from now() - max(created_at)) / 3600)::float8 from warehouse_runs) as hours_since,
           (l.manifest -> 'source' ->> 'erased_records')::integer as erased_then,
           (select count(*)::integer from patients where erased_at is not null) as erased_now,
           l.id as last_id, l.id is null or l.swept_at is not null as is_swept
      from (select 1) as always
      left join lateral (select * from warehouse_runs where status = 'finished' order by number desc limit 1) as l on true`
}

/** Of the installation, whatever its database was restored to: the first key that it made. */
export function findWarehouseId(): Sql<{ warehouse_id: string }> {
  return sql`
    select left(encode(sha256(convert_to('openward/warehouse/' || id::text, 'UTF8')), 'hex'), 32) as warehouse_id
      from system_keys order by created_at, id limit 1`
}

export type StoredKey = { id: string; kek_id: string; wrapped: Buffer }
/** The key of pseudonyms; no other is of this purpose, and rotating the system's keys leaves it alone. */
export function findPseudonymKey(): Sql<StoredKey> {
  return sql`select id, kek_id, wrapped from system_keys where purpose = 'warehouse' and retired_at is null`
}
export function insertPseudonymKey({ id, kek_id, wrapped }: StoredKey): Sql {
  return sql`insert into system_keys (id, purpose, kek_id, wrapped) values (${id}, 'warehouse', ${kek_id}, ${wrapped}) on conflict do nothing`
}
export function retirePseudonymKey(): Sql {
  return sql`update system_keys set retired_at = now() where purpose = 'warehouse' and retired_at is null`
}
