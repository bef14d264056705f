// A small past to count: doctors who were here all along, and appointments past the API, since nobody books yesterday.
import { randomUUID } from 'node:crypto'
import { isDatabaseError } from '#platform/database/connection.ts'
import { sql } from '#platform/database/sql.ts'
import type { Person, PersonOptions, TestApi } from '../../testing.ts'

export const zone = 'America/New_York'

export type PastAppointment = {
  doctor_id: string | undefined
  patient_id: string
  /** Wall-clock time of the hospital. */
  at: string
  minutes?: number
  status?: string
  lane?: number
  booked_at?: string
}

/** A doctor whose profile, as it is, is as old as is asked for. */
export async function doctorSince(api: TestApi, since: string, options: PersonOptions = {}): Promise<Person> {
  const doctor = await api.person('doctor', { doctor: true, ...options })
  await api.rows(
    sql`update doctor_states set in_force_from = ${since}::timestamptz where doctor_id = ${doctor.doctor_id}`,
  )
  return doctor
}

export async function appoint(api: TestApi, appointments: readonly PastAppointment[]): Promise<void> {
  for (const { doctor_id, patient_id, at, minutes = 30, status = 'completed', lane = 0, booked_at } of appointments) {
    const starts_at = Temporal.PlainDateTime.from(at).toZonedDateTime(zone).toInstant()
    await api.rows(sql`
      insert into appointments (confirmation_code, patient_id, doctor_id, during, status, lane, created_at, held_until)
      values (${randomUUID()}, ${patient_id}, ${doctor_id},
              tstzrange(${starts_at.toString()}, ${starts_at.add({ minutes }).toString()}), ${status}, ${lane},
              ${booked_at ?? starts_at.subtract({ hours: 48 }).toString()}, ${status === 'held' ? starts_at.toString() : null})`)
  }
}

/** A later state of a doctor, as the triggers would have kept it at that time. */
export async function changeDoctorAt(
  api: TestApi,
  doctor_id: string | undefined,
  at: string,
  change: { is_active?: boolean; department_id?: string; available_to?: string; blocks?: readonly object[] },
): Promise<void> {
  const { is_active = null, department_id = null, available_to = null, blocks = null } = change
  await api.rows(sql`
    insert into doctor_states
    select doctor_id, ${at}::timestamptz, recorded_xid, coalesce(${is_active}, is_active), coalesce(${department_id}::uuid, department_id), specialization, timezone,
           available_from, coalesce(${available_to}::time, available_to), consultation_minutes,
           coalesce(${blocks === null ? null : JSON.stringify(blocks)}::jsonb, blocks)
      from doctor_states where doctor_id = ${doctor_id} order by in_force_from desc limit 1`)
}

/** Whether the database refused it, as what cannot have happened: by a constraint, a trigger, or a bed before that was left later. */
export const isRefused = (error: unknown) => isDatabaseError(error) && /^(23|40001|OW)/.test(error.code)
