// Why a booking, a hold or a move was refused by the database, and what can be had instead.
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { notFound, Problem, type ProblemKind } from '#platform/contract/problem.ts'
import { type Calendar, findNearestSlots } from '#modules/doctors'
import type { SlotPriority } from '../doctors/slot.contract.ts'
import { notAccepting, patientBusy, slotTaken } from './appointment.contract.ts'
import { type BookingState, findBookingState } from './booking.store.ts'
import { removeEndedHoldsAt } from './hold.store.ts'
import { type AskedSlot, slotPriority } from './slot-choice.ts'

export type Refused = AskedSlot & { doctor_id: string; patient_id: string | null }
export type RefusedWith = {
  /** The appointment or hold whose time is the asker's own to give. */
  own?: string | undefined
  overbooks?: boolean | undefined
  /** Of the slots that are offered instead. */
  priority?: SlotPriority | undefined
}

/**
 * Why it was refused, or undefined where nothing stands in its way now: then holds that have ended are put out of the way, so
 * that a second attempt meets them no more. Of a crowd that wants one time all but one come here: they ask together.
 */
export async function findRefusal(
  ctx: Context,
  calendar: Calendar,
  asked: Refused,
  how: RefusedWith = {},
): Promise<Problem | undefined> {
  // A lane of overbooking may be taken by a hold that has ended.
  if (how.overbooks) await ctx.database.once((tx) => tx.run(removeEndedHoldsAt(asked)))
  const [found] = await ctx.database.read(findBookingState(asked, how))
  const state = certain(found, 'state of a calendar')
  if (asked.patient_id !== null) {
    if (!state.is_bookable_patient) return new Problem(notFound, { detail: 'There is no active patient with this id' })
    const isKnown = state.accepts_new_patients || state.is_known_patient || ctx.actor.doctor_id === asked.doctor_id
    if (!isKnown) return new Problem(notAccepting)
  }
  const kind = takenKind(state)
  if (!kind) {
    await ctx.database.once((tx) => tx.run(removeEndedHoldsAt(asked)))
    return undefined
  }
  return takenProblem(ctx, calendar, asked, kind, state.appointment_id, how.priority)
}

/** That a time is taken tells by whom only to those who see that appointment anyway. */
export function takenKind({
  is_doctor_taken,
  is_patient_busy,
  appointment_id,
}: Pick<BookingState, 'is_doctor_taken' | 'is_patient_busy' | 'appointment_id'>): ProblemKind | undefined {
  if (is_doctor_taken) return slotTaken
  if (!is_patient_busy) return undefined
  return appointment_id === null ? slotTaken : patientBusy
}

async function takenProblem(
  ctx: Context,
  calendar: Calendar,
  { starts_at, ends_at, patient_id }: Refused,
  kind: ProblemKind,
  appointment_id: string | null,
  priority: SlotPriority = 'routine',
): Promise<Problem> {
  const asked = { starts_at_ms: Date.parse(starts_at), ends_at_ms: Date.parse(ends_at) }
  const nearest_slots = await findNearestSlots(ctx, calendar, asked.starts_at_ms, [asked], slotPriority(ctx, priority))
  if (appointment_id === null || patient_id === null) return new Problem(kind, { nearest_slots })
  return new Problem(kind, { nearest_slots, appointment_id }).naming({ patient_id, resource_id: appointment_id })
}
