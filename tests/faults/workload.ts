// A mixed load of several clients: each registers, reads, changes and books its own patients, and notes all of it in the ledger.
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Caller } from '../caller.ts'
import { nextPerson } from '../hospital.ts'
import { attempt, type Entry, intend, type Ledger, settledAnswer } from './ledger.ts'

const Made = z.object({ id: z.string(), version: z.int() })
const Read = z.object({ version: z.int(), occupation: z.string().nullable() })

/** What one client knows for certain of a patient; a change without an answer makes it uncertain for good. */
export type Known = { id: string; version: number; occupation: string | null; is_certain: boolean }
export type Booked = { id: string; entry: Entry; cancel?: Entry }
export type Work = { known: Known[]; booked: Booked[]; wrong_reads: string[] }
export type Calendar = { doctor_id: string; starts: readonly string[] }
export type Load = { work: Work[]; stop: () => Promise<void> }
type Options = { ledger: Ledger; caller: Caller; calendars: readonly Calendar[]; clients: number; random: () => number }

/** Runs until it is stopped. */
export function startLoad(options: Options): Load {
  let stopped = false
  const work = Array.from({ length: options.clients }, (): Work => ({ known: [], booked: [], wrong_reads: [] }))
  const running = work.map(async (own) => {
    while (!stopped) {
      const answered = await step(options, own)
      // Nobody is there: a client that asks again at once would only take the processor from what is starting.
      if (!answered) await delay(300)
    }
  })
  return {
    work,
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}

async function step(options: Options, own: Work): Promise<boolean> {
  const dice = options.random()
  const known = pick(
    options,
    own.known.filter(({ is_certain }) => is_certain),
  )
  if (!known || dice < 0.2) return register(options, own)
  if (dice < 0.45) return change(options, known)
  if (dice < 0.65) return read(options, own, known)
  const open = pick(
    options,
    own.booked.filter(({ cancel }) => !cancel),
  )
  if (open && dice < 0.75) return cancel(options, open)
  return book(options, own, known)
}

function pick<T>({ random }: Options, items: readonly T[]): T | undefined {
  return items[Math.floor(random() * items.length)]
}

/** Some lost answers are asked for again at once, some only at the end; some that arrived are asked for once more. */
async function sendWithRepeats({ ledger, caller, random }: Options, entry: Entry): Promise<void> {
  const answer = await attempt(ledger, caller, entry)
  if (entry.method !== 'POST') return
  if (settledAnswer(entry) ? random() < 0.1 : answer === undefined || random() < 0.6) {
    await attempt(ledger, caller, entry)
  }
}

async function register(options: Options, own: Work): Promise<boolean> {
  const body = { ...nextPerson(), occupation: null, force: true }
  const entry = intend(options.ledger, { kind: 'register', method: 'POST', url: '/api/v1/patients', body })
  await sendWithRepeats(options, entry)
  const answer = settledAnswer(entry)
  if (answer?.status === 201) {
    const { id, version } = Made.parse(JSON.parse(answer.text))
    own.known.push({ id, version, occupation: null, is_certain: true })
  }
  return answer !== undefined
}

async function change(options: Options, known: Known): Promise<boolean> {
  const occupation = `Work ${Math.floor(options.random() * 1e9)}`
  const entry = intend(options.ledger, {
    kind: 'update',
    method: 'PATCH',
    url: `/api/v1/patients/${known.id}`,
    body: { occupation },
    headers: { 'if-match': `"v${known.version}"` },
  })
  // Until it is answered nobody can know.
  known.is_certain = false
  await sendWithRepeats(options, entry)
  const answer = settledAnswer(entry)
  if (answer?.status === 200) {
    Object.assign(known, { occupation, is_certain: true, version: Made.parse(JSON.parse(answer.text)).version })
  }
  return answer !== undefined
}

async function read(options: Options, own: Work, known: Known): Promise<boolean> {
  const expected = { version: known.version, occupation: known.occupation }
  const entry = intend(options.ledger, { kind: 'read', method: 'GET', url: `/api/v1/patients/${known.id}` })
  await sendWithRepeats(options, entry)
  const answer = settledAnswer(entry)
  if (answer && answer.status !== 200) own.wrong_reads.push(`${answer.status} ${answer.text}`)
  if (answer?.status === 200) {
    const seen = Read.parse(JSON.parse(answer.text))
    if (seen.version !== expected.version || seen.occupation !== expected.occupation)
      own.wrong_reads.push(`version ${seen.version} was read after ${expected.version} was acknowledged`)
  }
  return answer !== undefined
}

async function book(options: Options, own: Work, known: Known): Promise<boolean> {
  const calendar = pick(options, options.calendars)
  const appointment_time = pick(options, calendar?.starts ?? [])
  if (!calendar || !appointment_time) return true
  const body = { doctor_id: calendar.doctor_id, patient_id: known.id, appointment_time }
  const entry = intend(options.ledger, { kind: 'book', method: 'POST', url: '/api/v1/appointments', body })
  await sendWithRepeats(options, entry)
  const answer = settledAnswer(entry)
  if (answer?.status === 201) own.booked.push({ id: Made.parse(JSON.parse(answer.text)).id, entry })
  return answer !== undefined
}

async function cancel(options: Options, booked: Booked): Promise<boolean> {
  booked.cancel = intend(options.ledger, { kind: 'cancel', method: 'DELETE', url: `/api/v1/appointments/${booked.id}` })
  await sendWithRepeats(options, booked.cancel)
  return settledAnswer(booked.cancel) !== undefined
}
