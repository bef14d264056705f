// Holds the ledger against the database and its audit log: what was acknowledged is there once, what was not is there once or not at all.
import assert from 'node:assert/strict'
import type pg from 'pg'
import { z } from 'zod'
import type { Caller } from '../caller.ts'
import { attempt, type Entry, isAcknowledged, isSettled, type Ledger, settledAnswer, settledAnswers } from './ledger.ts'
import type { Work } from './workload.ts'

const actions = {
  register: 'patient.register',
  update: 'patient.update',
  book: 'appointment.book',
  cancel: 'appointment.cancel',
  read: 'patient.read',
} as const

/** How often each attempt of a request took effect, by its correlation id, as the audit log says: what is shown again has none. */
export type Effects = { of: (entry: Entry) => number[]; total: (kind: Entry['kind']) => number }

export async function readEffects(owner: pg.Client, { entries }: Ledger): Promise<Effects> {
  const { rows } = await owner.query<{ action: string; correlation_id: string; count: number }>(
    `select action, correlation_id, count(*)::int as count from audit_logs
      where outcome = 'success' and correlation_id like 'ledger-%' and details->'replayed' is null group by 1, 2`,
  )
  const counts = new Map(rows.map(({ action, correlation_id, count }) => [`${action} ${correlation_id}`, count]))
  const of = ({ kind, attempts }: Entry) =>
    attempts.map(({ correlation_id }) => counts.get(`${actions[kind]} ${correlation_id}`) ?? 0)
  const total = (kind: Entry['kind']) =>
    entries.reduce((sum, entry) => sum + (entry.kind === kind ? sumOf(of(entry)) : 0), 0)
  return { of, total }
}

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)

/** What contradicts the promise, each with everything that the entry was answered. */
export function findBrokenPromises({ entries }: Ledger, { of }: Effects): string[] {
  return entries.flatMap((entry) => {
    const effects = of(entry)
    const fault = entry.kind === 'read' ? unrecordedRead(entry, effects) : brokenPromise(entry, effects)
    return fault === undefined ? [] : [`${entry.kind} ${entry.key}: ${fault}; ${historyOf(entry, effects)}`]
  })
}

function unrecordedRead({ attempts }: Entry, effects: readonly number[]): string | undefined {
  const shown = attempts.filter(({ answer }) => answer?.status === 200).length
  const recorded = sumOf(effects)
  return recorded < shown ? `was shown ${shown} times and is ${recorded} times on the audit log` : undefined
}

function brokenPromise(entry: Entry, effects: readonly number[]): string | undefined {
  const times = sumOf(effects)
  if (isAcknowledged(entry) && times === 0) return 'acknowledged, and not there'
  if (times > 1) return `done ${times} times`
  if (times === 0) return undefined
  // A repeat of a change without a key can be refused because the lost first one was done.
  if (entry.attempts.length > 1 && entry.method !== 'POST') return undefined
  // A refusal is not kept, so a repeat may succeed where the time was freed meanwhile; but what was done stays done.
  const since = entry.attempts.slice(effects.findIndex((count) => count > 0))
  const refusal = since.find(({ answer }) => isSettled(answer) && answer.status >= 400)
  return refusal ? `refused with ${refusal.answer?.status}, and done` : undefined
}

/** One line an attempt: what was answered, and whether it was the one that took effect. */
function historyOf({ attempts }: Entry, effects: readonly number[]): string {
  return attempts
    .map(({ correlation_id, answer }, at) => {
      const told = answer ? `${answer.status} ${answer.text.slice(0, 300)}` : 'no answer'
      return `attempt ${at + 1} (${correlation_id})${effects[at] ? ' took effect' : ''}: ${told}`
    })
    .join('; ')
}

/** Asks once more with each key, until it is told what became of it. Returns what contradicts the first answer. */
async function repeatWithKeys(ledger: Ledger, caller: Caller): Promise<string[]> {
  const faults: string[] = []
  for (const entry of ledger.entries.filter(({ method }) => method === 'POST')) {
    const was_settled = settledAnswer(entry) !== undefined
    // Of those that were answered a sample is enough.
    if (was_settled && ledger.entries.indexOf(entry) % 10 !== 0) continue
    const answer = await attempt(ledger, caller, entry)
    if (answer === undefined || answer.status >= 500) {
      faults.push(`${entry.kind} ${entry.key}: repeated after the storm, and answered ${answer?.status}`)
    }
  }
  for (const entry of ledger.entries) {
    const done = settledAnswers(entry).filter(({ status }) => status < 300)
    if (entry.method === 'POST' && new Set(done.map(({ status, text }) => `${status} ${text}`)).size > 1)
      faults.push(`${entry.kind} ${entry.key}: its answers differ`)
  }
  return faults
}

const Version = z.object({ version: z.int(), occupation: z.string().nullable() })

/** Reads every patient back. Returns what is not as it was acknowledged. */
async function findWrongPatients(caller: Caller, work: readonly Work[]): Promise<string[]> {
  const faults: string[] = []
  for (const known of work.flatMap((own) => own.known)) {
    const answer = await caller.ask('GET', `/api/v1/patients/${known.id}`)
    if (answer.status !== 200) {
      faults.push(`an acknowledged patient is answered ${answer.status}`)
      continue
    }
    const now = Version.parse(JSON.parse(answer.text))
    const ahead = now.version - known.version
    if (known.is_certain ? ahead !== 0 || now.occupation !== known.occupation : ahead !== 0 && ahead !== 1)
      faults.push(`a patient is at version ${now.version}, ${known.version} was acknowledged`)
  }
  return faults
}

/** Two appointments of one doctor or one patient at one time, not cancelled. */
export async function countOverlaps(owner: Pick<pg.Client, 'query'>): Promise<number> {
  const { rows } = await owner.query<{ count: number }>(
    `select count(*)::int as count from appointments a join appointments b
         on a.id < b.id and a.during && b.during and (a.doctor_id = b.doctor_id or a.patient_id = b.patient_id)
      where a.status not in ('cancelled', 'no_show') and b.status not in ('cancelled', 'no_show')`,
  )
  return rows[0]?.count ?? -1
}

/** What the tables hold of each kind of effect. */
async function countRows(owner: pg.Client) {
  const { rows } = await owner.query<Record<'register' | 'update' | 'book' | 'cancel', number>>(
    `select (select count(*)::int from patients) as register, (select coalesce(sum(version - 1), 0)::int from patients) as update,
            (select count(*)::int from appointments) as book,
            (select count(*)::int from appointments where status = 'cancelled') as cancel`,
  )
  return rows[0]
}

/** That the database holds what the ledger was told, all of it once, and still does when everything was asked for again. */
export async function assertKept(owner: pg.Client, ledger: Ledger, caller: Caller, work: readonly Work[]) {
  assert.deepEqual(ledger.unexpected, [])
  assert.deepEqual(
    work.flatMap((own) => own.wrong_reads),
    [],
  )
  assert.deepEqual(findBrokenPromises(ledger, await readEffects(owner, ledger)), [])
  assert.deepEqual(await repeatWithKeys(ledger, caller), [])
  const effects = await readEffects(owner, ledger)
  assert.deepEqual(findBrokenPromises(ledger, effects), [])
  assert.deepEqual(await findWrongPatients(caller, work), [])
  assert.equal(await countOverlaps(owner), 0)
  assert.deepEqual(await countRows(owner), {
    register: effects.total('register'),
    update: effects.total('update'),
    book: effects.total('book'),
    cancel: effects.total('cancel'),
  })
}
