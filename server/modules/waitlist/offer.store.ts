// Whom a free time suits, and the offers that were made.
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { WaitlistEntry } from './waitlist.contract.ts'

export type FreeTime = {
  doctor_id: string
  starts_at: string
  ends_at: string
  /** Where, if not where the doctor usually is. */
  location: string | null
  /** Whether it is kept for urgent and emergency bookings. */
  is_reserved: boolean
}

/** Whether anybody could wait for a time with this doctor. */
export function isWaitedFor(doctor_id: string): Sql<{ is_waited_for: boolean; now: string }> {
  return sql`
    select now() as now,
           exists (select from waitlist_entries where status = 'waiting' and doctor_id = d.id)
        or exists (select from waitlist_entries where status = 'waiting' and doctor_id is null
                    and openward.folded(specialization) = openward.folded(d.specialization)) as is_waited_for
      from doctors d where d.id = ${doctor_id}`
}

export type Candidate = Pick<WaitlistEntry, 'id' | 'patient_id' | 'priority'>

/** The doctor as `d`, with what of a time decides whom it suits. */
const wantedTime = (time: { starts_at: Sql; ends_at: Sql; location: Sql; is_reserved: Sql }) => sql`
  d.id as doctor_id, d.specialization, d.accepts_new_patients, coalesce(${time.location}, d.location) as location,
  ${time.is_reserved} as is_reserved, tstzrange(${time.starts_at}, ${time.ends_at}) as during,
  ${time.starts_at} at time zone d.timezone as from_local, ${time.ends_at} at time zone d.timezone as to_local`

/**
 * The entries that such a time `w` suits. Nobody is offered two times at once, one that they had been offered or given back, or one at
 * which they are expected elsewhere.
 */
const suited = sql`
  waitlist_entries e
      join patients p on p.id = e.patient_id and p.is_active and p.merged_into is null and p.erased_at is null
     where (e.doctor_id = w.doctor_id or (e.doctor_id is null and openward.folded(e.specialization) = openward.folded(w.specialization)))
       and e.status = 'waiting'
       and w.from_local::date between e.from_date and e.to_date
       and (e.weekdays is null or extract(isodow from w.from_local) = any (e.weekdays))
       and (e.from_time is null or w.from_local::time >= e.from_time)
       and (e.to_time is null or (w.to_local::time <= e.to_time and w.to_local::date = w.from_local::date))
       and (e.location is null or position(openward.folded(e.location) in openward.folded(w.location)) > 0)
       and (e.priority <> 'routine' or not w.is_reserved)
       and (w.accepts_new_patients
            or exists (select from care_relationships c where c.doctor_id = w.doctor_id and c.patient_id = e.patient_id))
       and not exists (select from waitlist_offers o where o.patient_id = e.patient_id
                        and (o.status = 'open' or (o.doctor_id = w.doctor_id and o.during && w.during)))
       and not openward.patient_is_busy(e.patient_id, w.during)
       and not openward.gave_back(e.patient_id, w.doctor_id, w.during)`

/** The first of some times of a doctor, in their order, that suits anybody: its place, from 0. */
export function findSuiting(doctor_id: string, times: readonly FreeTime[]): Sql<{ at: number }> {
  const time = { starts_at: sql`t.s`, ends_at: sql`t.e`, location: sql`t.location`, is_reserved: sql`t.is_reserved` }
  return sql`
    select (w.n - 1)::int as at
      from (select t.n, ${wantedTime(time)}
              from doctors d
             cross join unnest(${times.map(({ starts_at }) => starts_at)}::timestamptz[], ${times.map(({ ends_at }) => ends_at)}::timestamptz[],
                               ${times.map(({ location }) => location)}::text[], ${times.map(({ is_reserved }) => is_reserved)}::boolean[])
                        with ordinality as t(s, e, location, is_reserved, n)
             where d.id = ${doctor_id} and d.is_active order by t.n offset 0) as w
     where exists (select from ${suited})
     order by w.n limit 1`
}

/**
 * Whom the time suits, in the order in which it is theirs: the most urgent first, then who came first. Locked; who is being changed at
 * this moment is passed over.
 */
export function lockCandidates({ doctor_id, ...time }: FreeTime, limit: number): Sql<Candidate> {
  const wanted = wantedTime({
    starts_at: sql`${time.starts_at}::timestamptz`,
    ends_at: sql`${time.ends_at}::timestamptz`,
    location: sql`${time.location}::text`,
    is_reserved: sql`${time.is_reserved}::boolean`,
  })
  return sql`
    with wanted as materialized (select ${wanted} from doctors d where d.id = ${doctor_id} and d.is_active)
    select e.id, e.patient_id, e.priority
      from wanted w cross join ${suited}
     order by case e.priority when 'emergency' then 0 when 'urgent' then 1 else 2 end, e.created_at, e.id
     limit ${literal(limit)} for update of e skip locked`
}

export type NewOffer = Pick<FreeTime, 'doctor_id' | 'starts_at' | 'ends_at'> & {
  id: string
  entry_id: string
  patient_id: string
  expires_at: string
  mail_id: string | null
  not_told: 'no_address' | 'not_wanted' | null
}

export function insertOffer(offer: NewOffer): Sql {
  return sql`
    insert into waitlist_offers (id, entry_id, patient_id, doctor_id, during, expires_at, mail_id, not_told)
    values (${offer.id}, ${offer.entry_id}, ${offer.patient_id}, ${offer.doctor_id}, tstzrange(${offer.starts_at}, ${offer.ends_at}),
            ${offer.expires_at}, ${offer.mail_id}::uuid, ${offer.not_told})`
}

export type OpenOffer = {
  id: string
  entry_id: string
  patient_id: string
  doctor_id: string
  appointment_time: string
  ends_at: string
  expires_at: string
  /** By the clock of the database, at the beginning of the transaction. */
  is_over: boolean
}

const openColumns = sql`o.id, o.entry_id, o.patient_id, o.doctor_id, lower(o.during) as appointment_time, upper(o.during) as ends_at,
       o.expires_at, o.expires_at <= now() as is_over`

/** To be read while the entry is held. */
export function findOpenOffer(entry_id: string): Sql<OpenOffer> {
  return sql`select ${openColumns} from waitlist_offers o where o.entry_id = ${entry_id} and o.status = 'open'`
}

/** Offers whose time to answer is over, with their entries held; those that somebody is answering are left alone. */
export function lockUnanswered(limit: number): Sql<OpenOffer & { unanswered: number }> {
  return sql`
    select ${openColumns}, e.unanswered
      from waitlist_offers o join waitlist_entries e on e.id = o.entry_id
     where o.status = 'open' and o.expires_at <= now()
     order by o.expires_at, o.id limit ${literal(limit)} for update of e, o skip locked`
}

/** What is told of it and was not sent yet never will be. */
export function endOffer(id: string, status: 'accepted' | 'declined' | 'unanswered' | 'withdrawn' | 'void'): Sql {
  return sql`
    with ended as (
      update waitlist_offers set status = ${status}, ended_at = now() where id = ${id} and status = 'open' returning mail_id)
    update mails set status = 'void' from ended where mails.id = ended.mail_id and mails.status = 'waiting'`
}
