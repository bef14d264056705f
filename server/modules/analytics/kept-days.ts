// Days of doctors as figures are made of them: sums of what is kept, and what is open counted from the records of the same moment.
import type { Tx } from '#platform/database/transaction.ts'
import { type Offered, placesOf, type TrendDay } from './doctor-days.ts'
import { findBookedDays, findDoctorStates, findTakenDays, findTimeOff } from './doctor-days.store.ts'
import { daysOf, type Period } from './period.ts'
import { findOpen, type KeptDay, sumKept } from './rollup.store.ts'
import type { Source } from './source.ts'
import { everyDay, isNothing, type Open, timesOf, type Window } from './window.ts'

export function windowOf(period: Period, doctor_id: string | undefined): Window {
  return { bounds: [...daysOf(period).map(({ starts_at }) => starts_at), period.ends_at], doctor_id }
}

type Asked = { window: Window; stretches: readonly number[]; by_doctor: boolean }

/** What is open, and the sums of the rest as a promise: what is open is asked for in the same turn. */
export async function askKept(
  tx: Tx,
  { in_full }: Pick<Source, 'in_full'>,
  { window, ...by }: Asked,
): Promise<{ open: Open; kept: Promise<KeptDay[]> }> {
  if (in_full) return { open: everyDay(window), kept: Promise.resolve([]) }
  const open = await askOpen(tx, window)
  return { open, kept: tx.rows(sumKept(window, open, by)) }
}

export async function askOpen(tx: Tx, window: Window, last_mark?: number): Promise<Open> {
  const rows = await tx.rows(findOpen(window, last_mark))
  return {
    days: rows.filter(({ doctor_id }) => doctor_id === null).map(({ day_number }) => day_number),
    of_doctors: rows.flatMap(({ doctor_id, day_number }) => (doctor_id === null ? [] : [{ doctor_id, day_number }])),
  }
}

/** What the time that was offered and taken on open days is counted from. */
export async function askOffered(tx: Tx, window: Window, open: Open): Promise<Offered> {
  const bounds_ms = window.bounds.map((at) => Date.parse(at))
  if (isNothing(open)) return { bounds_ms, open, states: [], time_off: [], taken: [] }
  const { starts_at, ends_at } = timesOfOpen(window, open)
  const [states, time_off, taken] = await Promise.all([
    tx.rows(findDoctorStates(starts_at, ends_at, window.doctor_id)),
    tx.rows(findTimeOff(starts_at, ends_at, window.doctor_id)),
    tx.rows(findTakenDays(window, open)),
  ])
  return { bounds_ms, open, states, time_off, taken }
}

/** A row for each doctor and open day with an appointment. */
export async function askTrendDays(tx: Tx, window: Window, open: Open): Promise<(TrendDay & { doctor_id: string })[]> {
  if (isNothing(open)) return []
  const { starts_at, ends_at } = timesOfOpen(window, open)
  const [states, booked] = await Promise.all([
    tx.rows(findDoctorStates(starts_at, ends_at, window.doctor_id)),
    tx.rows(findBookedDays(window, open)),
  ])
  const placeOf = placesOf(
    states,
    window.bounds.slice(1).map((at) => Date.parse(at)),
  )
  return booked.map((day) => ({ ...day, ...placeOf(day), doctor_id: day.doctor_id }))
}

function timesOfOpen(window: Window, { days, of_doctors }: Open) {
  return timesOf(window, [...days, ...of_doctors.map(({ day_number }) => day_number)])
}
