// Which of a doctor's times somebody may ask for: a slot of the calendar, in the future, within the horizon.
import { type Context, holds } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import {
  bookingHorizonDays,
  type Calendar,
  type Calendars,
  findNearestSlots,
  instantText,
  offeredSlotAt,
} from '#modules/doctors'
import { reservedForUrgent, type SlotPriority } from '../doctors/slot.contract.ts'
import { beyondHorizon, outsideAvailability, timeInPast } from './appointment.contract.ts'

const day_ms = 86_400_000

/** A slot of a doctor, as instants. */
export type AskedSlot = { starts_at: string; ends_at: string }
export type AskedTime = {
  doctor_id: string
  patient_id: string | null
  appointment_time: string
  priority: SlotPriority
}

/** The slot that begins when it is asked for. What is known of the calendar may be old, so a refusal reads it again. */
export async function findSlot(
  ctx: Context,
  calendars: Calendars,
  asked: AskedTime,
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
async function outsideSlots(
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
export function mayBookWith({ actor, reach }: Context, calendar: Calendar, patient_id: string | null): boolean {
  if (!calendar.is_active) return false
  if (reach === 'all') return true
  const scopes = reach.split(',')
  const isOwn = calendar.id === actor.doctor_id || (patient_id !== null && patient_id === actor.patient_id)
  if (scopes.includes('own') && isOwn) return true
  return (
    scopes.includes('department') && actor.department_id !== undefined && calendar.department_id === actor.department_id
  )
}
