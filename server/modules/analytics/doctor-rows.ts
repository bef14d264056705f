// The slots and appointments that figures of doctors are sums of: some days at a time, until a page is full.
import { type CountedStatus, countedStatuses } from './analytics.contract.ts'
import { commonTime, offeredSlots } from './availability.ts'
import { placesOf, type utilizationParts } from './doctor-days.ts'
import { findDoctorStates, findMoment, findTimeOff } from './doctor-days.store.ts'
import { type CountedAppointment, listCounted } from './doctor-rows.store.ts'
import type { FoundRow, RowsAsked } from './figure-rows.ts'
import { windowOf } from './kept-days.ts'
import type { Period } from './period.ts'
import type { Source } from './source.ts'
import type { TimeRange } from '#modules/doctors'

export const trendSums = [
  'appointments',
  ...countedStatuses,
  'lead_minutes',
  'new_patient_appointments',
  'returning_patient_appointments',
] as const
type Sum = (typeof utilizationParts)[number] | (typeof trendSums)[number]

export type DoctorRowsAsked = RowsAsked & {
  figure: Sum
  doctor_id: string | undefined
  /** Empty for doctors of no department. */
  department_id: string | undefined
  specialization: string | undefined
}
type Placed = { doctor_id: string; department_id: string | null; specialization: string; day_number: number }

const minute_ms = 60_000
/** At first a day; as long as little is found, twice as many each time. */
const most_days_at_once = 31

export async function findDoctorRows(
  source: Source,
  period: Period,
  asked: DoctorRowsAsked,
): Promise<{ as_of: string; rows: FoundRow[] }> {
  const { bounds } = windowOf(period, asked.doctor_id)
  const { after, limit } = asked
  const rows: FoundRow[] = []
  let as_of: string | undefined
  let day =
    after === undefined
      ? 0
      : Math.max(
          0,
          bounds.findLastIndex((bound) => Date.parse(bound) <= Date.parse(after[0])),
        )
  for (let days = asked.doctor_id === undefined ? 1 : most_days_at_once; day < bounds.length - 1;) {
    const found = await findOfDays(source, bounds.slice(day, day + days + 1), asked)
    as_of ??= found.as_of
    rows.push(...found.rows.filter((row) => after === undefined || isBehind(row, after)))
    if (rows.length > limit) break
    day += days
    days = Math.min(days * 2, most_days_at_once)
  }
  return { as_of: as_of ?? (await source.counting.once((tx) => tx.one(findMoment()))).as_of, rows }
}

function isBehind({ at, id }: FoundRow, [after_at, after_id]: readonly [string, string]): boolean {
  return (Temporal.Instant.compare(at, after_at) || (id < after_id ? -1 : id > after_id ? 1 : 0)) > 0
}

async function findOfDays({ counting }: Source, bounds: readonly string[], asked: DoctorRowsAsked) {
  const { figure, doctor_id } = asked
  const [starts_at, ends_at] = [bounds[0] ?? '', bounds.at(-1) ?? '']
  const has_slots = figure === 'available_minutes' || figure === 'booked_minutes' || figure === 'outside_minutes'
  const status: CountedStatus | undefined =
    countedStatuses.find((one) => one === figure) ?? (figure === 'completed_minutes' ? 'completed' : undefined)
  const of = {
    doctor_id,
    with_new: figure === 'new_patient_appointments' || figure === 'returning_patient_appointments',
    ...(status && { status }),
  }
  const [{ as_of }, states, time_off, appointments] = await counting.once((tx) =>
    Promise.all([
      tx.one(findMoment()),
      tx.rows(findDoctorStates(starts_at, ends_at, doctor_id)),
      has_slots ? tx.rows(findTimeOff(starts_at, ends_at, doctor_id)) : [],
      figure === 'available_minutes' ? [] : tx.rows(listCounted({ starts_at, ends_at }, of)),
    ]),
  )
  const bounds_ms = bounds.map((at) => Date.parse(at))
  const dayOf = (at_ms: number) => bounds_ms.findLastIndex((bound) => bound <= at_ms) + 1
  const placeOf = placesOf(states, bounds_ms.slice(1))
  const isAsked = ({ department_id, specialization }: Placed) =>
    (asked.department_id === undefined || (department_id ?? '') === asked.department_id) &&
    (asked.specialization === undefined || specialization === asked.specialization)
  const placed = (of_doctor: string, at_ms: number): Placed => ({
    ...placeOf({ doctor_id: of_doctor, day_number: dayOf(at_ms) }),
    doctor_id: of_doctor,
  })
  const states_of = Map.groupBy(states, (state) => state.doctor_id)
  const off_of = Map.groupBy(time_off, (off) => off.doctor_id)
  const slotsOf = (of_doctor: string) =>
    offeredSlots(states_of.get(of_doctor) ?? [], off_of.get(of_doctor) ?? [], {
      starts_at_ms: bounds_ms[0] ?? 0,
      ends_at_ms: bounds_ms.at(-1) ?? 0,
    })
  if (figure === 'available_minutes') {
    const slots = [...states_of.keys()].flatMap((id) =>
      slotsOf(id).map((slot) => ({ ...placed(id, slot.starts_at_ms), slot })),
    )
    return {
      as_of,
      rows: slots
        .filter(isAsked)
        .toSorted(
          (one, other) => one.slot.starts_at_ms - other.slot.starts_at_ms || (one.doctor_id < other.doctor_id ? -1 : 1),
        )
        .map(({ slot, doctor_id: id, department_id }) => ({
          ...rowOf(id, Temporal.Instant.fromEpochMilliseconds(slot.starts_at_ms).toString(), {
            doctor_id: id,
            department_id,
          }),
          value: (slot.ends_at_ms - slot.starts_at_ms) / minute_ms,
        })),
    }
  }
  const booked = has_slots ? bookedMinutes(appointments, slotsOf, dayOf) : new Map<string, number>()
  const rows = appointments.flatMap((appointment) => {
    const place = placed(appointment.doctor_id, appointment.starts_ms)
    const value = values[figure]?.(appointment, booked.get(appointment.id) ?? 0) ?? 1
    if (value === 0 || !isAsked(place)) return []
    return [{ ...rowOf(appointment.id, appointment.at, place), part: appointment.status, value }]
  })
  return { as_of, rows }
}

function rowOf(id: string, at: string, { doctor_id, department_id }: Pick<Placed, 'doctor_id' | 'department_id'>) {
  return { id, at, part: null, doctor_id, department_id, resource_id: null }
}

type Value = (appointment: CountedAppointment, booked: number) => number
const isKept = ({ status }: CountedAppointment) => status !== 'cancelled'
/** What an appointment adds; to every other figure, 1. */
const values: Partial<Record<Sum, Value>> = {
  completed_minutes: ({ minutes }) => minutes,
  lead_minutes: ({ lead_minutes }) => lead_minutes,
  booked_minutes: (_, booked) => booked,
  outside_minutes: (one, booked) => (isKept(one) ? one.minutes - booked : 0),
  new_patient_appointments: (one) => (isKept(one) && one.is_new ? 1 : 0),
  returning_patient_appointments: (one) => (isKept(one) && !one.is_new ? 1 : 0),
}

/**
 * How much of the offered time of its day each appointment takes: where some overlap, whichever begins first. Rounded so that the
 * minutes of a day come to those of the figure.
 */
function bookedMinutes(
  appointments: readonly CountedAppointment[],
  slotsOf: (doctor_id: string) => readonly TimeRange[],
  dayOf: (at_ms: number) => number,
): Map<string, number> {
  const booked = new Map<string, number>()
  const taken = appointments.filter(isKept)
  for (const [doctor_id, of_doctor] of Map.groupBy(taken, (appointment) => appointment.doctor_id)) {
    const slots_on = Map.groupBy(
      slotsOf(doctor_id).toSorted((one, other) => one.starts_at_ms - other.starts_at_ms),
      ({ starts_at_ms }) => dayOf(starts_at_ms),
    )
    for (const [day, of_day] of Map.groupBy(of_doctor, ({ starts_ms }) => dayOf(starts_ms))) {
      let covered_until_ms = 0
      let common_ms = 0
      for (const { id, starts_ms, ends_ms } of of_day) {
        const starts_at_ms = Math.max(starts_ms, covered_until_ms)
        const before = Math.floor(common_ms / minute_ms)
        if (starts_at_ms < ends_ms)
          common_ms += commonTime(slots_on.get(day) ?? [], [{ starts_at_ms, ends_at_ms: ends_ms }])
        booked.set(id, Math.floor(common_ms / minute_ms) - before)
        covered_until_ms = Math.max(covered_until_ms, ends_ms)
      }
    }
  }
  return booked
}
