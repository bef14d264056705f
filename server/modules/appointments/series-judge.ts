// What stands in the way of each of several times, all of it at once, and what can be had instead.
import type { Context } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { bookingHorizonDays, type Calendar, findNearestSlotsToEach, instantText, offeredSlotAt } from '#modules/doctors'
import { findTakenRanges } from '#modules/resources'
import type { SlotPriority } from '../doctors/slot.contract.ts'
import { notAccepting, patientBusy, resourceUnknown } from './appointment.contract.ts'
import { takenKind } from './refusal.ts'
import { type Conflict, seriesConflicts } from './series.contract.ts'
import { findPatientState, findTimeStates, removeEndedHoldsAtAll, type TimeState } from './series.store.ts'
import type { Occurrence } from './series-rule.ts'
import { type AskedSlot, slotOf, slotPriority } from './slot-choice.ts'

const day_ms = 86_400_000
const week_ms = 7 * day_ms

export type Wanted = Occurrence & { priority: SlotPriority; resource_ids: readonly string[] }
export type Judged<T extends Wanted> = { free: (T & { slot: AskedSlot })[]; conflicts: Conflict[] }

/**
 * Holds that have ended are put out of the way meanwhile. `own` are the appointments that would move to these times.
 * @throws Problem notFound, notAccepting, resourceUnknown
 */
export async function judgeTimes<T extends Wanted>(
  ctx: Context,
  calendar: Calendar,
  wanted: readonly T[],
  { patient_id, own = [] }: { patient_id: string; own?: readonly string[] },
): Promise<Judged<T>> {
  const slots = wanted.map((one) =>
    one.is_skipped ? undefined : slotOf(calendar, one.appointment_time, slotPriority(ctx, one.priority)),
  )
  const asked = wanted.flatMap((one, at) => {
    const slot = slots[at]
    return slot ? [{ ...one, slot }] : []
  })
  const times = asked.map(({ slot, resource_ids }) => ({ ...slot, resource_ids }))
  const about = { doctor_id: calendar.id, patient_id, times }
  const resource_ids = [...new Set(wanted.flatMap((one) => one.resource_ids))]
  const takes_anyone = ctx.actor.doctor_id === calendar.id
  const [, patient, states] = await ctx.database.once((tx) =>
    Promise.all([
      tx.run(removeEndedHoldsAtAll(about)),
      tx.one(
        findPatientState(calendar.id, patient_id, { takes_anyone, resource_ids: own.length > 0 ? [] : resource_ids }),
      ),
      tx.rows(findTimeStates({ ...about, own })),
    ]),
  )
  if (!patient.is_bookable_patient) throw new Problem(notFound, { detail: 'There is no active patient with this id' })
  if (!patient.is_accepted) throw new Problem(notAccepting)
  if (!patient.knows_resources) throw new Problem(resourceUnknown)

  const found = new Map(asked.map((one, at) => [one.occurrence, states[at]]))
  const judged = wanted.map((one, at) => ({ one, slot: slots[at], code: codeOf(calendar, one, slots[at], found) }))
  const free = judged.flatMap(({ one, slot, code }) => (slot && code === undefined ? [{ ...one, slot }] : []))
  const refused = judged.flatMap(({ one, code }) => (code === undefined ? [] : [{ one, code }]))
  const offers = await offersFor(
    ctx,
    calendar,
    refused.map(({ one }) => one),
    free.map(({ slot }) => slot),
  )
  const conflicts = refused.map(({ one, code }, at): Conflict => {
    const { occurrence, local_time, appointment_time } = one
    const appointment_id = code === patientBusy.code ? found.get(occurrence)?.appointment_id : null
    const known = appointment_id ? { appointment_id } : {}
    return { occurrence, local_time, appointment_time, code, ...known, nearest_slots: offers[at] ?? [] }
  })
  return { free, conflicts }
}

/** Where the patient is elsewhere, the conflicts name what they have. */
export function refusedFor(patient_id: string, conflicts: readonly Conflict[]): Problem {
  const problem = new Problem(seriesConflicts, { conflicts })
  return conflicts.some(({ appointment_id }) => appointment_id) ? problem.naming({ patient_id }) : problem
}

function codeOf(
  calendar: Calendar,
  one: Wanted,
  slot: AskedSlot | undefined,
  states: ReadonlyMap<number, TimeState | undefined>,
): Conflict['code'] | undefined {
  if (slot) {
    const state = states.get(one.occurrence)
    const kind = state && takenKind(state)
    if (kind) return kind === patientBusy ? 'patient_busy' : 'slot_taken'
    return state?.is_resource_taken ? 'resource_taken' : undefined
  }
  const asked_ms = Date.parse(one.appointment_time)
  const now_ms = Temporal.Now.instant().epochMilliseconds
  if (asked_ms <= now_ms) return 'time_in_past'
  if (asked_ms > now_ms + bookingHorizonDays * day_ms) return 'beyond_horizon'
  if (one.is_skipped) return 'skipped_hour'
  return offeredSlotAt(calendar, asked_ms)?.is_reserved ? 'reserved_for_urgent' : 'outside_availability'
}

/** Free slots near each, at which the resources are free too, and that no other occurrence takes. */
async function offersFor(ctx: Context, calendar: Calendar, refused: readonly Wanted[], used: readonly AskedSlot[]) {
  const [first] = refused
  if (!first) return []
  const asked_ms = refused.map(({ appointment_time }) => Date.parse(appointment_time))
  const resource_ids = [...new Set(refused.flatMap((one) => one.resource_ids))]
  // Offers lie ahead and within the horizon, however far from that the times are.
  const now_ms = Temporal.Now.instant().epochMilliseconds
  const offered_ms = asked_ms.map((at_ms) => Math.min(Math.max(at_ms, now_ms), now_ms + bookingHorizonDays * day_ms))
  const window = {
    from: instantText(Math.min(...offered_ms) - 2 * week_ms),
    to: instantText(Math.max(...offered_ms) + 2 * week_ms),
  }
  const rows =
    resource_ids.length === 0
      ? []
      : await ctx.database.once((tx) => tx.rows(findTakenRanges(resource_ids, window.from, window.to)))
  // A time may be free with the doctor, and still not be one for this patient.
  const refusals = asked_ms.map((at_ms) => ({ starts_at: instantText(at_ms), ends_at: instantText(at_ms + 60_000) }))
  const avoided = [...used, ...refusals, ...rows]
    .map(({ starts_at, ends_at }) => ({ starts_at_ms: Date.parse(starts_at), ends_at_ms: Date.parse(ends_at) }))
    .toSorted((left, right) => left.starts_at_ms - right.starts_at_ms)
  return findNearestSlotsToEach(ctx, calendar, asked_ms, avoided, slotPriority(ctx, first.priority))
}
