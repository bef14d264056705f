import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { buildApp } from '../../app.ts'
import { openSystem } from '../../system.ts'
import { appointmentApi, invalidTransition } from './appointment.contract.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { makePatients, mondayAt, overlaps } from './hospital.testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => (await api.person('doctor', { doctor: true })).doctor_id ?? ''

async function post(body: object): Promise<{ status: number; appointment: Appointment }> {
  const headers = { 'content-type': 'application/json' }
  const { status, text } = await staff.send({
    method: 'POST',
    url: '/api/v1/appointments',
    headers,
    body: JSON.stringify(body),
  })
  return { status, appointment: JSON.parse(text) as Appointment }
}
async function put(id: string, body: object, path = '', headers: Record<string, string> = {}): Promise<number> {
  const { status } = await staff.send({
    method: 'PUT',
    url: `/api/v1/appointments/${id}${path}`,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return status
}
const count = (statuses: readonly number[]) =>
  Object.fromEntries(Object.entries(Object.groupBy(statuses, String)).map(([status, all]) => [status, all?.length]))

describe('a race', () => {
  it('of 200 people for one slot makes one appointment and 199 answers that it is taken', async () => {
    const doctor_id = await aDoctor()
    const patients = await makePatients(api, 200)
    const answers = await Promise.all(
      patients.map((patient_id) => post({ doctor_id, patient_id, appointment_time: mondayAt('09:00') })),
    )
    assert.deepEqual(count(answers.map(({ status }) => status)), { 201: 1, 409: 199 })
    const rows = await api.rows<{ what: string }>(sql`
      select 'appointment' as what from appointments where doctor_id = ${doctor_id}
      union all select 'audit' from audit_logs where action = 'appointment.book' and patient_id = any (${patients})
      union all select 'event' from events where type = 'appointment.booked' and patient_id = any (${patients})
      union all select 'relation' from care_relationships where doctor_id = ${doctor_id}`)
    assert.deepEqual(rows.map(({ what }) => what).sort(), ['appointment', 'audit', 'event', 'relation'])
  })

  it('through two servers makes one appointment', async () => {
    const doctor_id = await aDoctor()
    const { configuration, owner_url, system } = api
    const { keys, log } = system
    const second = await openSystem({
      configuration,
      keyring: keys.keyring,
      owner_url,
      log,
      connection_wait_ms: 0,
      migrated: true,
      unsafe_fsync_off: true,
    })
    const app = await buildApp(second)
    try {
      const patients = await makePatients(api, 100)
      const headers = { authorization: `Bearer ${staff.token}` }
      const statuses = await Promise.all(
        patients.map(async (patient_id, at) => {
          const payload = { doctor_id, patient_id, appointment_time: mondayAt('09:00') }
          if (at % 2 === 0) return (await post(payload)).status
          return (await app.http.inject({ method: 'POST', url: '/api/v1/appointments', headers, payload })).statusCode
        }),
      )
      assert.deepEqual(count(statuses), { 201: 1, 409: 99 })
    } finally {
      await app.stop()
      await second.close()
    }
  })

  it('of one patient for twenty doctors at one time gives them one appointment', async () => {
    const [patient_id] = await makePatients(api, 1)
    const doctors = await Promise.all(Array.from({ length: 20 }, aDoctor))
    const answers = await Promise.all(
      doctors.map((doctor_id) => post({ doctor_id, patient_id, appointment_time: mondayAt('09:00') })),
    )
    assert.deepEqual(count(answers.map(({ status }) => status)), { 201: 1, 409: 19 })
  })

  it('of bookings and moves for the same few slots never takes one twice, and never fails', async () => {
    const doctors = await Promise.all([aDoctor(), aDoctor()])
    const patients = await makePatients(api, 24)
    const times = ['09:00', '09:30', '10:00', '10:30'].map((time) => mondayAt(time))
    const made = await Promise.all(
      patients.slice(0, 12).map((patient_id, at) =>
        post({
          doctor_id: doctors[at % 2],
          patient_id,
          appointment_time: mondayAt(`${13 + (at >> 2)}:${at % 4 < 2 ? '00' : '30'}`),
        }),
      ),
    )
    const ids = made.filter(({ status }) => status === 201).map(({ appointment }) => appointment.id)
    assert.equal(ids.length, 12)
    const statuses = await Promise.all(
      Array.from({ length: 10 }, (_, round) => [
        ...ids.map((id, at) =>
          put(id, { appointment_time: times[(at + round) % 4], doctor_id: doctors[(at + round) % 2] }),
        ),
        ...patients
          .slice(12)
          .map(
            async (patient_id, at) =>
              (await post({ doctor_id: doctors[at % 2], patient_id, appointment_time: times[(at * 7 + round) % 4] }))
                .status,
          ),
        ...ids.map((id) => put(id, { status: round % 2 === 0 ? 'confirmed' : 'cancelled' }, '/status')),
      ]).flat(),
    )
    assert.deepEqual(
      Object.keys(count(statuses)).filter((status) => !['200', '201', '409'].includes(status)),
      [],
    )
    assert.ok((count(statuses)[200] ?? 0) > 0)
    assert.deepEqual(await overlaps(api), [])
  })

  it('of two who swap their times throws neither out with an error', async () => {
    const doctor_id = await aDoctor()
    const patients = await makePatients(api, 2)
    const times = [mondayAt('09:00'), mondayAt('09:30')]
    const [a, b] = await Promise.all(
      patients.map((patient_id, at) => post({ doctor_id, patient_id, appointment_time: times[at] })),
    )
    const statuses = await Promise.all([
      put(a?.appointment.id ?? '', { appointment_time: times[1] }),
      put(b?.appointment.id ?? '', { appointment_time: times[0] }),
    ])
    assert.deepEqual(statuses, [409, 409])
  })

  it('of twenty changes of one version changes it once', async () => {
    const doctor_id = await aDoctor()
    const [patient_id] = await makePatients(api, 1)
    const { appointment } = await post({ doctor_id, patient_id, appointment_time: mondayAt('09:00') })
    const moves = Array.from({ length: 10 }, (_, at) =>
      put(appointment.id, { appointment_time: mondayAt(`${10 + (at >> 1)}:${at % 2 ? '30' : '00'}`) }, '', {
        'if-match': '"v1"',
      }),
    )
    const confirmations = Array.from({ length: 10 }, () =>
      put(appointment.id, { status: 'confirmed' }, '/status', { 'if-match': '"v1"' }),
    )
    assert.deepEqual(count(await Promise.all([...moves, ...confirmations])), { 200: 1, 412: 19 })
    await assert.rejects(
      staff.call(
        appointmentApi.cancel,
        { params: { appointment_id: appointment.id }, body: undefined },
        { 'if-match': '"v1"' },
      ),
      refusedWith(stale),
    )
  })

  it('between a cancellation and many who wait for the time gives it to one of them', async () => {
    const doctor_id = await aDoctor()
    const [first, ...others] = await makePatients(api, 21)
    const body = { doctor_id, appointment_time: mondayAt('09:00') }
    const { appointment } = await post({ ...body, patient_id: first })
    const cancel = staff.call(appointmentApi.cancel, {
      params: { appointment_id: appointment.id },
      body: { reason: 'better' },
    })
    const during = await Promise.all(others.map(async (patient_id) => (await post({ ...body, patient_id })).status))
    assert.equal((await cancel).status, 'cancelled')
    const after_it = await Promise.all(others.map(async (patient_id) => (await post({ ...body, patient_id })).status))
    assert.equal(count([...during, ...after_it])[201], 1)
    assert.deepEqual(Object.keys(count([...during, ...after_it])), ['201', '409'])
    assert.deepEqual(await overlaps(api), [])
    await assert.rejects(
      staff.call(appointmentApi.setStatus, { params: { appointment_id: appointment.id }, body: { status: 'booked' } }),
      refusedWith(invalidTransition),
    )
  })
})

describe('the database', () => {
  const statuses = ['held', 'booked', 'confirmed', 'checked_in', 'in_progress', 'completed', 'cancelled', 'no_show']
  const during = '[2030-01-07 14:00+00,2030-01-07 14:30+00)'
  let code = 0
  const insert = async (doctor_id: string, patient_id: string, status: string) =>
    api.rows<{
      id: string
    }>(sql`insert into appointments (confirmation_code, doctor_id, patient_id, during, status, held_until)
      values (${`T-${(code += 1)}`}, ${doctor_id}, ${patient_id}, ${during}, ${status}, ${status === 'held' ? during.slice(1, 20) : null})
      returning id`)
  const constraintOf = (error: unknown) => (error as { constraint?: string }).constraint

  for (const status of statuses) {
    const isTaking = !['cancelled', 'no_show'].includes(status)
    it(`${isTaking ? 'keeps' : 'does not keep'} the time of doctor and patient while an appointment is ${status}, on insert and on update`, async () => {
      const [doctor, other_doctor] = [await aDoctor(), await aDoctor()]
      const [patient = '', other_patient = ''] = await makePatients(api, 2)
      await insert(doctor, patient, status)
      const attempts = [
        { promise: 'appointments_doctor_free', doctor_id: doctor, patient_id: other_patient },
        { promise: 'appointments_patient_free', doctor_id: other_doctor, patient_id: patient },
      ]
      for (const { promise, doctor_id, patient_id } of attempts) {
        const [parked] = await insert(doctor_id, patient_id, 'cancelled')
        const onInsert = insert(doctor_id, patient_id, 'booked')
        if (isTaking) {
          await assert.rejects(onInsert, (error) => constraintOf(error) === promise)
          await assert.rejects(
            api.rows(sql`update appointments set status = 'booked' where id = ${parked?.id}`),
            (error) => constraintOf(error) === promise,
          )
        } else {
          const [fits] = await onInsert
          await api.rows(sql`update appointments set status = 'cancelled' where id = ${fits?.id}`)
          await api.rows(sql`update appointments set status = 'booked' where id = ${parked?.id}`)
          await api.rows(sql`update appointments set status = 'cancelled' where id = ${parked?.id}`)
        }
      }
    })
  }

  it('knows no status beside those', async () => {
    const [row] = await api.rows<{ rule: string }>(sql`
      select pg_get_constraintdef(oid) as rule from pg_constraint where conname = 'appointments_status_check'`)
    assert.deepEqual(
      [...(row?.rule ?? '').matchAll(/'(\w+)'/g)].map(([, name]) => name),
      statuses,
    )
  })
})
