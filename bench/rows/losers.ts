// Who loses a race for a doctor's time is told so at once, by whichever path they came.
import { certain } from '#platform/certain.ts'
import type { LoadRequest } from '../load/load.ts'
import type { OpenWard } from '../openward.ts'
import type { Measured, Row } from '../row.ts'

const racers = 100
const races_of_a_path = 5
// Those before are raced for in the row of double bookings.
const first_slot = 20
/** Of the treated, whose own times are as many slots on: more than there are races. */
const first_winner = 500
/** An appointment, and three beside it with a reason. */
const lanes = 4

type Booking = { doctor_id: string; patient_id: string; appointment_time: string }
type Racer = { request: LoadRequest; headers: Record<string, string> }
type Path = {
  /** What is there before the race: its id. */
  begin?: (booking: Booking) => Promise<string>
  request: (racer: number, booking: Booking, id: string) => LoadRequest
  /** One unless said otherwise. */
  winners?: number
  /** Of whoever may do it, where reception may not. */
  headers?: Record<string, string>
}
const post = (path: string, body: object): LoadRequest => ({ method: 'POST', path: `/api/v1/${path}`, body })
const put = (path: string, body: object): LoadRequest => ({ method: 'PUT', path: `/api/v1/${path}`, body })

async function bookAll(port: number, headers: Record<string, string>, bookings: readonly Booking[]) {
  const ids: string[] = []
  for (const booking of bookings) ids.push(await make(port, { request: post('appointments', booking), headers }))
  return ids
}

async function make(port: number, racer: Racer): Promise<string> {
  const answer = await send(port, racer)
  if (answer.status !== 201) throw new Error(`${racer.request.path} is answered ${answer.status}: ${answer.text}`)
  return (JSON.parse(answer.text) as { id: string }).id
}

/** `holder` is who takes part first. */
async function createPaths(
  openward: OpenWard,
  headers: Record<string, string>,
  holder: Record<string, string>,
  spare: readonly Booking[],
) {
  const { port } = openward
  const moved = await bookAll(port, headers, spare)
  const others = (await openward.createBookings()).slice(-racers).map(({ body }) => body as Booking)
  const reassigned = await bookAll(port, headers, others)
  const hold = (_: number, { doctor_id, appointment_time }: Booking) =>
    post('slots/holds', { doctor_id, appointment_time })
  const begin = (request: LoadRequest) => make(port, { request, headers: holder })
  const paths: Record<string, Path> = {
    book: { request: (_, booking) => post('appointments', booking) },
    hold: { request: hold },
    convert: {
      begin: (booking) => begin(hold(0, booking)),
      request: (_, booking, hold_id) => post('appointments', { ...booking, hold_id }),
    },
    move: {
      request: (racer, { appointment_time }) => put(`appointments/${moved[racer]}`, { appointment_time }),
    },
    reassign: {
      request: (racer, { doctor_id, appointment_time }) =>
        put(`appointments/${reassigned[racer]}`, { doctor_id, appointment_time }),
    },
    series: { request: (_, booking) => post('appointments/series', { ...booking, rrule: 'FREQ=WEEKLY;COUNT=3' }) },
  }
  const all = ['book', 'hold', 'move', 'reassign', 'series'].map((name) => paths[name] as Path)
  paths['all of them'] = { request: (racer, ...given) => (all[racer % all.length] as Path).request(racer, ...given) }
  paths['confirm'] = {
    begin: (booking) => begin(post('appointments', booking)),
    request: (_, _booking, id) => put(`appointments/${id}/status`, { status: 'confirmed' }),
  }
  paths['overbook'] = {
    request: (_, booking) => post('appointments', { ...booking, overbook: { reason: 'Cannot wait' } }),
    winners: lanes,
    headers: await openward.headersOf('admin'),
  }
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

async function race(servers: readonly number[], all: readonly Racer[], winners = 1) {
  const answers = await Promise.all(all.map((racer, at) => send(servers[at % servers.length] ?? 0, racer)))
  const won = answers.filter(({ status }) => status < 300).length
  const strange = answers.filter(({ status }) => status >= 300 && status !== 409).length
  const losers = answers.filter(({ status }) => status === 409)
  return { last_ms: Math.max(...losers.map(({ took_ms }) => took_ms)), errors: strange + (won === winners ? 0 : 1) }
}

export const loser_rows: readonly Row[] = [
  {
    name: 'losers_of_a_race',
    requirement: `${racers} people want the same at once through two servers, a free slot or to change what is there, by each path ${races_of_a_path} times: when the last who lost is told, the slowest race`,
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
          const slots = await openward.createRaces(racers + 9 * races_of_a_path, racers, first_slot)
          // The first of each race must win where it races alone: of whom no row before books, but at times that are not raced for.
          const { patient_ids } = await openward.treatingDoctor()
          const bookings = slots.map((slot, at) =>
            slot.map(({ body }, racer) => {
              const booking = body as Booking
              return racer === 0
                ? { ...booking, patient_id: certain(patient_ids[at + first_winner], 'treated') }
                : booking
            }),
          )
          const spare = bookings.splice(0, racers).flatMap((slot) => slot.slice(0, 1))
          const paths = await createPaths(openward, headers, sessions[0] ?? headers, spare)
          return async (): Promise<Measured> => {
            const told: string[] = []
            let errors = 0
            let slowest_ms = 0
            for (const [name, path] of Object.entries(paths)) {
              let last_ms = 0
              for (const slot of bookings.splice(0, races_of_a_path)) {
                const id = (await path.begin?.(slot[0] as Booking)) ?? ''
                const all = slot.map((booking, at) => ({
                  request: path.request(at, booking, id),
                  headers: path.headers ?? sessions[at] ?? headers,
                }))
                const raced = await race(servers, all, path.winners)
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
