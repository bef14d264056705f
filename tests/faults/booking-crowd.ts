// Clients who book, hold, move, overbook, cancel and wait for the same few times by every path there is; each goes on until its
// steps are done. What each does next is drawn with a seed.
import { z } from 'zod'
import type { Caller } from '../caller.ts'
import { nextPerson } from '../hospital.ts'

export type Told = { path: string; status: number; text: string; took_ms: number }
export type Hospital = {
  /** Who may do anything, at each server. */
  administrator: readonly Caller[]
  /** Each at one of the servers. */
  staff: readonly Caller[]
  /** Patients who book for themselves. */
  alone: readonly Caller[]
  doctors: readonly string[]
  rooms: readonly string[]
  patients: string[]
  /** Starts that every doctor has, and the same a week later. */
  starts: readonly string[]
}
type Held = { id: string; by: Caller; doctor_id: string; appointment_time: string }
type Seen = {
  appointments: string[]
  series: string[]
  holds: Held[]
  waiting: string[]
  off: { doctor_id: string; id: string }[]
}

const Made = z.object({ id: z.string() })
const Offered = z.object({ items: z.array(Made) })

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export async function runCrowd(
  hospital: Hospital,
  { clients, steps, seed }: { clients: number; steps: number; seed: number },
): Promise<Told[]> {
  const told: Told[] = []
  const seen: Seen = { appointments: [], series: [], holds: [], waiting: [], off: [] }
  await Promise.all(
    Array.from({ length: clients }, async (_, at) => {
      const random = seeded(seed * 1000 + at)
      for (let step = 0; step < steps - 1; step += 1) await takeStep(hospital, seen, random, told)
      // Rare paths are gone as well, when there is something to go them with.
      await takeStep(hospital, seen, random, told, paths[at % paths.length])
    }),
  )
  return told
}

type Step = {
  hospital: Hospital
  seen: Seen
  pick: <T>(items: readonly T[]) => T | undefined
  /** Removes what it yields: nobody else uses it again. */
  take: <T>(items: T[]) => T | undefined
  send: (path: string, who: Caller | undefined, ...asked: Parameters<Caller['ask']>) => Promise<string | undefined>
}

async function takeStep(
  hospital: Hospital,
  seen: Seen,
  random: () => number,
  told: Told[],
  given?: (typeof paths)[number],
): Promise<void> {
  const index = (length: number) => Math.floor(random() * length)
  const step: Step = {
    hospital,
    seen,
    pick: (items) => items[index(items.length)],
    take: (items) => items.splice(index(items.length), 1)[0],
    async send(path, who, ...asked) {
      if (!who) return undefined
      const began_at = performance.now()
      const { status, text } = await who.ask(...asked)
      told.push({ path, status, text, took_ms: performance.now() - began_at })
      return status < 300 && text !== '' ? text : undefined
    },
  }
  let dice = random() * total
  const chosen = given ?? paths.find(([share]) => (dice -= share) < 0)
  await chosen?.[1](step)
}

const idOf = (text: string) => Made.parse(JSON.parse(text)).id
const appointment = (id: string | undefined) => `/api/v1/appointments/${id}`
const slot = ({ hospital, pick }: Step) => ({
  doctor_id: pick(hospital.doctors),
  appointment_time: pick(hospital.starts),
})

async function bookAs(step: Step, path: string, who: Caller | undefined, more: object) {
  const booked = await step.send(path, who, 'POST', '/api/v1/appointments', { ...slot(step), ...more })
  if (booked) step.seen.appointments.push(idOf(booked))
}

const paths: readonly (readonly [share: number, run: (step: Step) => Promise<unknown>])[] = [
  [
    20,
    (step) => {
      const room = step.pick([...step.hospital.rooms, undefined, undefined])
      const more = { patient_id: step.pick(step.hospital.patients), ...(room ? { resource_ids: [room] } : {}) }
      return bookAs(step, 'book', step.pick(step.hospital.staff), more)
    },
  ],
  [8, (step) => bookAs(step, 'book for oneself', step.pick(step.hospital.alone), {})],
  [
    4,
    (step) => {
      const more = { patient_id: step.pick(step.hospital.patients), overbook: { reason: 'Cannot wait' } }
      return bookAs(step, 'overbook', step.pick(step.hospital.administrator), more)
    },
  ],
  [
    8,
    async (step) => {
      const by = step.pick([...step.hospital.staff, ...step.hospital.alone])
      const asked = slot(step)
      const held = await step.send('hold', by, 'POST', '/api/v1/slots/holds', asked)
      const { doctor_id, appointment_time } = asked
      if (held && by && doctor_id && appointment_time)
        step.seen.holds.push({ id: idOf(held), by, doctor_id, appointment_time })
    },
  ],
  [
    8,
    async (step) => {
      const hold = step.take(step.seen.holds)
      if (!hold) return
      const { id: hold_id, by, ...time } = hold
      const isOwn = step.hospital.alone.includes(by)
      const more = { ...time, hold_id, ...(isOwn ? {} : { patient_id: step.pick(step.hospital.patients) }) }
      await bookAs(step, 'convert a hold', by, more)
    },
  ],
  [
    3,
    async (step) => {
      const hold = step.take(step.seen.holds)
      await step.send('give back', hold?.by, 'DELETE', `/api/v1/slots/holds/${hold?.id}`)
    },
  ],
  [
    10,
    async ({ seen, hospital, pick, send }) => {
      const id = pick(seen.appointments)
      const body = { appointment_time: pick(hospital.starts) }
      if (id) await send('move', pick(hospital.staff), 'PUT', appointment(id), body)
    },
  ],
  [
    8,
    async (step) => {
      const id = step.pick(step.seen.appointments)
      if (id) await step.send('reassign', step.pick(step.hospital.staff), 'PUT', appointment(id), slot(step))
    },
  ],
  [
    3,
    async ({ seen, hospital, pick, send }) => {
      const id = pick(seen.appointments)
      const body = { status: 'confirmed' }
      if (id) await send('confirm', pick(hospital.staff), 'PUT', `${appointment(id)}/status`, body)
    },
  ],
  [
    8,
    async ({ seen, hospital, pick, take, send }) => {
      const id = take(seen.appointments)
      if (id) await send('cancel', pick(hospital.administrator), 'DELETE', appointment(id))
    },
  ],
  [
    4,
    async (step) => {
      const body = { ...slot(step), patient_id: step.pick(step.hospital.patients), rrule: 'FREQ=WEEKLY;COUNT=3' }
      const how = { ...body, skip_conflicts: step.pick([true, false]) }
      const by = step.pick(step.hospital.staff)
      const booked = await step.send('series', by, 'POST', '/api/v1/appointments/series', how)
      if (booked) step.seen.series.push(idOf(booked))
    },
  ],
  [
    5,
    async (step) => {
      const id = step.pick(step.seen.series)
      const move = step.pick([slot(step), { appointment_time: step.pick(step.hospital.starts) }])
      const how = step.pick<object>([{ move }, { move }, { cancel: {} }])
      const scope = step.pick(['this', 'following', 'all'])
      const body = { scope, occurrence: scope === 'following' ? 2 : 1, ...how }
      const url = `/api/v1/appointments/series/${id}`
      if (id) await step.send('change a series', step.pick(step.hospital.staff), 'PATCH', url, body)
    },
  ],
  [
    4,
    async ({ seen, hospital, pick, send }) => {
      const days = hospital.starts.map((start) => start.slice(0, 10)).sort()
      const window = { from_date: days.at(0), to_date: days.at(-1) }
      const body = { ...window, patient_id: pick(hospital.patients), doctor_id: pick(hospital.doctors) }
      const joined = await send('wait', pick(hospital.staff), 'POST', '/api/v1/waitlist', body)
      if (joined) seen.waiting.push(idOf(joined))
    },
  ],
  [
    8,
    async ({ seen, hospital, pick, send }) => {
      const who = pick(hospital.staff)
      const { text: list = '' } = (await who?.ask('GET', '/api/v1/waitlist?status=offered&limit=100')) ?? {}
      const id = pick(Offered.parse(JSON.parse(list)).items)?.id ?? pick(seen.waiting)
      const answer = pick(['accept', 'decline'])
      const url = `/api/v1/waitlist/${id}/${answer}`
      const text = id && (await send(`${answer} an offer`, who, 'POST', url))
      if (text && answer === 'accept') seen.appointments.push(idOf(text))
    },
  ],
  [
    3,
    async ({ seen, hospital, pick, send }) => {
      const doctor_id = pick(hospital.doctors)
      const starts_at = pick(hospital.starts)
      if (!doctor_id || !starts_at) return
      const ends_at = Temporal.Instant.from(starts_at).add({ minutes: 30 }).toString()
      const body = { starts_at, ends_at, cancel_appointments: true }
      const url = `/api/v1/doctors/${doctor_id}/time-off`
      const off = await send('time off', pick(hospital.administrator), 'POST', url, body)
      if (off) seen.off.push({ doctor_id, id: idOf(off) })
    },
  ],
  [
    3,
    async ({ seen, hospital, pick, take, send }) => {
      const off = take(seen.off)
      const url = `/api/v1/doctors/${off?.doctor_id}/time-off/${off?.id}`
      if (off) await send('back from time off', pick(hospital.administrator), 'DELETE', url)
    },
  ],
  [
    // Whoever merges holds two whole records, and undoes it: rare as it is in a hospital, it delays everyone who is at them.
    0.5,
    async ({ hospital, pick, send }) => {
      const [survivor, merged] = [pick(hospital.patients), pick(hospital.patients)]
      const by = pick(hospital.administrator)
      const url = `/api/v1/patients/${survivor}`
      const body = { merged_patient_id: merged, reason: 'One person', force: true }
      const text = await send('merge', by, 'POST', `${url}/merge`, body)
      if (!text) return
      const { merge_id } = z.object({ merge_id: z.string() }).parse(JSON.parse(text))
      await send('unmerge', by, 'POST', `${url}/unmerge`, { merge_id, reason: 'Two after all' })
    },
  ],
  [
    1,
    async ({ hospital, pick, send }) => {
      const url = `/api/v1/patients/${pick(hospital.patients)}`
      const by = pick(hospital.administrator)
      await send('delete a patient', by, 'DELETE', `${url}?cancel_appointments=true`)
      await send('restore a patient', by, 'POST', `${url}/restore`)
    },
  ],
]
/** An offer is accepted or declined, a merge undone, a patient restored. */
export const pathCount = paths.length + 3
const total = paths.reduce((sum, [share]) => sum + share, 0)

/** Registers patients, through several servers. */
export function registerPatients(callers: readonly Caller[], count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const body = { ...nextPerson(), force: true }
      const answer = await callers[at % callers.length]?.ask('POST', '/api/v1/patients', body)
      return idOf(answer?.text ?? '')
    }),
  )
}
