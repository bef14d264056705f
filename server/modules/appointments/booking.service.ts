import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { type Context, holds } from '#platform/context.ts'
import { conflict, notFound, Problem, type ProblemKind } from '#platform/contract/problem.ts'
import type { DataKey } from '#platform/encryption/sealing.ts'
import {
  bookingHorizonDays,
  type Calendar,
  type Calendars,
  findNearestSlots,
  instantText,
  offeredSlotAt,
} from '#modules/doctors'
import { reservedForUrgent, type SlotPriority } from '../doctors/slot.contract.ts'
import {
  type Appointment,
  type AppointmentRequest,
  beyondHorizon,
  notAccepting,
  outsideAvailability,
  patientBusy,
  patientMissing,
  slotTaken,
  timeInPast,
} from './appointment.contract.ts'
import { openKey, sealNotes } from './appointment.sealing.ts'
import { type BookingState, findBookingState, findPatientKey, insertAppointment } from './booking.store.ts'

const day_ms = 86_400_000

type Asked = AppointmentRequest & { patient_id: string }
/** A slot of a doctor, as instants. */
export type AskedSlot = { starts_at: string; ends_at: string }

/**
 * Books one of a doctor's slots, in one round trip where nothing has to be sealed and nothing stands in the way.
 * @throws Problem slotTaken, patientBusy, timeInPast, beyondHorizon, outsideAvailability, notAccepting, patientMissing, notFound
 */
export async function bookAppointment(
  ctx: Context,
  calendars: Calendars,
  request: AppointmentRequest,
): Promise<Appointment> {
  const patient_id = request.patient_id ?? ctx.actor.patient_id
  if (patient_id === undefined) throw new Problem(patientMissing)
  // Whoever may not find a patient cannot book for one: patients book for themselves.
  if (patient_id !== ctx.actor.patient_id && !holds(ctx.actor, 'patients:find')) throw new Problem(notFound)
  const asked = { ...request, patient_id }
  const key = request.reason || request.notes ? await findKey(ctx, patient_id) : undefined

  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const { calendar, slot } = await findSlot(ctx, calendars, asked, attempt > 1)
    const booked = await attemptBooking(ctx, calendar, asked, slot, key)
    if (booked) {
      ctx.header('location', `/api/v1/appointments/${booked.id}`)
      return booked
    }
    const refusal = await findRefusal(ctx, calendar, { ...asked, ...slot })
    if (refusal) throw refusal
    // Nothing stands in the way any more: the calendar was an old one, or the time has become free.
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

async function attemptBooking(
  ctx: Context,
  calendar: Calendar,
  asked: Asked,
  slot: AskedSlot,
  key: DataKey | undefined,
) {
  const { actor, correlation_id, ip_address, user_agent, system } = ctx
  const { patient_id, doctor_id, kind, priority, reason = null, notes = null } = asked
  const id = randomUUIDv7()
  const values = {
    id,
    patient_id,
    doctor_id,
    kind,
    priority,
    ...slot,
    calendar_version: calendar.version,
    takes_anyone: actor.doctor_id === doctor_id,
    key_id: key?.id ?? null,
    sealed_notes: key ? sealNotes(key, id, { reason, notes, cancel_reason: null }) : null,
    created_by: certain(actor.user_id, 'user'),
    day: Temporal.Now.plainDateISO(system.configuration.timezone).toString(),
  }
  const { user_id, role, session_id } = actor
  const who = { user_id, role, session_id, correlation_id, ip_address, user_agent }
  const entry = { ...who, action: 'appointment.book', resource_type: 'appointment', resource_id: id, patient_id }
  const event = eventOf('booked', { id, patient_id }, { doctor_id, appointment_time: slot.starts_at })
  const booked = await ctx.database.together((tx) => tx.first(insertAppointment(values, entry, event)))
  if (!booked) return undefined
  const duration_minutes = (Date.parse(slot.ends_at) - Date.parse(slot.starts_at)) / 60_000
  const { created_by } = values
  const told = { reason, notes, cancel_reason: null, created_by }
  return {
    id,
    patient_id,
    doctor_id,
    appointment_time: slot.starts_at,
    duration_minutes,
    kind,
    priority,
    ...told,
    ...booked,
  }
}

/** The slot that begins when it is asked for. What is known of the calendar may be old, so a refusal reads it again. */
async function findSlot(
  ctx: Context,
  calendars: Calendars,
  asked: Asked,
  fresh: boolean,
): Promise<{ calendar: Calendar; slot: AskedSlot }> {
  const calendar = await calendars.find(ctx, asked.doctor_id, fresh)
  const isBookable = calendar !== undefined && mayBookWith(ctx, calendar, asked.patient_id)
  const slot = isBookable ? slotOf(calendar, asked.appointment_time, slotPriority(ctx, asked.priority)) : undefined
  if (isBookable && slot) return { calendar, slot }
  if (!fresh) return findSlot(ctx, calendars, asked, true)
  throw isBookable ? await outsideSlots(ctx, calendar, asked.appointment_time, asked.priority) : doctorMissing()
}

export function doctorMissing(): Problem {
  return new Problem(notFound, { detail: 'There is no active doctor with this id whose calendar you may book in' })
}

/** Why a time that is no slot of the doctor cannot be had, and what can. */
export async function outsideSlots(
  ctx: Context,
  calendar: Calendar,
  appointment_time: string,
  asked_priority: SlotPriority,
): Promise<Problem> {
  const priority = slotPriority(ctx, asked_priority)
  const asked_ms = Date.parse(appointment_time)
  const now_ms = Temporal.Now.instant().epochMilliseconds
  if (asked_ms <= now_ms) return new Problem(timeInPast)
  if (asked_ms > now_ms + bookingHorizonDays * day_ms) {
    return new Problem(beyondHorizon, {
      detail: `Appointments are given up to ${bookingHorizonDays} days ahead: choose an earlier time`,
    })
  }
  const nearest_slots = await findNearestSlots(ctx, calendar, asked_ms, [], priority)
  if (!offeredSlotAt(calendar, asked_ms)?.is_reserved) return new Problem(outsideAvailability, { nearest_slots })
  return new Problem(reservedForUrgent, {
    nearest_slots,
    ...(priority === asked_priority
      ? {}
      : { detail: 'This time is kept for what the hospital finds urgent: call it, or choose one of nearest_slots' }),
  })
}

/** What is urgent is for the hospital to say: whoever books for themselves gets the times that are not kept for it. */
export function slotPriority({ actor }: Context, priority: SlotPriority): SlotPriority {
  return holds(actor, 'patients:find') ? priority : 'routine'
}

/** The slot of the doctor that begins exactly then, in the future and within the horizon, for this priority. */
export function slotOf(calendar: Calendar, appointment_time: string, priority: SlotPriority): AskedSlot | undefined {
  const asked_ms = Date.parse(appointment_time)
  const now_ms = Temporal.Now.instant().epochMilliseconds
  if (asked_ms <= now_ms || asked_ms > now_ms + bookingHorizonDays * day_ms) return undefined
  const slot = offeredSlotAt(calendar, asked_ms)
  // A fraction below a millisecond is no start of a slot.
  if (!slot || instantText(slot.starts_at_ms) !== appointment_time) return undefined
  if (slot.is_reserved && priority === 'routine') return undefined
  return { starts_at: appointment_time, ends_at: instantText(slot.ends_at_ms) }
}

/** Staff book with everyone, a department with its doctors, doctors in their own calendar, patients for themselves. */
export function mayBookWith({ actor, reach }: Context, calendar: Calendar, patient_id: string): boolean {
  if (!calendar.is_active) return false
  if (reach === 'all') return true
  const scopes = reach.split(',')
  if (scopes.includes('own') && (calendar.id === actor.doctor_id || patient_id === actor.patient_id)) return true
  return (
    scopes.includes('department') && actor.department_id !== undefined && calendar.department_id === actor.department_id
  )
}

/** Why a booking or a move was refused, or undefined where nothing stands in its way now. */
export async function findRefusal(
  ctx: Context,
  calendar: Calendar,
  asked: AskedSlot & { patient_id: string; doctor_id: string },
  moved?: string,
): Promise<Problem | undefined> {
  const state = await ctx.database.once((tx) => tx.one(findBookingState(asked, moved)))
  if (!state.is_bookable_patient) return new Problem(notFound, { detail: 'There is no active patient with this id' })
  const isKnown = state.accepts_new_patients || state.is_known_patient || ctx.actor.doctor_id === asked.doctor_id
  if (!isKnown) return new Problem(notAccepting)
  const kind = takenKind(state)
  if (!kind) return undefined
  return takenProblem(ctx, calendar, asked, kind, state.appointment_id)
}

/** That a time is taken tells by whom only to those who see that appointment anyway. */
function takenKind({ is_doctor_taken, is_patient_busy, appointment_id }: BookingState): ProblemKind | undefined {
  if (is_doctor_taken) return slotTaken
  if (!is_patient_busy) return undefined
  return appointment_id === null ? slotTaken : patientBusy
}

export async function takenProblem(
  ctx: Context,
  calendar: Calendar,
  { starts_at, ends_at }: AskedSlot,
  kind: ProblemKind,
  appointment_id: string | null,
): Promise<Problem> {
  const asked = { starts_at_ms: Date.parse(starts_at), ends_at_ms: Date.parse(ends_at) }
  const nearest_slots = await findNearestSlots(ctx, calendar, asked.starts_at_ms, [asked])
  return new Problem(kind, { nearest_slots, ...(appointment_id === null ? {} : { appointment_id }) })
}

export function eventOf(
  what: string,
  { id, patient_id }: { id: string; patient_id: string },
  payload: Record<string, unknown>,
) {
  return { type: `appointment.${what}`, subject_type: 'appointment', subject_id: id, patient_id, payload }
}

/** Booking for somebody found is what makes the record reachable, so the key is taken from where people are found. */
async function findKey(ctx: Context, patient_id: string): Promise<DataKey> {
  const database = patient_id === ctx.actor.patient_id || ctx.reach === 'all' ? ctx.database : ctx.reaching('find')
  const stored = await database.once((tx) => tx.first(findPatientKey(patient_id)))
  const key = stored && openKey(ctx.system.keys.keyring, stored)
  if (!key) throw new Problem(notFound, { detail: 'There is no active patient with this id' })
  return key
}
