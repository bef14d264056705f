import { type Sql, sql } from '#platform/database/sql.ts'
import { type NamePage, pageByName, publicColumns } from './doctor.store.ts'
import type { Outside, ScheduleBlock, ScheduledDoctor } from './schedule.contract.ts'

const columns = sql`b.id, b.doctor_id, b.weekday, to_char(b.start_time, 'HH24:MI') as start_time, to_char(b.end_time, 'HH24:MI') as end_time,
       b.slot_minutes, b.emergency_share, b.location, b.valid_from, b.valid_until`

export type ScheduleOwner = {
  id: string
  department_id: string | null
  timezone: string
  consultation_minutes: number
  version: number
}

/** Those in the reach of somebody who writes schedules: everyone's, their department's, their own. */
export type ScheduleReach = { is_everyone: boolean; doctor_id: string | null; department_id: string | null }

const within = ({ is_everyone, doctor_id, department_id }: ScheduleReach) =>
  sql`(${is_everyone} or d.id = ${doctor_id}::uuid or d.department_id = ${department_id}::uuid)`

export function findScheduleOwner(doctor_id: string, reach: ScheduleReach): Sql<ScheduleOwner> {
  return sql`
    select d.id, d.department_id, d.timezone, d.consultation_minutes, d.version from doctors d
     where d.id = ${doctor_id} and ${within(reach)}`
}

export function findScheduled(reach: ScheduleReach, page: NamePage): Sql<ScheduledDoctor> {
  const which = sql`id in (select d.id from doctors d where ${within(reach)})`
  return pageByName(sql`${publicColumns}, is_active`, which, page)
}

export function countScheduled(reach: ScheduleReach): Sql<{ total: number }> {
  return sql`select count(*)::int as total from doctors d where ${within(reach)}`
}

/**
 * A new version of the calendar, and its row held until it commits: bookings in flight are waited for, and those that come later
 * are judged anew. No row where the caller has read another version.
 */
export function renewCalendar(doctor_id: string, version: number | undefined): Sql<{ version: number }> {
  return sql`
    update doctors set version = version + 1, updated_at = now()
     where id = ${doctor_id} and version = coalesce(${version ?? null}::integer, version) returning version`
}

export function findBlocks(doctor_id: string): Sql<ScheduleBlock> {
  return sql`
    select ${columns} from schedule_blocks b where b.doctor_id = ${doctor_id}
     order by b.weekday, b.start_time, b.valid_from, b.id`
}

export function insertBlocks(blocks: readonly ScheduleBlock[]): Sql {
  const of = <K extends keyof ScheduleBlock>(name: K) => blocks.map((block) => block[name])
  return sql`
    insert into schedule_blocks (id, doctor_id, weekday, start_time, end_time, slot_minutes, emergency_share, location, valid_from, valid_until)
    select * from unnest(${of('id')}::uuid[], ${of('doctor_id')}::uuid[], ${of('weekday')}::smallint[], ${of('start_time')}::time[],
                         ${of('end_time')}::time[], ${of('slot_minutes')}::integer[], ${of('emergency_share')}::double precision[],
                         ${of('location')}::text[], ${of('valid_from')}::date[], ${of('valid_until')}::date[])`
}

export function deleteBlocks(doctor_id: string): Sql {
  return sql`delete from schedule_blocks where doctor_id = ${doctor_id}`
}

export function deleteBlock(doctor_id: string, block_id: string): Sql<{ id: string }> {
  return sql`delete from schedule_blocks where doctor_id = ${doctor_id} and id = ${block_id} returning id`
}

/** The appointments of a doctor that are still to come, as far as the caller may see them. */
export function findExpected(doctor_id: string): Sql<Outside> {
  return sql`
    select id, confirmation_code, patient_id, starts_at as appointment_time,
           (extract(epoch from ends_at - starts_at) / 60)::integer as duration_minutes, status
      from appointments
     where doctor_id = ${doctor_id} and starts_at > now() and status in ('booked', 'confirmed')
     order by starts_at, id`
}
