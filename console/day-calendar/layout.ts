// Where the appointments of a day stand in the calendar: a column a doctor, minutes from the top.
import type { Appointment } from '#contracts/appointments/appointment-record'
import type { Doctor } from '#contracts/doctors/doctor'
import { minutesIn } from '../words/clock.ts'

export type Placed = { appointment: Appointment; start: number; end: number; lane: number; lanes: number }
export type Column = { doctor: Doctor; placed: Placed[] }
export type Span = { from: number; to: number }

const usualDay: Span = { from: 8 * 60, to: 18 * 60 }
const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

/** In the order of the doctors. Those who overlap, because they were overbooked, stand beside each other. */
export function columnsOf(doctors: readonly Doctor[], appointments: readonly Appointment[]): Column[] {
  const ofDoctor = Map.groupBy(appointments, ({ doctor_id }) => doctor_id)
  return doctors.map((doctor) => ({
    doctor,
    placed: placeBeside(
      (ofDoctor.get(doctor.id) ?? []).map((appointment) => {
        const start = minutesIn(appointment.appointment_time, doctor.timezone)
        return { appointment, start, end: start + appointment.duration_minutes, lane: 0, lanes: 1 }
      }),
    ),
  }))
}

function placeBeside(given: Placed[]): Placed[] {
  const sorted = given.toSorted((a, b) => a.start - b.start || a.appointment.id.localeCompare(b.appointment.id))
  const placed: Placed[] = []
  let together: Placed[] = []
  let until = -1
  const settle = () => {
    const lanes = Math.max(0, ...together.map(({ lane }) => lane)) + 1
    placed.push(...together.map((one) => ({ ...one, lanes })))
    together = []
  }
  for (const one of sorted) {
    if (one.start >= until) settle()
    const busy = new Set(together.filter(({ end }) => end > one.start).map(({ lane }) => lane))
    let lane = 0
    while (busy.has(lane)) lane += 1
    together.push({ ...one, lane })
    until = Math.max(until, one.end)
  }
  settle()
  return placed
}

/** The hours that are shown: those of the doctors, and whatever stands outside of them. */
export function spanOf(columns: readonly Column[]): Span {
  const hours = columns.flatMap(({ doctor, placed }) => [
    { from: minutesOf(doctor.available_from), to: minutesOf(doctor.available_to) },
    ...placed.map(({ start, end }) => ({ from: start, to: end })),
  ])
  if (hours.length === 0) return usualDay
  const from = Math.min(...hours.map((span) => span.from))
  const to = Math.max(...hours.map((span) => span.to))
  return { from: Math.floor(from / 60) * 60, to: Math.min(24 * 60, Math.ceil(to / 60) * 60) }
}

type Arrow = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight'

/** Where an arrow leads from an appointment: along the day of a doctor, or to what is nearest in time at the next one. */
export function neighbour(columns: readonly Column[], id: string, arrow: Arrow): string | undefined {
  const at = columns.findIndex(({ placed }) => placed.some(({ appointment }) => appointment.id === id))
  const column = columns[at]
  const index = column?.placed.findIndex(({ appointment }) => appointment.id === id) ?? -1
  const here = column?.placed[index]
  if (!column || !here) return undefined
  if (arrow === 'ArrowUp' || arrow === 'ArrowDown')
    return column.placed[index + (arrow === 'ArrowDown' ? 1 : -1)]?.appointment.id
  const beside = arrow === 'ArrowRight' ? columns.slice(at + 1) : columns.slice(0, at).reverse()
  const next = beside.find(({ placed }) => placed.length > 0)
  return next?.placed.toSorted((a, b) => Math.abs(a.start - here.start) - Math.abs(b.start - here.start))[0]
    ?.appointment.id
}
