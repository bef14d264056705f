import { type Sql, sql } from '#platform/database/sql.ts'
import type { DoctorProfile } from './doctor.contract.ts'
import { defaultHours, type TimeRange, type WorkingHours } from './slots.ts'

/** What the time of a booking is judged by; `version` says of which state, and changes with all of it. */
export type Calendar = Pick<
  DoctorProfile,
  'id' | 'department_id' | 'timezone' | 'location' | 'is_active' | 'version'
> & {
  /** The doctor's blocks, or the default availability where there is none. */
  hours: readonly WorkingHours[]
  /** What is not long over, by its start. */
  time_off: readonly TimeRange[]
}

export type StoredCalendar = Omit<Calendar, 'hours'> &
  Pick<DoctorProfile, 'available_from' | 'available_to' | 'consultation_minutes'> & {
    blocks: readonly (Omit<WorkingHours, 'weekdays' | 'valid_until'> & {
      weekday: number
      valid_until: string | null
    })[]
  }

const columns = sql`
  d.id, d.department_id, d.timezone, d.location, d.is_active, d.version, d.available_from, d.available_to, d.consultation_minutes,
  coalesce((select jsonb_agg(jsonb_build_object(
              'weekday', b.weekday, 'start_time', to_char(b.start_time, 'HH24:MI'), 'end_time', to_char(b.end_time, 'HH24:MI'),
              'slot_minutes', b.slot_minutes, 'emergency_share', b.emergency_share, 'location', b.location,
              'valid_from', b.valid_from, 'valid_until', b.valid_until) order by b.weekday, b.start_time, b.valid_from)
              from schedule_blocks b where b.doctor_id = d.id), '[]') as blocks,
  coalesce((select jsonb_agg(jsonb_build_object('starts_at_ms', floor(extract(epoch from t.starts_at) * 1000),
                                                'ends_at_ms', ceil(extract(epoch from t.ends_at) * 1000)) order by t.starts_at)
              from time_off t where t.doctor_id = d.id and t.ends_at > now() - interval '1 day'), '[]') as time_off`

export function findCalendars(ids: readonly string[]): Sql<StoredCalendar> {
  return sql`select ${columns} from doctors d where d.id = any (${ids}::uuid[])`
}

export function calendarOf(stored: StoredCalendar): Calendar {
  const { blocks, available_from, available_to, consultation_minutes, ...calendar } = stored
  const hours = blocks.map(({ weekday, valid_until, ...block }): WorkingHours => {
    return { ...block, weekdays: [weekday], ...(valid_until === null ? {} : { valid_until }) }
  })
  if (hours.length > 0) return { ...calendar, hours }
  return { ...calendar, hours: [defaultHours({ available_from, available_to, consultation_minutes })] }
}

/** Keeps a calendar as it is: whoever changes it waits. */
export function lockCalendar(doctor_id: string): Sql {
  return sql`select from doctors where id = ${doctor_id} for share`
}
