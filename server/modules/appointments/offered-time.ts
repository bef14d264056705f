// A time that the house itself holds for a patient, until they answer: held as any other, and by nobody who could book it otherwise.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context, System } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Calendar } from '#modules/doctors'
import { shownAppointment, tellsNoShows } from './appointment.answer.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { eventOf } from './appointment.event.ts'
import type { NewAppointment } from './booking.store.ts'
import { convertHold, dropHold, insertHold, keepForNext, removeEndedHoldsAt } from './hold.store.ts'
import type { AskedSlot } from './slot-choice.ts'

export type OfferedTime = AskedSlot &
  Pick<Appointment, 'patient_id' | 'doctor_id' | 'priority'> & {
    /** The state of the doctor's calendar that the time was judged by. */
    calendar_version: number
    minutes: number
    /** For the audit log: why it is held. */
    reason: { action: string; resource_type: string; resource_id: string }
  }

const localDay = ({ configuration }: Pick<System, 'configuration'>) =>
  Temporal.Now.plainDateISO(configuration.timezone).toString()

/** Holds it for the patient. Undefined where the time or the patient is not free; nothing is raised. */
export async function holdForPatient(
  tx: Tx,
  system: Pick<System, 'configuration'>,
  { minutes, reason, ...time }: OfferedTime,
): Promise<string | undefined> {
  const id = randomUUIDv7()
  const values = { id, ...time, minutes, takes_anyone: false, created_by: null, day: localDay(system), most: 1 }
  const entry = {
    ...reason,
    role: 'system',
    correlation_id: 'waitlist',
    patient_id: time.patient_id,
    details: { doctor_id: time.doctor_id },
  }
  const [, held] = await Promise.all([
    tx.run(removeEndedHoldsAt(time)),
    tx.first<{ held_until: string }>(insertHold(values, entry)),
  ])
  return held && id
}

/** The patient has it no longer; it is kept for nobody in particular, for some minutes, so that it can be handed on. */
export function keepForNextPatient(tx: Tx, hold_id: string): Promise<number> {
  return tx.run(keepForNext(hold_id))
}

/** Gives back what was kept to be handed on. */
export function giveBackKept(tx: Tx, hold_id: string): Promise<number> {
  return tx.run(dropHold(hold_id))
}

export type Accepted = AskedSlot &
  Pick<Appointment, 'patient_id' | 'doctor_id' | 'priority' | 'kind'> & { hold_id: string; calendar: Calendar }

/** Makes it the appointment, with the same id. Undefined where it is not held any more, or the calendar has changed. */
export async function bookHeldTime(ctx: Context, tx: Tx, accepted: Accepted): Promise<Appointment | undefined> {
  const { hold_id: id, calendar, starts_at, ends_at, patient_id, doctor_id, priority, kind } = accepted
  const { actor, correlation_id, ip_address, user_agent, system } = ctx
  const created_by = certain(actor.user_id, 'user')
  const values: NewAppointment = {
    id,
    patient_id,
    doctor_id,
    kind,
    priority,
    starts_at,
    ends_at,
    calendar_version: calendar.version,
    // Whether the doctor takes new patients was judged when it was offered.
    takes_anyone: true,
    key_id: null,
    sealed_notes: null,
    created_by,
    day: localDay(system),
    overbooks: false,
    tells_no_shows: tellsNoShows(ctx),
  }
  const { user_id, role, session_id } = actor
  const entry = {
    user_id,
    role,
    session_id,
    correlation_id,
    ip_address,
    user_agent,
    action: 'appointment.book',
    resource_type: 'appointment',
    resource_id: id,
    patient_id,
    details: { held: true },
  }
  const event = eventOf('booked', { id, patient_id }, { doctor_id, appointment_time: starts_at, version: 1 })
  const booked = await tx.first(convertHold(values, entry, event, null))
  if (!booked) return undefined
  const duration_minutes = (Date.parse(ends_at) - Date.parse(starts_at)) / 60_000
  const none = { series_id: null, occurrence: null, sealed_notes: null, key_id: null, kek_id: null, wrapped: null }
  const shown = { id, patient_id, doctor_id, appointment_time: starts_at, duration_minutes, kind, priority, created_by }
  const told = { reason: null, notes: null, cancel_reason: null, overbook_reason: null }
  return shownAppointment(ctx, { ...shown, ...none, ...booked }, told)
}
