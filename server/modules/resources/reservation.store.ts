import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { TimePage } from './assignment.store.ts'
import type { Reservation } from './reservation.contract.ts'
import type { SealedText, StoredKey } from './resource.sealing.ts'
import type { FreeResource, LockedResource } from './resource.store.ts'

export type StoredReservation = Reservation & StoredKey & { sealed_purpose: Buffer | null }

// As of assignments: that it is taken is everyone's to know, for whom is guarded by row-level security.
const columns = sql`b.id, b.resource_id, b.lane, b.starts_at, b.ends_at, r.patient_id, r.appointment_id, r.purpose, r.created_by,
       b.created_at, b.cancelled_at, r.sealed_purpose, k.id as key_id, k.kek_id, k.wrapped`
const source = sql`resource_bookings b left join resource_reservations r on r.id = b.id left join patient_keys k on k.id = r.key_id`
const standing = sql`b.cancelled_at is null and (b.held_until is null or b.held_until > now())`

export type NewReservation = {
  id: string
  lane: number | undefined
  starts_at: string
  ends_at: string
  patient_id: string | undefined
  purpose: string | null
  sealed: SealedText
  created_by: string | undefined
}

/** Holds that have ended are gone for everyone; what is left of them must not stand in the way. */
export function endHolds(resource_id: string, starts_at: string, ends_at: string): Sql {
  return sql`
    update resource_reservations set cancelled_at = now()
     where resource_id = ${resource_id} and during && tstzrange(${starts_at}, ${ends_at}) and cancelled_at is null and held_until <= now()`
}

/**
 * Reserves a free lane, or yields no row: the constraint decides without raising. The resource must be locked before. A time that has
 * begun is not given while somebody else has the lane.
 */
export function insertReservation(
  { id: resource_id, lanes }: LockedResource,
  asked: NewReservation,
): Sql<StoredReservation> {
  const { id, lane = null, starts_at, ends_at, patient_id = null, purpose, sealed, created_by = null } = asked
  return sql`
    with wanted as (select tstzrange(${starts_at}, ${ends_at}) as during), free as (
      select lanes.lane from wanted, generate_series(1, ${lanes}::integer) as lanes(lane)
       where (${lane}::integer is null or lanes.lane = ${lane}::integer)
         and not exists (select from resource_bookings b
                          where b.resource_id = ${resource_id} and b.lane = lanes.lane and b.during && wanted.during and ${standing})
         and not (wanted.during @> now()
                  and exists (select from resource_stays s left join resource_assignments a on a.id = s.id
                               where s.resource_id = ${resource_id} and s.lane = lanes.lane and s.released_at is null
                                 and a.patient_id is distinct from ${patient_id}::uuid))
       order by lanes.lane limit 1
    )
    insert into resource_reservations (id, resource_id, lane, during, patient_id, purpose, key_id, sealed_purpose, created_by)
    select ${id}, res.id, free.lane, wanted.during, ${patient_id}::uuid, ${purpose}, ${sealed.key_id}::uuid, ${sealed.sealed}, ${created_by}::uuid
      from wanted, free join resources res on res.id = ${resource_id} and res.state <> 'retired'
    on conflict do nothing
    returning id, resource_id, lane, lower(during) as starts_at, upper(during) as ends_at, patient_id, appointment_id, purpose,
              created_by, created_at, cancelled_at, sealed_purpose, key_id, null as kek_id, null as wrapped`
}

/** Others of the type with a lane that is free for that time, those of the ward first. */
export function findFreeFor(
  { id, type, ward }: LockedResource,
  { starts_at, ends_at }: Pick<NewReservation, 'starts_at' | 'ends_at'>,
  most: number,
): Sql<FreeResource> {
  return sql`
    select res.id, res.code, res.name, res.ward from resources res
     where res.type = ${type} and res.id <> ${id} and res.state <> 'retired'
       and res.lanes > (select count(distinct b.lane) from resource_bookings b
                         where b.resource_id = res.id and b.during && tstzrange(${starts_at}, ${ends_at}) and ${standing})
     order by res.ward is not distinct from ${ward} desc, res.code limit ${literal(most)}`
}

export type ReservationFilter = { resource_id: string; from: string; to: string | undefined }

const matching = ({ resource_id, from, to }: ReservationFilter) =>
  all([
    sql`b.resource_id = ${resource_id}`,
    standing,
    sql`b.during && tstzrange(${from}::timestamptz, ${to ?? null}::timestamptz)`,
  ])

export function findReservations(filter: ReservationFilter, { skip, limit, after }: TimePage): Sql<StoredReservation> {
  const beyond = after && sql`(b.starts_at, b.id) > (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select ${columns} from ${source} where ${all([matching(filter), beyond])}
     order by b.starts_at, b.id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countReservations(filter: ReservationFilter): Sql<{ total: number }> {
  return sql`select count(*) as total from resource_bookings b where ${matching(filter)}`
}

export type KnownReservation = StoredReservation & {
  /** Whether row-level security lets the caller change it. */
  is_in_reach: boolean
  /** Whether the caller reads whom it is for, or it is for nobody. */
  is_readable: boolean
}

export function findReservation(resource_id: string, id: string, reach: string): Sql<KnownReservation> {
  return sql`
    select ${columns}, r.id is not null as is_in_reach,
           r.id is not null and (r.patient_id is null or openward.may_reach(r.patient_id, ${reach})) as is_readable
      from ${source} where b.resource_id = ${resource_id} and b.id = ${id}`
}

/** No row where it was cancelled already. */
export function cancelReservation(id: string, cancelled_by: string | undefined): Sql<{ cancelled_at: string }> {
  return sql`
    update resource_reservations set cancelled_at = now(), cancelled_by = ${cancelled_by ?? null}
     where id = ${id} and cancelled_at is null returning cancelled_at`
}

export type TakenRange = { resource_id: string; starts_at: string; ends_at: string }

/** When resources cannot be had, and nothing of for whom; asked in any reach. */
export function findTakenRanges(resource_ids: readonly string[], from: string, to: string): Sql<TakenRange> {
  return sql`select resource_id, starts_at, ends_at from openward.resource_taken_ranges(${resource_ids}::uuid[], ${from}, ${to})`
}
