// What a client knows of what it asked for: kept outside of the server, so that it can be held against it afterwards.
import { randomUUID } from 'node:crypto'
import type { ClientAnswer, ClientRequest } from '#platform/contract/client.ts'
import type { Caller } from '../caller.ts'

export type Kind = 'register' | 'update' | 'book' | 'cancel' | 'read'
export type Attempt = { correlation_id: string; answer: ClientAnswer | undefined }
export type Entry = {
  kind: Kind
  method: ClientRequest['method']
  url: string
  body?: unknown
  /** Sent as Idempotency-Key with a POST. */
  key: string
  headers: Record<string, string>
  attempts: Attempt[]
}
export type Ledger = { entries: Entry[]; unexpected: string[]; settled: number }

export function openLedger(): Ledger {
  return { entries: [], unexpected: [], settled: 0 }
}

/** Notes the intent before anything is sent. */
export function intend(
  ledger: Ledger,
  intent: Pick<Entry, 'kind' | 'method' | 'url'> & { body?: unknown; headers?: Record<string, string> },
): Entry {
  const entry: Entry = { headers: {}, ...intent, key: randomUUID(), attempts: [] }
  ledger.entries.push(entry)
  return entry
}

/** Sends it, once more if it was sent before, and notes what is answered. */
export async function attempt(ledger: Ledger, caller: Caller, entry: Entry): Promise<ClientAnswer | undefined> {
  const correlation_id = `ledger-${randomUUID()}`
  const noted: Attempt = { correlation_id, answer: undefined }
  entry.attempts.push(noted)
  const headers = {
    'x-correlation-id': correlation_id,
    ...(entry.method === 'POST' ? { 'idempotency-key': entry.key } : {}),
    ...entry.headers,
  }
  noted.answer = await caller.ask(entry.method, entry.url, entry.body, headers).catch(() => undefined)
  const { answer } = noted
  if (isSettled(answer)) ledger.settled += 1
  if (answer && answer.status >= 500 && answer.status !== 503)
    ledger.unexpected.push(`${entry.kind} was answered ${answer.status} ${answer.text}`)
  return answer
}

/** Says what became of the request: neither lost, nor 503, nor "still running". */
export function isSettled(answer: ClientAnswer | undefined): answer is ClientAnswer {
  return answer !== undefined && answer.status < 500 && !answer.text.includes('"idempotency_in_flight"')
}

/** The answer that says what became of it. */
export function settledAnswer({ attempts }: Entry): ClientAnswer | undefined {
  return attempts.map(({ answer }) => answer).find(isSettled)
}

export function isAcknowledged(entry: Entry): boolean {
  const answer = settledAnswer(entry)
  return answer !== undefined && answer.status < 300
}

/** Every answer that settled it, for comparing the repeats with the first. */
export function settledAnswers({ attempts }: Entry): ClientAnswer[] {
  return attempts.flatMap(({ answer }) => (isSettled(answer) ? [answer] : []))
}
