import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { malformed } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { liveEventApi, tooManyStreams } from './live-event.contract.ts'
import { listen, type OpenStream, openStream } from './streams.testing.ts'

let api: TestApi
let port: number
const open: OpenStream[] = []
before(async () => {
  api = await startTestApi()
  port = await listen(api.app.http)
})
after(async () => {
  for (const stream of open) stream.close()
  await api[Symbol.asyncDispose]()
})

async function follow(person: Person, query = '', last_event_id?: string): Promise<OpenStream> {
  const stream = await openStream({ port, token: person.token, query, last_event_id })
  open.push(stream)
  return stream
}

type Told = {
  type: string
  subject_type: string
  subject_id: string
  patient_id?: string
  payload?: Record<string, unknown>
}
const emit = (...events: Told[]) =>
  api.database.once(async (tx) => {
    for (const event of events) tx.emit(event)
  })
const marker = () => ({ type: 'doctor.updated', subject_type: 'doctor', subject_id: randomUUID() })
const changed = (patient_id: string): Told => ({
  type: 'patient.updated',
  subject_type: 'patient',
  subject_id: patient_id,
  patient_id,
  payload: { version: 2 },
})
/** Ids of subjects up to the marker, which everyone is told of. */
async function subjectsUntil(stream: OpenStream, { subject_id }: Told): Promise<unknown[]> {
  await stream.next(({ data }) => data['subject_id'] === subject_id)
  return stream
    .events()
    .map(({ data }) => data['subject_id'])
    .filter((id) => id !== subject_id)
}

async function appointment(patient_id: string, doctor_id: string): Promise<string> {
  const [row] = await api.rows(sql<{ id: string }>`
    insert into appointments (confirmation_code, patient_id, doctor_id, during)
    values (${randomUUID()}, ${patient_id}, ${doctor_id}, tstzrange(now() + interval '1 day', now() + interval '1 day 30 minutes'))
    returning id`)
  return row?.id ?? ''
}

describe('a stream of events', () => {
  it('tells what happens as it happens, with ids and codes', async () => {
    const staff = await api.person('staff')
    const patient_id = await api.patient()
    const stream = await follow(staff)
    assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
    assert.equal(stream.headers['cache-control'], 'no-store')
    await emit(changed(patient_id))
    const message = await stream.next(({ event }) => event === 'patient.updated')
    const { id, created_at, ...rest } = message.data
    assert.deepEqual(rest, {
      type: 'patient.updated',
      subject_type: 'patient',
      subject_id: patient_id,
      patient_id,
      payload: { version: 2 },
    })
    assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.match(String(created_at), /Z$/)
  })

  it('tells each role of the records in its reach, and of no other', async () => {
    const [here, away] = [await api.department(), await api.department()]
    const [known, unknown] = [await api.patient(), await api.patient()]
    const treating = await api.person('doctor', { department_id: here, doctor: true })
    const away_doctor = await api.person('doctor', { department_id: away, doctor: true })
    const booked = await appointment(known, treating.doctor_id ?? '')
    const user_id = randomUUID()
    const [glass, bed, freed, held] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
    const people = {
      admin: await api.person('admin'),
      staff: await api.person('staff'),
      nurse: await api.person('nurse', { department_id: here }),
      away_nurse: await api.person('nurse', { department_id: away }),
      treating,
      away_doctor,
      own: await api.person('patient', { patient_id: known }),
      other: await api.person('patient', { patient_id: unknown }),
      auditor: await api.person('auditor'),
    }
    const streams = Object.entries(people).map(async ([name, person]) => [name, await follow(person)] as const)
    const opened = await Promise.all(streams)
    const last = marker()
    await emit(
      changed(known),
      changed(unknown),
      { type: 'appointment.booked', subject_type: 'appointment', subject_id: booked, patient_id: known },
      { type: 'user.created', subject_type: 'user', subject_id: user_id },
      { type: 'emergency_access.opened', subject_type: 'emergency_access', subject_id: glass, patient_id: known },
      { type: 'resource.assigned', subject_type: 'resource', subject_id: bed, patient_id: known },
      { type: 'resource.status_changed', subject_type: 'resource', subject_id: freed },
      { type: 'hold.ended', subject_type: 'hold', subject_id: held, patient_id: known },
      { type: 'secret.happened', subject_type: 'of_no_known_kind', subject_id: randomUUID() },
      last,
    )
    const names = new Map([
      [known, 'known'],
      [unknown, 'unknown'],
      [booked, 'booked'],
      [user_id, 'user'],
      [glass, 'glass'],
      [bed, 'bed'],
      [freed, 'freed'],
      [held, 'held'],
    ])
    const seen = Object.fromEntries(
      await Promise.all(
        opened.map(async ([name, stream]) => [
          name,
          (await subjectsUntil(stream, last)).map((id) => names.get(String(id)) ?? 'nothing known'),
        ]),
      ),
    ) as Record<string, string[]>
    assert.deepEqual(seen, {
      admin: ['known', 'unknown', 'booked', 'user', 'glass', 'bed', 'freed', 'held'],
      staff: ['known', 'unknown', 'booked', 'bed', 'freed', 'held'],
      nurse: ['known', 'booked', 'bed', 'freed'],
      away_nurse: ['freed'],
      treating: ['known', 'booked', 'bed', 'freed'],
      away_doctor: ['freed'],
      own: ['known', 'booked'],
      other: ['unknown'],
      auditor: [],
    })
  })

  it('tells of a record from the moment at which it is in reach', async () => {
    const department_id = await api.department()
    const nurse = await api.person('nurse', { department_id })
    const patient_id = await api.patient()
    const stream = await follow(nurse)
    const [out, within] = [marker(), marker()]
    await emit(changed(patient_id), out)
    assert.deepEqual(await subjectsUntil(stream, out), [])
    await api.rows(
      sql`insert into care_relationships (patient_id, department_id, origin, origin_id) values (${patient_id}, ${department_id}, 'registration', ${patient_id})`,
    )
    await emit(changed(patient_id), within)
    await stream.next(({ data }) => data['subject_id'] === within.subject_id)
    assert.equal(stream.events().filter(({ data }) => data['subject_id'] === patient_id).length, 1)
  })

  it('tells only of the types and the patient that were asked for', async () => {
    const staff = await api.person('staff')
    const [one, other] = [await api.patient(), await api.patient()]
    const byKind = await follow(staff, '?types=patient.*,doctor.updated')
    const byPatient = await follow(staff, `?patient_id=${one}&types=patient.updated`)
    const last = marker()
    await emit(
      { type: 'doctor.created', subject_type: 'doctor', subject_id: randomUUID() },
      changed(other),
      changed(one),
      last,
    )
    assert.deepEqual(await subjectsUntil(byKind, last), [other, one])
    await byPatient.next(({ data }) => data['subject_id'] === one)
    assert.equal(byPatient.events().length, 1)
  })

  it('is refused for types that are none, and for an id that is none of its own', async () => {
    const staff = await api.person('staff')
    for (const query of [
      '?types=everything',
      '?types=patient.*,',
      '?patient_id=1',
      '?follow=perhaps',
      '?access_token=x',
    ])
      await assert.rejects(follow(staff, query), { status: 422 }, query)
    await assert.rejects(
      staff.call(liveEventApi.follow, { query: { follow: 'false' } }, { 'last-event-id': 'not one' }),
      refusedWith(malformed),
    )
  })

  it('sends a record its changes in the order in which they were made, whichever transaction began first', async () => {
    const staff = await api.person('staff')
    const stream = await follow(staff)
    const patient_id = await api.patient()
    await api.database.transaction(async (tx) => {
      await tx.run(sql`select pg_current_xact_id()`)
      await api.database.once(async (other) => other.emit({ ...changed(patient_id), payload: { version: 2 } }))
      tx.emit({ ...changed(patient_id), payload: { version: 3 } })
    })
    const versions = [
      await stream.next(({ data }) => data['subject_id'] === patient_id),
      await stream.next(({ data }) => data['subject_id'] === patient_id),
    ].map(({ data }) => (data['payload'] as { version: number }).version)
    assert.deepEqual(versions, [2, 3])
  })

  it('goes on behind the message that came last, without loss and without a repeat', async () => {
    const staff = await api.person('staff')
    const first = await follow(staff)
    const sent = Array.from({ length: 40 }, marker)
    await emit(...sent.slice(0, 10))
    await first.next(({ data }) => data['subject_id'] === sent[9]?.subject_id)
    first.close()
    for (const event of sent.slice(10, 25)) await emit(event)
    const second = await follow(staff, '', first.lastId())
    await emit(...sent.slice(25))
    await second.next(({ data }) => data['subject_id'] === sent[39]?.subject_id)
    const seen = [...first.events(), ...second.events()].map(({ data }) => data['subject_id'])
    assert.deepEqual(
      seen,
      sent.map(({ subject_id }) => subject_id),
    )
  })

  it('goes on behind any message at all', async () => {
    const staff = await api.person('staff')
    const whole = await follow(staff)
    const sent = Array.from({ length: 12 }, marker)
    // Two transactions that overlap, so that the order of records is not that of transactions.
    await api.database.transaction(async (tx) => {
      await tx.run(sql`select pg_current_xact_id()`)
      await emit(...sent.slice(0, 6))
      for (const event of sent.slice(6)) tx.emit(event)
    })
    await whole.next(({ data }) => data['subject_id'] === sent[11]?.subject_id)
    const ids = whole.events().map(({ data }) => String(data['id']))
    for (const [at, message] of whole.events().entries()) {
      const text = (await staff.call(
        liveEventApi.follow,
        { query: { follow: 'false' } },
        { 'last-event-id': message.id },
      )) as string
      const rest = ids.slice(at + 1).filter((id) => !text.includes(id))
      assert.deepEqual(rest, [], `behind message ${at}`)
    }
  })

  it('says that it does not know what came since, where that is too long ago or unheard of', async () => {
    const staff = await api.person('staff')
    const [{ horizon } = { horizon: '' }] = await api.rows(
      sql<{ horizon: string }>`select openward.settled_xid()::text as horizon`,
    )
    const now_s = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000)
    for (const [last_event_id, event] of [
      [`${horizon}.${now_s - 31 * 86_400}`, 'reset'],
      [`${horizon}.${now_s - 29 * 86_400}`, 'position'],
      [`${BigInt(horizon) + 1000n}.${now_s}`, 'reset'],
      ['1.00000000-0000-7000-8000-000000000000', 'reset'],
    ] as const) {
      const stream = await follow(staff, '', last_event_id)
      assert.equal((await stream.next(() => true)).event, event, last_event_id)
      stream.close()
    }
  })

  it('ends by itself where it is not to be followed', async () => {
    const staff = await api.person('staff')
    const first = await follow(staff)
    await first.next(() => true)
    const last = marker()
    await emit(last)
    const rest = await follow(staff, '?follow=false', first.lastId())
    await rest.ended
    assert.deepEqual(
      rest.messages.map(({ event }) => event),
      ['position', 'doctor.updated', 'position'],
    )
  })

  it('answers HEAD with nothing, and leaves nothing open', async () => {
    const staff = await api.person('staff')
    for (let at = 0; at < 12; at += 1) {
      const answer = await api.app.http.inject({
        method: 'HEAD',
        url: '/api/v1/events',
        headers: { authorization: `Bearer ${staff.token}` },
      })
      assert.deepEqual([answer.statusCode, answer.body], [200, ''])
    }
  })

  it('is one of ten in a session at most', async () => {
    const staff = await api.person('staff')
    const streams = await Promise.all(Array.from({ length: 10 }, () => follow(staff)))
    await assert.rejects(follow(staff), { status: 429 })
    await assert.rejects(staff.call(liveEventApi.follow, { query: { follow: 'false' } }), refusedWith(tooManyStreams))
    streams[0]?.close()
    const again = async (): Promise<OpenStream> => follow(staff).catch(again)
    assert.ok(await again())
  })

  it('is recorded when it is opened, with whom it is about', async () => {
    const staff = await api.person('staff')
    const patient_id = await api.patient()
    await follow(staff, `?patient_id=${patient_id}`)
    const entries = await api.rows(
      sql`select action, patient_id, outcome from audit_logs where user_id = ${staff.user_id}`,
    )
    assert.deepEqual(entries, [{ action: 'event.follow', patient_id, outcome: 'success' }])
  })
})
