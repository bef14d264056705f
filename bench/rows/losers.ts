// Who loses a race for a doctor's time is told so at once, by whichever path they came.
import type { LoadRequest } from '../load/load.ts'
import type { OpenWard } from '../openward.ts'
import type { Measured, Row } from '../row.ts'

const racers = 100
const races_of_a_path = 5
// Those before are raced for in the row of double bookings.
const first_slot = 20

type Booking = { doctor_id: string; patient_id: string; appointment_time: string }
type Racer = { request: LoadRequest; headers: Record<string, string> }
type Path = (racer: number, booking: Booking) => LoadRequest
const post = (path: string, body: object): LoadRequest => ({ method: 'POST', path: `/api/v1/${path}`, body })

async function bookAll(port: number, headers: Record<string, string>, bookings: readonly Booking[]) {
  const ids: string[] = []
  for (const booking of bookings) {
    const answer = await send(port, { request: post('appointments', booking), headers })
    if (answer.status !== 201) throw new Error(`a booking is answered ${answer.status}: ${answer.text}`)
    ids.push((JSON.parse(answer.text) as { id: string }).id)
  }
  return ids
}

async function createPaths(openward: OpenWard, headers: Record<string, string>, spare: readonly Booking[]) {
  const { port } = openward
  const moved = await bookAll(port, headers, spare)
  const others = (await openward.createBookings()).slice(-racers).map(({ body }) => body as Booking)
  const reassigned = await bookAll(port, headers, others)
  const paths: Record<string, Path> = {
    book: (_, booking) => post('appointments', booking),
    hold: (_, { doctor_id, appointment_time }) => post('slots/holds', { doctor_id, appointment_time }),
    move: (racer, { appointment_time }) => ({
      method: 'PUT',
      path: `/api/v1/appointments/${moved[racer]}`,
      body: { appointment_time },
    }),
    reassign: (racer, { doctor_id, appointment_time }) => ({
      method: 'PUT',
      path: `/api/v1/appointments/${reassigned[racer]}`,
      body: { doctor_id, appointment_time },
    }),
    series: (_, booking) => post('appointments/series', { ...booking, rrule: 'FREQ=WEEKLY;COUNT=3' }),
  }
  const all = Object.values(paths)
  paths['all of them'] = (racer, booking) => (all[racer % all.length] as Path)(racer, booking)
  return paths
}

async function send(port: number, { request: { method, path, body }, headers }: Racer) {
  const began_at = performance.now()
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  return { status: answer.status, text, took_ms: performance.now() - began_at }
}

async function race(servers: readonly number[], all: readonly Racer[]) {
  const answers = await Promise.all(all.map((racer, at) => send(servers[at % servers.length] ?? 0, racer)))
  const won = answers.filter(({ status }) => status < 300).length
  const strange = answers.filter(({ status }) => status >= 300 && status !== 409).length
  const losers = answers.filter(({ status }) => status === 409)
  return { last_ms: Math.max(...losers.map(({ took_ms }) => took_ms)), errors: strange + (won === 1 ? 0 : 1) }
}

export const loser_rows: readonly Row[] = [
  {
    name: 'losers_of_a_race',
    requirement: `${racers} people want the same free slot at once through two servers, by each path ${races_of_a_path} times: when the last who lost is told, the slowest race`,
    unit: 'ms',
    once: true,
    sides: [
      {
        name: 'OpenWard',
        async prepare(world) {
          const openward = await world.openward()
          const servers = [openward.port, (await world.openward_beside()).port]
          const sessions = await openward.createSessions(racers)
          const headers = await openward.headersOf('staff')
          const slots = await openward.createRaces(racers + 6 * races_of_a_path, racers, first_slot)
          const bookings = slots.map((slot) => slot.map(({ body }) => body as Booking))
          const spare = bookings.splice(0, racers).flatMap((slot) => slot.slice(0, 1))
          const paths = await createPaths(openward, headers, spare)
          return async (): Promise<Measured> => {
            const told: string[] = []
            let errors = 0
            let slowest_ms = 0
            for (const [name, path] of Object.entries(paths)) {
              let last_ms = 0
              for (const slot of bookings.splice(0, races_of_a_path)) {
                const all = slot.map((booking, at) => ({
                  request: path(at, booking),
                  headers: sessions[at] ?? headers,
                }))
                const raced = await race(servers, all)
                last_ms = Math.max(last_ms, raced.last_ms)
                errors += raced.errors
              }
              told.push(`${name} ${Math.round(last_ms)} ms`)
              slowest_ms = Math.max(slowest_ms, last_ms)
            }
            return { value: slowest_ms, detail: told.join(', '), errors }
          }
        },
      },
    ],
    promises: [{ at_most: 1000 }],
  },
]
