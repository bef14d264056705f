// JB-01, JB-04, JB-05, SE-06, SE-07 and row 18 with two server processes on one database: what one does holds at the other.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, createColleague, createDoctor, expectStatus, freeStarts, nextPerson } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'
import { countOverlaps } from './ledger-check.ts'

let cluster: Cluster
let one: ServerProcess
let other: ServerProcess
let atOne: Caller
let atOther: Caller

before(async () => {
  cluster = await startCluster()
  ;[one, other] = await Promise.all([cluster.serve(), cluster.serve()])
  atOne = await signIn(one.port)
  atOther = atOne.at(other.port)
})
after(() => cluster?.stop())

const both = (at: number) => (at % 2 === 0 ? atOne : atOther)

async function registerPeople(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let at = 0; at < count; at += 1) {
    const answer = await both(at).ask('POST', '/api/v1/patients', { ...nextPerson(), force: true })
    ids.push((expectStatus(201, answer) as { id: string }).id)
  }
  return ids
}

function tally(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

test('two servers that start at once on an empty database both migrate it and make one administrator', async () => {
  const [row] = await cluster.rows<{ administrators: number }>(
    `select count(*)::int as administrators from users where role = 'admin'`,
  )
  assert.equal(row?.administrators, 1)
})

test('200 bookings of one time through two servers make one appointment, and everyone else is told that it is taken', async () => {
  const { doctor_id } = await createDoctor(atOne)
  const [start] = await freeStarts(atOne, doctor_id)
  const patients = await registerPeople(200)
  const answers = await Promise.all(
    patients.map((patient_id, at) =>
      both(at).ask('POST', '/api/v1/appointments', { doctor_id, patient_id, appointment_time: start }),
    ),
  )
  assert.deepEqual(tally(answers), { 201: 1, 409: 199 })
  for (const { status, text } of answers) if (status === 409) assert.match(text, /"slot_taken"/)
  const [row] = await cluster.rows<{ count: number }>(
    'select count(*)::int as count from appointments where doctor_id = $1',
    [doctor_id],
  )
  assert.equal(row?.count, 1)
  assert.equal(await countOverlaps(cluster.owner), 0)
})

test('200 clients that book, move and cancel at one doctor through two servers never overlap and never see a 5xx', async () => {
  const { doctor_id } = await createDoctor(atOne)
  const starts = (await freeStarts(atOne, doctor_id)).slice(0, 12)
  const patients = await registerPeople(40)
  const pick = <T>(items: readonly T[], at: number) => items[at % items.length]
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      const caller = both(at)
      const body = { doctor_id, patient_id: pick(patients, at * 7), appointment_time: pick(starts, at * 5) }
      const booked = await caller.ask('POST', '/api/v1/appointments', body)
      if (booked.status !== 201) return [booked]
      const url = `/api/v1/appointments/${(JSON.parse(booked.text) as { id: string }).id}`
      const moved = await both(at + 1).ask('PUT', url, { appointment_time: pick(starts, at * 5 + 1) })
      return at % 3 === 0 ? [booked, moved, await caller.ask('DELETE', url)] : [booked, moved]
    }),
  )
  const counts = tally(answers.flat())
  assert.ok((counts[201] ?? 0) >= starts.length / 2, JSON.stringify(counts))
  assert.deepEqual(
    Object.keys(counts).filter((status) => !['200', '201', '409'].includes(status)),
    [],
    JSON.stringify(counts),
  )
  assert.equal(await countOverlaps(cluster.owner), 0)
})

test('someone whose first answer was lost and who books again without a key is led to the appointment that they have', async () => {
  const { doctor_id } = await createDoctor(atOne)
  const [appointment_time] = await freeStarts(atOne, doctor_id)
  const [patient_id] = await registerPeople(1)
  const book = (caller: Caller) =>
    caller.ask('POST', '/api/v1/appointments', { doctor_id, patient_id, appointment_time })
  const booked = expectStatus(201, await book(atOne)) as { id: string }
  const again = expectStatus(409, await book(atOther)) as { appointment_id?: string }
  assert.equal(again.appointment_id, booked.id)
})

test('one Idempotency-Key sent to both servers at once twenty times has one effect and one answer', async () => {
  const key = randomUUID()
  const body = { ...nextPerson(), force: true }
  const send = (at: number) => both(at).ask('POST', '/api/v1/patients', body, { 'idempotency-key': key })
  const race = await Promise.all(Array.from({ length: 20 }, (_, at) => send(at)))
  for (const { status, text } of race) {
    if (status === 409) assert.match(text, /"idempotency_in_flight"/)
    else assert.equal(status, 201, text)
  }
  const repeats = [await send(0), await send(1)]
  const answers = [...race, ...repeats].filter(({ status }) => status === 201)
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
  for (const { headers } of repeats) assert.equal(headers['idempotency-replayed'], 'true')
  const [row] = await cluster.rows<{ done: number; shown: number }>(
    `select count(*) filter (where details->'replayed' is null)::int as done, count(*)::int as shown
       from audit_logs where action = 'patient.register' and resource_id = $1`,
    [(JSON.parse(answers[0]?.text ?? '{}') as { id: string }).id],
  )
  assert.deepEqual(row, { done: 1, shown: answers.length })
})

test('of twenty changes that start from one version through two servers one is made, and the others are told 412', async () => {
  const [id] = await registerPeople(1)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      both(at).ask('PATCH', `/api/v1/patients/${id}`, { occupation: `Work ${at}` }, { 'if-match': '"v1"' }),
    ),
  )
  assert.deepEqual(tally(answers), { 200: 1, 412: 19 })
})

test('someone who signs out at one server is signed out at the other with the very next request', async () => {
  const { caller } = await createColleague(atOne, 'staff')
  const elsewhere = caller.at(other.port)
  assertStatus(await elsewhere.ask('GET', '/api/v1/patients'), 200)
  assert.ok((await caller.ask('POST', '/api/v1/auth/logout')).status < 300)
  assertStatus(await elsewhere.ask('GET', '/api/v1/patients'), 401)
  assertStatus(await elsewhere.ask('POST', '/api/v1/auth/refresh', { refresh_token: caller.tokens.refresh_token }), 401)
})

test('someone whose account is disabled at one server is refused at the other with the very next request', async () => {
  const { user_id, caller } = await createColleague(atOne, 'staff')
  const elsewhere = caller.at(other.port)
  assertStatus(await elsewhere.ask('GET', '/api/v1/patients'), 200)
  assertStatus(await atOne.ask('PATCH', `/api/v1/users/${user_id}`, { is_active: false }), 200)
  assertStatus(await elsewhere.ask('GET', '/api/v1/patients'), 401)
})

test('a role that is taken away at one server gives nothing at the other with the very next request', async () => {
  const { user_id, caller } = await createColleague(atOne, 'staff')
  const elsewhere = caller.at(other.port)
  assertStatus(await elsewhere.ask('GET', '/api/v1/patients'), 200)
  assertStatus(await atOne.ask('PATCH', `/api/v1/users/${user_id}`, { role: 'patient' }), 200)
  assertStatus(await elsewhere.ask('GET', '/api/v1/patients/search?q=nobody'), 403)
})

test('a patient registered at one server is soon found by name at the other', async () => {
  const person = nextPerson()
  const made = expectStatus(201, await atOne.ask('POST', '/api/v1/patients', person)) as { id: string }
  const find = async () => {
    const answer = await atOther.ask('POST', '/api/v1/patients/search', {
      name: `${person.first_name} ${person.last_name}`,
    })
    const { items } = expectStatus(200, answer) as { items: { id: string }[] }
    return items.some(({ id }) => id === made.id)
  }
  await until('the other server knows the name', find, 5000)
})
