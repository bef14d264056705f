// Rows about booking: how many a second, and what happens when many want the same slot.
import type { LoadRequest } from '../load/load.ts'
import type { Measured, Row } from '../row.ts'
import { createLoadTurn, sliceOfTurn } from './load-side.ts'

const most_bookings_per_second = 5000
const raced_slots = 20
const racers = 20

const reference_doctors = 200
const reference_minutes = 30
// Doctors that no other row books.
const first_raced_doctor = 10_000

/** Slot number `index` of the reference, which knows doctors by number and has no schedules. */
function bookReference(index: number, patient_id: string, doctor_id = index % reference_doctors): LoadRequest {
  const start = Temporal.Instant.from('2030-01-01T00:00:00Z').add({
    minutes: Math.floor(index / reference_doctors) * reference_minutes,
  })
  const end = start.add({ minutes: reference_minutes })
  const body = { patient_id, doctor_id, start_time: start.toString(), end_time: end.toString() }
  return { method: 'POST', path: '/api/v1/appointments', body }
}

const patientAt = (ids: readonly string[], index: number): string => {
  const id = ids[index % ids.length]
  if (id === undefined) throw new Error('there are no patients')
  return id
}

/** Sends every slot's requests at once and counts what was booked beyond one appointment a slot. */
async function race(
  { port, headers }: { port: number; headers: Record<string, string> },
  slots: readonly (readonly LoadRequest[])[],
): Promise<Measured> {
  let double_bookings = 0
  let slots_doubled = 0
  let errors = 0
  let attempts = 0
  for (const requests of slots) {
    const statuses = await Promise.all(
      requests.map(async ({ path, body }) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        await answer.arrayBuffer()
        return answer.status
      }),
    )
    const booked = statuses.filter((status) => status === 201).length
    errors += statuses.filter((status) => status !== 201 && status !== 409).length + (booked === 0 ? 1 : 0)
    attempts += statuses.length
    double_bookings += Math.max(0, booked - 1)
    if (booked > 1) slots_doubled++
  }
  return {
    value: double_bookings,
    detail: `in ${slots_doubled} of ${slots.length} slots, ${attempts} attempts`,
    errors,
  }
}

export const booking_rows: readonly Row[] = [
  {
    name: 'book_appointment',
    requirement: '`POST /appointments`, distinct slots, 50 connections',
    unit: 'requests/s',
    sides: [
      {
        name: 'OpenWard',
        async prepare(world) {
          const openward = await world.openward()
          const headers = await openward.headersOf('staff')
          const bookings = await openward.createBookings()
          return createLoadTurn(world, {
            port: openward.port,
            headers,
            repeats: false,
            createRequests(turn, seconds) {
              const { from, to } = sliceOfTurn(turn, seconds, most_bookings_per_second)
              return bookings.slice(from, to)
            },
          })
        },
      },
      {
        name: 'reference',
        async prepare(world) {
          const { port, headers, patient_ids } = await world.reference()
          return createLoadTurn(world, {
            port,
            headers,
            repeats: false,
            createRequests(turn, seconds) {
              const { from, to } = sliceOfTurn(turn, seconds, most_bookings_per_second)
              return Array.from({ length: to - from }, (_, at) => bookReference(from + at, patientAt(patient_ids, at)))
            },
          })
        },
      },
    ],
    promises: [{ against: 'reference', at_least_times: 2 }],
  },
  {
    name: 'race_for_slots',
    requirement: `${racers} people want the same free slot at once, ${raced_slots} times: 0 double bookings`,
    unit: 'double bookings',
    once: true,
    sides: [
      {
        name: 'OpenWard',
        async prepare(world) {
          const openward = await world.openward()
          const headers = await openward.headersOf('staff')
          const slots = await openward.createRaces(raced_slots, racers)
          return () => race({ port: openward.port, headers }, slots)
        },
      },
      {
        name: 'reference',
        async prepare(world) {
          const { port, headers, patient_ids } = await world.reference()
          const slots = Array.from({ length: raced_slots }, (_, slot) =>
            Array.from({ length: racers }, (_other, racer) =>
              bookReference(slot, patientAt(patient_ids, slot * racers + racer), first_raced_doctor + slot),
            ),
          )
          return () => race({ port, headers }, slots)
        },
      },
    ],
    promises: [{ at_most: 0 }],
  },
]
