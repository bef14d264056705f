// Every statement about findings.
import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Finding, FindingKind, FindingQuery, FindingVerdict } from './finding.contract.ts'

export type FindingRow = Omit<Finding, 'user_name' | 'remark'> & {
  profile_key_id: string
  sealed_profile: Buffer
  key_id: string | null
  sealed_remark: Buffer | null
}

const columns = sql`f.id, f.kind, f.user_id, u.key_id as profile_key_id, u.sealed_profile, f.patient_id, p.patient_number, f.emergency_access_id,
                    f.night_of, f.first_at, f.last_at, f.entries, f.records, f.raised_at, f.closed_at, f.closed_by, f.verdict, f.key_id, f.sealed_remark`
const source = sql`activity_findings f join users u on u.id = f.user_id left join patients p on p.id = f.patient_id`

function matching({ closed, kind, user_id, patient_id }: FindingQuery): Sql {
  return all([
    closed === undefined ? undefined : closed ? sql`f.closed_at is not null` : sql`f.closed_at is null`,
    kind === undefined ? undefined : sql`f.kind = ${kind}`,
    user_id === undefined ? undefined : sql`f.user_id = ${user_id}`,
    patient_id === undefined ? undefined : sql`f.patient_id = any(openward.records_of(${patient_id}))`,
  ])
}

/** One more than the page, which tells whether there is another. */
export function findFindings(query: FindingQuery, before: string | undefined): Sql<FindingRow> {
  const where = all([matching(query), before === undefined ? undefined : sql`f.id < ${before}`])
  return sql`
    select ${columns} from ${source} where ${where}
     order by f.id desc limit ${literal(query.limit + 1)} offset ${skipped(before ? 0 : query.skip)}`
}

export function countFindings(query: FindingQuery): Sql<{ total: number }> {
  return countOf(sql`activity_findings f where ${matching(query)}`)
}

export function findFinding(id: string): Sql<FindingRow> {
  return sql`select ${columns} from ${source} where f.id = ${id}`
}

type Closing = { id: string; closed_by: string; verdict: FindingVerdict; key_id: string; sealed_remark: Buffer }

/** Nothing when it is closed already. */
export function updateClosed({ id, closed_by, verdict, key_id, sealed_remark }: Closing): Sql {
  return sql`
    update activity_findings
       set closed_at = now(), closed_by = ${closed_by}, verdict = ${verdict}, key_id = ${key_id}, sealed_remark = ${sealed_remark}
     where id = ${id} and closed_at is null`
}

export type Raised = { id: string; kind: FindingKind; user_id: string; is_new: boolean }

export type Observation = {
  kind: FindingKind
  user_id: string
  patient_id?: string
  emergency_access_id?: string
  night_of?: string
  first_at: string
  last_at: string
  entries: number
  records?: number
}

/**
 * New findings, and what is added to open ones. `recounted`: the observation is of all that the finding stands for so far, and not
 * of what came since.
 */
export function upsertFindings(observed: readonly Observation[], recounted: boolean): Sql<Raised> {
  const column = <T>(pick: (one: Observation) => T | undefined) => observed.map((one) => pick(one) ?? null)
  return sql`
    insert into activity_findings as f
      (kind, user_id, patient_id, emergency_access_id, night_of, first_at, last_at, entries, records)
    select * from unnest(
      ${column(({ kind }) => kind)}::text[], ${column(({ user_id }) => user_id)}::uuid[],
      ${column(({ patient_id }) => patient_id)}::uuid[], ${column(({ emergency_access_id }) => emergency_access_id)}::uuid[],
      ${column(({ night_of }) => night_of)}::date[], ${column(({ first_at }) => first_at)}::timestamptz[],
      ${column(({ last_at }) => last_at)}::timestamptz[], ${column(({ entries }) => entries)}::int[],
      ${column(({ records }) => records)}::int[])
    on conflict (kind, user_id, patient_id, emergency_access_id, night_of) where closed_at is null
    do update set first_at = least(f.first_at, excluded.first_at), last_at = greatest(f.last_at, excluded.last_at),
                  entries = case when ${recounted}::boolean then greatest(f.entries, excluded.entries) else f.entries + excluded.entries end,
                  records = greatest(f.records, excluded.records)
    returning f.id, f.kind, f.user_id, xmax = 0 as is_new`
}
