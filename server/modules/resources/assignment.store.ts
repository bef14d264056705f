import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Assignment, AssignmentQuery, LongStay, Occupancy } from './assignment.contract.ts'
import type { KindQuery, ResourceStatus } from './resource.contract.ts'
import type { SealedText, StoredKey } from './resource.sealing.ts'
import type { LockedResource } from './resource.store.ts'

export type StoredAssignment = Omit<Assignment, 'notes'> & StoredKey & { sealed_notes: Buffer | null }

// The stay is everyone's to know; whose it is, and what was noted, comes from the table that row-level security guards.
const columns = sql`s.id, s.resource_id, s.lane, a.patient_id, s.assigned_at, s.expected_release_at, s.released_at, a.assigned_by,
       a.sealed_notes, k.id as key_id, k.kek_id, k.wrapped`
const source = sql`resource_stays s left join resource_assignments a on a.id = s.id left join patient_keys k on k.id = a.key_id`

/** Whether the record is there to be assigned something; keeps it from being merged or deleted until that is in. */
export function lockPatient(
  patient_id: string,
  reach: string,
): Sql<{ is_there: boolean | null; is_in_reach: boolean }> {
  return sql`
    select openward.patient_may_be_booked(${patient_id}) as is_there, openward.may_reach(${patient_id}, ${reach}) as is_in_reach`
}

/** The key that a patient's notes are sealed with. */
export function findPatientKey(patient_id: string): Sql<StoredKey> {
  return sql`
    select k.id as key_id, k.kek_id, k.wrapped from patients p join patient_keys k on k.id = p.key_id where p.id = ${patient_id}`
}

export type NewStay = {
  id: string
  patient_id: string
  lane: number | undefined
  expected_release_at: string | null
  assigned_by: string | undefined
  notes: SealedText
  /** The stay that a transfer has ended. Whoever has a bed is moved even where their record was deleted meanwhile. */
  moved_from_id?: string
}

/**
 * Gives a free lane, that of the patient's own running reservation first, or yields no row: the constraints decide without raising. The
 * resource must be locked by a statement before, so that this one sees what those did who were waited for.
 */
export function insertStay(resource_id: string, stay: NewStay): Sql<StoredAssignment> {
  const { id, patient_id, lane = null, expected_release_at, assigned_by = null, notes, moved_from_id = null } = stay
  return sql`
    with running as (
      select b.lane, coalesce(own.patient_id = ${patient_id}, false) as is_own
        from resource_bookings b left join resource_reservations own on own.id = b.id
       where b.resource_id = ${resource_id} and b.cancelled_at is null and b.during @> now()
         and (b.held_until is null or b.held_until > now())
    ), free as (
      select r.id as resource_id, wanted.lane
        from resources r cross join lateral generate_series(1, r.lanes) as wanted(lane)
       where r.id = ${resource_id} and r.state = 'in_service'
         and (${lane}::integer is null or wanted.lane = ${lane}::integer)
         and not exists (select from resource_stays s
                          where s.resource_id = r.id and s.lane = wanted.lane and s.released_at is null)
         and not exists (select from running where running.lane = wanted.lane and not is_own)
       order by exists (select from running where running.lane = wanted.lane and is_own) desc, wanted.lane limit 1
    )
    insert into resource_assignments (id, resource_id, lane, patient_id, expected_release_at, assigned_by, key_id, sealed_notes, moved_from_id)
    select ${id}, resource_id, lane, ${patient_id}, ${expected_release_at}, ${assigned_by}::uuid, ${notes.key_id}::uuid, ${notes.sealed},
           ${moved_from_id}::uuid
      from free
     where exists (select from patients p where p.id = ${patient_id} and (p.is_active or ${moved_from_id !== null}) and p.merged_into is null and p.erased_at is null)
    on conflict do nothing
    returning id, resource_id, lane, patient_id, assigned_at, expected_release_at, released_at, assigned_by, sealed_notes,
              key_id, null as kek_id, null as wrapped`
}

export type CurrentStay = StoredAssignment & {
  /** Null where row-level security hides it. */
  holder: string | null
  is_readable: boolean
}

/** Who has a resource now. `reach` is how far the caller reads patients. */
export function findCurrentStays(resource_id: string, reach: string): Sql<CurrentStay> {
  return sql`
    select ${columns}, a.patient_id as holder, coalesce(openward.may_reach(a.patient_id, ${reach}), false) as is_readable
      from ${source} where s.resource_id = ${resource_id} and s.released_at is null order by s.lane`
}

export type Chance = Pick<LockedResource, 'id' | 'type' | 'ward'> & {
  status: ResourceStatus
  /** Whether no lane of it can be had, whatever is reserved. */
  is_full: boolean
  /** The bed that the patient has already, where this is a bed. */
  bed_assignment_id: string | null
  bed_id: string | null
  is_readable: boolean
}

/** What stands against assigning a resource to a patient, as of one moment. `reach` is how far the caller reads patients. */
export function findChance(resource_id: string, patient_id: string, reach: string): Sql<Chance> {
  return sql`
    select r.id, r.type, r.ward, r.status, r.state <> 'in_service' or r.stays >= r.lanes as is_full,
           bed.id as bed_assignment_id, bed.resource_id as bed_id,
           coalesce(openward.may_reach(bed.patient_id, ${reach}), false) as is_readable
      from resource_board r
      left join resource_assignments bed on r.is_bed and bed.patient_id = ${patient_id} and bed.is_bed and bed.released_at is null
     where r.id = ${resource_id}`
}

/** Keeps whoever has it from being merged until the change is in. */
export function lockHolder(assignment_id: string): Sql {
  return sql`
    select from patients where id = (select patient_id from resource_assignments where id = ${assignment_id}) for share`
}

/** No row where it has been released. */
export function releaseStay(
  id: string,
  released_by: string | undefined,
): Sql<{ patient_id: string; released_at: string }> {
  return sql`
    update resource_assignments
       set released_at = greatest(clock_timestamp(), assigned_at), released_by = ${released_by ?? null}, updated_at = now(),
           version = version + 1
     where id = ${id} and released_at is null returning patient_id, released_at`
}

export type StayFilter = Pick<AssignmentQuery, 'current' | 'at'> & ({ resource_id: string } | { patient_id: string })

function matching(filter: StayFilter): Sql {
  const { current, at } = filter
  return all([
    'resource_id' in filter ? sql`s.resource_id = ${filter.resource_id}` : sql`a.patient_id = ${filter.patient_id}`,
    current === undefined ? undefined : current ? sql`s.released_at is null` : sql`s.released_at is not null`,
    at === undefined ? undefined : sql`tstzrange(s.assigned_at, s.released_at) @> ${at}::timestamptz`,
  ])
}

export type TimePage = { skip: number; limit: number; after: readonly [at: string, id: string] | undefined }

export function findStays(filter: StayFilter, { skip, limit, after }: TimePage): Sql<StoredAssignment> {
  const beyond = after && sql`(s.assigned_at, s.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select ${columns} from ${source} where ${all([matching(filter), beyond])}
     order by s.assigned_at desc, s.id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countStays(filter: StayFilter): Sql<{ total: number }> {
  return countOf(sql`${source} where ${matching(filter)}`)
}

export function isPatientInReach(id: string): Sql<{ id: string }> {
  return sql`select id from patients where id = ${id}`
}

const ofKind = ({ type, ward }: KindQuery) => [
  type === undefined ? undefined : sql`r.type = ${type}`,
  ward === undefined ? undefined : sql`r.ward = ${ward}`,
]

/** How it was at one moment. The instant is an own column, so that the index on moments is asked once. */
export function findOccupancy(kind: KindQuery, at: string | undefined): Sql<Occupancy & { at: string }> {
  return sql`
    with moment as (select coalesce(${at ?? null}::timestamptz, now()) as at),
    held as (select s.resource_id, count(*) as assignments from moment
               join resource_stays s on tstzrange(s.assigned_at, s.released_at) @> moment.at group by s.resource_id)
    select r.type, r.ward, count(*)::integer as total, count(held.resource_id)::integer as occupied,
           coalesce(sum(held.assignments), 0)::integer as assignments
      from moment join resources r on r.created_at <= moment.at and (r.retired_at is null or r.retired_at > moment.at)
      left join held on held.resource_id = r.id
     where ${all(ofKind(kind))} group by r.type, r.ward order by r.type, r.ward nulls first`
}

export type LongStayFilter = KindQuery & { days: number }

const lasting = ({ days, ...kind }: LongStayFilter) =>
  all([sql`s.released_at is null`, sql`s.assigned_at < now() - ${days} * interval '1 day'`, ...ofKind(kind)])
const ofResource = sql`join resources r on r.id = s.resource_id`

export function findLongStays(filter: LongStayFilter, { skip, limit, after }: TimePage): Sql<LongStay> {
  const beyond = after && sql`(s.assigned_at, s.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select s.id, s.resource_id, s.lane, a.patient_id, s.assigned_at, s.expected_release_at, s.released_at, a.assigned_by,
           r.code as resource_code, r.name as resource_name, r.type, r.ward,
           floor(extract(epoch from now() - s.assigned_at) / 86400)::integer as days
      from resource_stays s left join resource_assignments a on a.id = s.id ${ofResource}
     where ${all([lasting(filter), beyond])}
     order by s.assigned_at, s.id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countLongStays(filter: LongStayFilter): Sql<{ total: number }> {
  return sql`select count(*) as total from resource_stays s ${ofResource} where ${lasting(filter)}`
}
