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

export async function createDepartment(administrator: Caller): Promise<string> {
  const body = { name: `Department ${randomUUID().slice(0, 8)}`, code: randomUUID().slice(0, 8).toUpperCase() }
  return Made.parse(expectStatus(201, await administrator.ask('POST', '/api/v1/departments', body))).id
}

/** A new account with this role, signed in. */
export async function createColleague(administrator: Caller, role: string, department_id?: string) {
  const account = {
    email: `${role}.${randomUUID().slice(0, 8)}@example.org`,
    password: randomBytes(24).toString('base64url'),
    first_name: 'Robin',
    last_name: 'Tested',
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
  }: { specialization?: string; department_id?: string; timezone?: string } = {},
) {
  const colleague = await createColleague(administrator, 'doctor', department_id)
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
export async function registerAlone(port: number) {
  const { first_name, last_name, date_of_birth, gender } = nextPerson()
  const email = `${first_name}.${randomUUID().slice(0, 8)}@example.org`.toLowerCase()
  const password = randomBytes(24).toString('base64url')
  const body = JSON.stringify({ email, password, first_name, last_name, date_of_birth, gender })
  const headers = { 'content-type': 'application/json' }
  assertStatus(await send(port, { method: 'POST', url: '/api/v1/auth/register', headers, body }), 202)
  return { email, password, caller: await signIn(port, { email, password }) }
}

/** The starts of a doctor's free slots in the week that begins in two days. */
export async function freeStarts(caller: Caller, doctor_id: string): Promise<string[]> {
  const day = Temporal.Now.plainDateISO('UTC').add({ days: 2 })
  const url = `/api/v1/doctors/${doctor_id}/slots?from=${day.toString()}&to=${day.add({ days: 7 }).toString()}`
  return Slots.parse(expectStatus(200, await caller.ask('GET', url))).items.map(({ start }) => start)
}

let made = 0
// A run of its own per process, so that two files on one cluster register nobody twice.
const base = Number.parseInt(randomBytes(3).toString('hex'), 16)

/** The body of a registration; nobody resembles an earlier one. */
export function nextPerson() {
  made += 1
  return {
    first_name: wordOf(made * 7919 + base),
    last_name: wordOf(made * 104_729 + base),
    date_of_birth: Temporal.PlainDate.from('1950-01-01')
      .add({ days: (made * 37) % 20_000 })
      .toString(),
    gender: 'FEMALE' as const,
    phone_primary: `+1415${String(2_000_000 + made)}`,
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
