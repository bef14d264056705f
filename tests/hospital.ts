// The people who work in a tested hospital, made through the API as an administrator makes them.
import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { ClientAnswer } from '#platform/contract/client.ts'
import { type Caller, send, signIn } from './caller.ts'

const Made = z.object({ id: z.string() })
const Slots = z.object({ items: z.array(z.object({ start: z.string() })) })

/** @throws with the answer when there is none of this status */
export function assertStatus(answer: ClientAnswer | undefined, status: number): asserts answer is ClientAnswer {
  if (answer?.status !== status)
    throw new Error(`expected ${status}, was answered ${answer?.status}: ${answer?.text.slice(0, 600)}`)
}

/** The answer's JSON when it has this status. @throws with the answer when it has another */
export function expectStatus(status: number, answer: ClientAnswer): unknown {
  assertStatus(answer, status)
  return answer.text === '' ? undefined : JSON.parse(answer.text)
}

type Answered = { id: string; version: number; items: { id: string }[] }

/** What the API answers. @throws where it does not do what it is asked */
export async function made(
  who: Caller,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: unknown,
): Promise<Answered> {
  const answer = await who.ask(method, `/api/v1${path}`, body)
  if (answer.status >= 300) throw new Error(`${method} ${path} is answered ${answer.status}: ${answer.text}`)
  return JSON.parse(answer.text) as Answered
}

export async function createDepartment(administrator: Caller, called?: string): Promise<string> {
  const name = called ?? `Department ${randomUUID().slice(0, 8)}`
  const body = { name, code: (called ?? randomUUID()).slice(0, 8).toUpperCase() }
  return Made.parse(expectStatus(201, await administrator.ask('POST', '/api/v1/departments', body))).id
}

export type Names = { first_name: string; last_name: string }
const usualNames: Names = { first_name: 'Robin', last_name: 'Tested' }

/** A new account with this role, signed in. */
export async function createColleague(
  administrator: Caller,
  role: string,
  department_id?: string,
  names: Names = usualNames,
) {
  const account = {
    email: `${role}.${randomUUID().slice(0, 8)}@example.org`,
    password: randomBytes(24).toString('base64url'),
    ...names,
    role,
    ...(department_id ? { department_id } : {}),
  }
  const { id } = Made.parse(expectStatus(201, await administrator.ask('POST', '/api/v1/users', account)))
  return {
    user_id: id,
    email: account.email,
    password: account.password,
    caller: await signIn(administrator.port, account),
  }
}

/** A doctor who sees patients all day, every quarter of an hour. */
export async function createDoctor(
  administrator: Caller,
  {
    specialization = 'General medicine',
    department_id,
    timezone = 'UTC',
    names,
  }: { specialization?: string; department_id?: string; timezone?: string; names?: Names } = {},
) {
  const colleague = await createColleague(administrator, 'doctor', department_id, names)
  const profile = {
    specialization,
    license_number: `LIC-${randomUUID().slice(0, 12)}`,
    location: 'Main building',
    languages: ['en'],
    consultation_minutes: 15,
    available_from: '06:00',
    available_to: '22:00',
    timezone,
  }
  const answer = await colleague.caller.ask('POST', '/api/v1/doctors/profile', profile)
  return { ...colleague, doctor_id: Made.parse(expectStatus(201, answer)).id }
}

/** A patient who registered themselves, signed in. */
export async function registerAlone(port: number, names?: Names) {
  const { first_name, last_name, date_of_birth, gender } = { ...nextPerson(), ...names }
  const email = `patient.${randomUUID().slice(0, 8)}@example.org`
  const password = randomBytes(24).toString('base64url')
  const body = JSON.stringify({ email, password, first_name, last_name, date_of_birth, gender })
  const headers = { 'content-type': 'application/json' }
  assertStatus(await send(port, { method: 'POST', url: '/api/v1/auth/register', headers, body }), 202)
  return { email, password, caller: await signIn(port, { email, password }) }
}

/** The starts of a doctor's free slots in the week that begins in two days. */
export async function freeStarts(caller: Caller, doctor_id: string): Promise<string[]> {
  const day = Temporal.Now.plainDateISO('UTC').add({ days: 2 })
  return freeStartsBetween(caller, doctor_id, day, day.add({ days: 7 }))
}

export async function freeStartsBetween(
  caller: Caller,
  doctor_id: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<string[]> {
  const url = `/api/v1/doctors/${doctor_id}/slots?from=${from.toString()}&to=${to.toString()}`
  return Slots.parse(expectStatus(200, await caller.ask('GET', url))).items.map(({ start }) => start)
}

let registered = 0
// A run of its own per process, so that two files on one cluster register nobody twice.
const base = Number.parseInt(randomBytes(3).toString('hex'), 16)

/** The body of a registration; nobody resembles an earlier one. */
export function nextPerson() {
  registered += 1
  return {
    first_name: wordOf(registered * 7919 + base),
    last_name: wordOf(registered * 104_729 + base),
    date_of_birth: Temporal.PlainDate.from('1950-01-01')
      .add({ days: (registered * 37) % 20_000 })
      .toString(),
    gender: 'FEMALE' as const,
    phone_primary: `+1415${String(2_000_000 + registered)}`,
  }
}

const syllables = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'je', 'ki', 'lo', 'mu', 'na', 'pe', 'ri', 'so', 'tu', 'va']

function wordOf(seed: number): string {
  let rest = seed
  let word = ''
  for (let at = 0; at < 6; at += 1) {
    word += syllables[rest % 16] ?? ''
    rest = Math.floor(rest / 16)
  }
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** Adds a text file to the record of a patient, its title in its name too. Returns the id of the document. */
export async function uploadText(who: Caller, patient_id: string, title: string, text: string): Promise<string> {
  const form = new FormData()
  form.set('patient_id', patient_id)
  form.set('title', title)
  form.set('file', new Blob([text], { type: 'text/plain' }), `${title}.txt`)
  const answer = await fetch(`http://127.0.0.1:${who.port}/api/v1/documents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.tokens.access_token}` },
    body: form,
  })
  if (!answer.ok) throw new Error(`the document was answered ${answer.status}`)
  return Made.parse(await answer.json()).id
}
