import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { AssessmentKind, AssessmentStatus } from './assessment-record.contract.ts'
import type { SealedVersion, StoredKey } from './assessment.sealing.ts'

export type VisitOfAssessment = {
  id: string
  patient_id: string
  department_id: string
  doctor_user_id: string | null
  is_open: boolean
}
/** Locked, so that it does not end while something is begun in it. */
export function lockVisit(id: string): Sql<VisitOfAssessment> {
  return sql`
    select v.id, v.patient_id, v.department_id, v.is_open, (select user_id from doctors where id = v.doctor_id) as doctor_user_id
      from visits v where v.id = ${id} for update of v`
}

export function findVisitPatient(id: string): Sql<{ patient_id: string }> {
  return sql`select patient_id from visits where id = ${id}`
}

export type StoredAssessment = StoredKey & {
  id: string
  visit_id: string
  patient_id: string
  kind: AssessmentKind
  status: AssessmentStatus
  author_id: string
  sealed_draft: Buffer | null
  current_number: number
  taken_at: string
  created_at: string
  updated_at: string
  finalized_at: string | null
  version: number
  reason: 'early_warning' | 'critical_result' | null
  raised_at: string
  addressed_to: string | null
  level: number
  acknowledged_at: string | null
  acknowledged_by: string | null
  seconds_to_acknowledge: number | null
  alert_id: string | null
  sealed_action: Buffer | null
  action_key_id: string | null
  action_kek_id: string | null
  action_wrapped: Buffer | null
}

const columns = sql`
  a.id, a.visit_id, a.patient_id, a.kind, a.status, a.author_id, a.key_id, k.kek_id, k.wrapped, a.sealed_draft, a.current_number, a.taken_at,
  a.created_at, a.updated_at, a.finalized_at, a.version, l.reason, l.raised_at, l.addressed_to, l.level, l.acknowledged_at,
  l.acknowledged_by, extract(epoch from l.acknowledged_at - l.raised_at)::int as seconds_to_acknowledge, l.id as alert_id,
  l.sealed_action, l.key_id as action_key_id, m.kek_id as action_kek_id, m.wrapped as action_wrapped`
const joined = sql`
  assessments a join patient_keys k on k.id = a.key_id left join assessment_alerts l on l.assessment_id = a.id
    left join patient_keys m on m.id = l.key_id`
/** A draft is its author's alone; a patient sees what is final. */
const visible = (is_patient: boolean) =>
  is_patient
    ? sql`a.status in ('final', 'amended')`
    : sql`(a.current_number > 0 or a.author_id = (select openward.setting('user_id'))::uuid)`

export function findAssessment(id: string, is_patient: boolean): Sql<StoredAssessment> {
  return sql`select ${columns} from ${joined} where a.id = ${id} and ${visible(is_patient)}`
}

export function lockAssessment(id: string): Sql {
  return sql`select from assessments where id = ${id} for update`
}

/** The caller's own draft, or else what was signed last. */
export function findInVisit(visit_id: string, kind: AssessmentKind, is_patient: boolean): Sql<StoredAssessment> {
  return sql`
    select ${columns} from ${joined} where a.visit_id = ${visit_id} and a.kind = ${kind} and a.status <> 'discarded' and ${visible(is_patient)}
     order by (a.status = 'draft') desc, a.id desc limit 1`
}

export function findOwnDraft(visit_id: string, kind: AssessmentKind): Sql<{ id: string }> {
  return sql`
    select id from assessments where visit_id = ${visit_id} and kind = ${kind} and status in ('draft', 'preliminary')
       and author_id = (select openward.setting('user_id'))::uuid order by (status = 'draft') desc, id desc limit 1`
}

export function listInVisit(visit_id: string, is_patient: boolean): Sql<StoredAssessment> {
  return sql`
    select ${columns} from ${joined} where a.visit_id = ${visit_id} and ${visible(is_patient)} order by a.id desc limit 500`
}

export type VersionRow = StoredKey &
  SealedVersion & {
    id: string
    assessment_id: string
    number: number
    status: AssessmentStatus
    signed_by: string
    signed_at: string
  }
const versionColumns = sql`
  v.id, v.assessment_id, v.number, v.status, v.signed_by, v.signed_at, v.key_id, k.kek_id, k.wrapped, v.sealed_content, v.sealed_withheld,
  v.sealed_reason`

/** The version of each that is shown. */
export function findCurrent(ids: readonly string[]): Sql<VersionRow> {
  return sql`
    select ${versionColumns} from assessments a join assessment_versions v on v.assessment_id = a.id and v.number = a.current_number
      join patient_keys k on k.id = v.key_id where a.id = any(${ids}::uuid[])`
}

export function listVersions(id: string, is_patient: boolean): Sql<VersionRow> {
  return sql`
    select ${versionColumns} from assessment_versions v join patient_keys k on k.id = v.key_id
     where v.assessment_id = ${id} and ${is_patient ? sql`v.status <> 'preliminary'` : sql`true`} order by v.number`
}

export type NewDraft = {
  id: string
  visit_id: string
  patient_id: string
  kind: AssessmentKind
  author_id: string
  key_id: string
  sealed_draft: Buffer
  taken_at: string | null
}

/** Yields nothing where the author has a draft already. */
export function insertDraft(draft: NewDraft): Sql<{ id: string }> {
  return sql`
    insert into assessments (id, visit_id, patient_id, kind, author_id, key_id, sealed_draft, taken_at)
    values (${draft.id}, ${draft.visit_id}, ${draft.patient_id}, ${draft.kind}, ${draft.author_id}, ${draft.key_id}, ${draft.sealed_draft},
            coalesce(${draft.taken_at}::timestamptz, now()))
    on conflict (visit_id, kind, author_id) where status = 'draft' do nothing returning id`
}

export function updateDraft(id: string, key_id: string, sealed_draft: Buffer, taken_at: string | null): Sql {
  return sql`
    update assessments set key_id = ${key_id}, sealed_draft = ${sealed_draft}, taken_at = coalesce(${taken_at}::timestamptz, taken_at),
           updated_at = now(), version = version + 1
     where id = ${id}`
}

export type Draft = Pick<
  StoredAssessment,
  'id' | 'patient_id' | 'visit_id' | 'kind' | 'status' | 'author_id' | 'version'
> & { doctor_user_id: string | null }

/** Whoever began it: of what it says there is nothing here. */
export function findDraft(id: string): Sql<Draft> {
  return sql`
    select a.id, a.patient_id, a.visit_id, a.kind, a.status, a.author_id, a.version, d.user_id as doctor_user_id
      from assessments a join visits v on v.id = a.visit_id left join doctors d on d.id = v.doctor_id where a.id = ${id}`
}

export function updateDiscarded(id: string): Sql {
  return sql`update assessments set status = 'discarded', updated_at = now(), version = version + 1 where id = ${id} and status = 'draft'`
}

export type NewVersion = SealedVersion & {
  id: string
  assessment_id: string
  patient_id: string
  number: number
  status: AssessmentStatus
  signed_by: string
  key_id: string
  taken_at: string | null
}

export function insertVersion(version: NewVersion): Sql {
  return sql`
    with signed as (
      insert into assessment_versions
        (id, assessment_id, patient_id, number, status, signed_by, key_id, sealed_content, sealed_withheld, sealed_reason)
      values (${version.id}, ${version.assessment_id}, ${version.patient_id}, ${version.number}, ${version.status}, ${version.signed_by},
              ${version.key_id}, ${version.sealed_content}, ${version.sealed_withheld}, ${version.sealed_reason}))
    update assessments set status = ${version.status}, current_number = ${version.number},
           sealed_draft = case when ${version.status} = 'preliminary' then sealed_draft end,
           taken_at = coalesce(${version.taken_at}::timestamptz, taken_at),
           finalized_at = case when ${version.status} = 'preliminary' then null else coalesce(finalized_at, now()) end,
           updated_at = now(), version = version + 1
     where id = ${version.assessment_id}`
}

/** The board goes by the newest vital signs; a correction of older ones does not change it. */
export function updateBoard(assessment_id: string, news2_score: number | null): Sql<{ id: string }> {
  return sql`
    update visits v set news2_score = ${news2_score} from assessments a
     where a.id = ${assessment_id} and v.id = a.visit_id and v.news2_score is distinct from ${news2_score}::smallint
       and not exists (select from assessments newer where newer.visit_id = v.id and newer.kind = 'nursing' and newer.id <> a.id
                          and newer.current_number > 0 and newer.taken_at > a.taken_at)
    returning v.id`
}

export type SeriesFilter = { from: string | undefined; to: string | undefined }
export type SeriesPage = { skip: number; limit: number; after: readonly [at: string, id: string] | undefined }
export type SeriesRow = VersionRow & { visit_id: string; taken_at: string }

const inSeries = (patient_id: string, { from, to }: SeriesFilter) =>
  all([
    sql`a.patient_id = ${patient_id} and a.kind = 'nursing' and a.current_number > 0`,
    from === undefined ? undefined : sql`a.taken_at >= ${from}`,
    to === undefined ? undefined : sql`a.taken_at < ${to}`,
  ])

export function listSeries(
  patient_id: string,
  filter: SeriesFilter,
  { skip, limit, after }: SeriesPage,
): Sql<SeriesRow> {
  const beyond = after && sql`(a.taken_at, a.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select ${versionColumns}, a.visit_id, a.taken_at from assessments a
      join assessment_versions v on v.assessment_id = a.id and v.number = a.current_number join patient_keys k on k.id = v.key_id
     where ${all([inSeries(patient_id, filter), beyond])}
     order by a.taken_at desc, a.id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countSeries(patient_id: string, filter: SeriesFilter): Sql<{ total: number }> {
  return countOf(sql`assessments a where ${inSeries(patient_id, filter)}`)
}
