import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { WaitlistEntry, WaitlistQuery, WaitlistStatus } from './waitlist.contract.ts'

export type StoredEntry = WaitlistEntry & {
  /** Of the doctor who is waited for by name. */
  department_id: string | null
  unanswered: number
  offer_id: string | null
}

const minutes = sql`(extract(epoch from upper(o.during) - lower(o.during)) / 60)::integer`
const instant = (column: Sql) => sql`to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
const columns = sql`
  e.id, e.patient_id, e.doctor_id, e.specialization, e.location, e.from_date, e.to_date, e.weekdays,
  to_char(e.from_time, 'HH24:MI') as from_time, to_char(e.to_time, 'HH24:MI') as to_time, e.kind, e.priority, e.status, e.unanswered,
  e.created_by, e.created_at, e.updated_at, e.version, d.department_id, o.id as offer_id,
  case when o.id is not null then json_build_object(
    'doctor_id', o.doctor_id, 'appointment_time', ${instant(sql`lower(o.during)`)}, 'duration_minutes', ${minutes},
    'offered_at', ${instant(sql`o.offered_at`)}, 'expires_at', ${instant(sql`o.expires_at`)},
    'told', coalesce(o.not_told, m.status, 'forgotten')) end as offer,
  (select accepted.id from waitlist_offers accepted where accepted.entry_id = e.id and accepted.status = 'accepted') as appointment_id`
const joined = sql`
  left join doctors d on d.id = e.doctor_id
  left join waitlist_offers o on o.entry_id = e.id and o.status = 'open'
  left join mails m on m.id = o.mail_id`

export type NewEntry = Omit<
  WaitlistEntry,
  'status' | 'offer' | 'appointment_id' | 'created_at' | 'updated_at' | 'version'
>

/** Yields no row where nobody may be booked, or waits for the same already. Keeps the record from being merged or deleted meanwhile. */
export function insertEntry(entry: NewEntry): Sql<{ id: string }> {
  return sql`
    insert into waitlist_entries (id, patient_id, doctor_id, specialization, location, from_date, to_date, weekdays, from_time, to_time,
                                  kind, priority, created_by)
    select ${entry.id}, ${entry.patient_id}, ${entry.doctor_id}::uuid, ${entry.specialization}, ${entry.location}, ${entry.from_date}::date,
           ${entry.to_date}::date, ${entry.weekdays}::smallint[], ${entry.from_time}::time, ${entry.to_time}::time, ${entry.kind},
           ${entry.priority}, ${entry.created_by}::uuid
     where openward.patient_may_be_booked(${entry.patient_id}) is not null
    on conflict do nothing returning id`
}

export function isBookablePatient(patient_id: string): Sql<{ is_bookable: boolean }> {
  return sql`select openward.patient_may_be_booked(${patient_id}) is not null as is_bookable`
}

/** In the caller's own reach. */
export function findSameEntry({ patient_id, doctor_id, specialization }: NewEntry): Sql<{ id: string }> {
  return sql`
    select id from waitlist_entries
     where patient_id = ${patient_id} and waits_for = coalesce(${doctor_id}::uuid::text, openward.folded(${specialization}::text))`
}

export function findSpecialization(specialization: string): Sql<{ specialization: string }> {
  return sql`
    select specialization from doctors where is_active and openward.folded(specialization) = openward.folded(${specialization}::text)
     order by specialization limit 1`
}

export function findEntry(id: string): Sql<StoredEntry> {
  return sql`select ${columns} from waitlist_entries e ${joined} where e.id = ${id}`
}

/** Whoever answers an offer, and whoever ends it, holds the entry first. */
export function lockEntry(id: string): Sql {
  return sql`select from waitlist_entries where id = ${id} for update`
}

export type EntryPage = { skip: number; limit: number; after: string | undefined }

const matching = ({ status, patient_id, doctor_id }: Partial<WaitlistQuery>) =>
  all([
    status === undefined ? undefined : sql`e.status = ${status}`,
    patient_id === undefined ? undefined : sql`e.patient_id = ${patient_id}`,
    doctor_id === undefined ? undefined : sql`e.doctor_id = ${doctor_id}`,
  ])

export function findEntries(filter: Partial<WaitlistQuery>, { skip, limit, after }: EntryPage): Sql<StoredEntry> {
  const beyond = after === undefined ? undefined : sql`e.id > ${after}::uuid`
  return sql`
    select ${columns} from waitlist_entries e ${joined} where ${all([matching(filter), beyond])}
     order by e.id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countEntries(filter: Partial<WaitlistQuery>): Sql<{ total: number }> {
  return countOf(sql`waitlist_entries e where ${matching(filter)}`)
}

/** `unanswered`: as it was, unless said. */
export function updateEntry(id: string, status: WaitlistStatus, unanswered: number | null = null): Sql {
  return sql`
    update waitlist_entries
       set status = ${status}, unanswered = coalesce(${unanswered}::smallint, unanswered), updated_at = now(), version = version + 1
     where id = ${id}`
}

/** Whose window is over, wherever they are; some of them. */
export function lockOver(limit: number): Sql<{ id: string; patient_id: string }> {
  return sql`
    select id, patient_id from waitlist_entries
     where status = 'waiting' and to_date < (now() at time zone 'utc' - interval '12 hours')::date
     order by to_date, id limit ${literal(limit)} for update skip locked`
}
