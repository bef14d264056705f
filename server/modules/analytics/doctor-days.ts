// Figures per doctor and local day: what every figure of doctors and appointments is a sum of.
import { setImmediate as turn } from 'node:timers/promises'
import { type CountedStatus, countedStatuses } from './analytics.contract.ts'
import { commonTime, type DoctorState, offeredSlots } from './availability.ts'
import type { TakenDay } from './doctor-days.store.ts'
import { type Open, stretchesOfDoctor } from './window.ts'
import type { TimeRange } from '#modules/doctors'

/** Where and when a row counts. `day_number` is counted from 1; of a sum over days it is the last of them. */
export type DoctorDay = {
  /** Null of a sum over doctors. */
  doctor_id: string | null
  day_number: number
  department_id: string | null
  specialization: string
}

export const utilizationParts = [
  'available_minutes',
  'booked_minutes',
  'outside_minutes',
  'completed_minutes',
  'appointments',
  ...countedStatuses,
] as const
export type UtilizationDay = DoctorDay & Record<(typeof utilizationParts)[number], number>

export const trendParts = [
  'lead_minutes',
  'new_patient_appointments',
  'returning_patient_appointments',
  'appointments',
  ...countedStatuses,
] as const
export type TrendDay = DoctorDay & Record<(typeof trendParts)[number], number>

const minute_ms = 60_000

/** Where a doctor belonged at the end of each day; a doctor without a state at that time as in the first one. */
export function placesOf(states: readonly DoctorState[], day_ends_ms: readonly number[]) {
  const states_of = Map.groupBy(states, ({ doctor_id }) => doctor_id)
  return ({ doctor_id, day_number }: { doctor_id: string; day_number: number }): DoctorDay => {
    const of_doctor = states_of.get(doctor_id) ?? []
    const state =
      of_doctor.findLast(({ in_force_from_ms }) => in_force_from_ms < (day_ends_ms[day_number - 1] ?? 0)) ??
      of_doctor[0]
    return {
      doctor_id,
      day_number,
      department_id: state?.department_id ?? null,
      specialization: state?.specialization ?? '',
    }
  }
}

export type Offered = {
  /** First instants of the days, and the end of the last. */
  bounds_ms: readonly number[]
  /** What is counted of them. */
  open: Open
  states: readonly DoctorState[]
  time_off: readonly (TimeRange & { doctor_id: string })[]
  taken: readonly TakenDay[]
}

/** A row for each doctor and open day on which anything was offered or taken. Gives way to others between two doctors. */
export async function utilizationDays({
  bounds_ms,
  open,
  states,
  time_off,
  taken,
}: Offered): Promise<(UtilizationDay & { doctor_id: string })[]> {
  const placeOf = placesOf(states, bounds_ms.slice(1))
  const off_of = Map.groupBy(time_off, ({ doctor_id }) => doctor_id)
  const taken_of = Map.groupBy(taken, ({ doctor_id }) => doctor_id)
  const stretchesOf = stretchesOfDoctor(open)
  const rows: (UtilizationDay & { doctor_id: string })[] = []
  for (const [doctor_id, of_doctor] of Map.groupBy(states, (state) => state.doctor_id)) {
    const slots = stretchesOf(doctor_id).flatMap(([first, last]) =>
      offeredSlots(of_doctor, off_of.get(doctor_id) ?? [], {
        starts_at_ms: bounds_ms[first - 1] ?? 0,
        ends_at_ms: bounds_ms[last] ?? 0,
      }),
    )
    const offered = byDay(slots, bounds_ms)
    const taken_on = new Map((taken_of.get(doctor_id) ?? []).map((day) => [day.day_number, day]))
    for (const day_number of new Set([...offered.keys(), ...taken_on.keys()])) {
      const row = rowOf(placeOf({ doctor_id, day_number }), offered.get(day_number) ?? [], taken_on.get(day_number))
      rows.push({ ...row, doctor_id })
    }
    await turn()
  }
  return rows
}

function rowOf(place: DoctorDay, slots: readonly TimeRange[], taken: TakenDay | undefined): UtilizationDay {
  const ranges =
    taken?.starts_ms.map((starts_at_ms, at) => ({ starts_at_ms, ends_at_ms: taken.ends_ms[at] ?? 0 })) ?? []
  const booked_minutes = Math.floor(commonTime(slots, ranges) / minute_ms)
  const counts = Object.fromEntries(countedStatuses.map((status) => [status, taken?.[status] ?? 0])) as Record<
    CountedStatus,
    number
  >
  return {
    ...place,
    ...counts,
    appointments: taken?.appointments ?? 0,
    available_minutes: slots.reduce((sum, slot) => sum + (slot.ends_at_ms - slot.starts_at_ms) / minute_ms, 0),
    booked_minutes,
    outside_minutes: (taken?.taken_minutes ?? 0) - booked_minutes,
    completed_minutes: taken?.completed_minutes ?? 0,
  }
}

/** By the day on which each begins; days are counted from 1. */
function byDay(slots: readonly TimeRange[], bounds_ms: readonly number[]): Map<number, TimeRange[]> {
  let day_number = 1
  return Map.groupBy(
    slots.toSorted((one, other) => one.starts_at_ms - other.starts_at_ms),
    ({ starts_at_ms }) => {
      while (starts_at_ms >= (bounds_ms[day_number] ?? Infinity)) day_number += 1
      return day_number
    },
  )
}

/** The sum of each part over some rows. */
export function addUp<N extends string>(
  parts: readonly N[],
  rows: readonly Readonly<Record<N, number>>[],
): Record<N, number> {
  return Object.fromEntries(parts.map((part) => [part, rows.reduce((sum, row) => sum + row[part], 0)])) as Record<
    N,
    number
  >
}
