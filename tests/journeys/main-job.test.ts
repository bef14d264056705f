// The main job, from HTTP to the database and back: people are hired, a patient is registered, found, booked, seen, and every
// access stands in a log that proves itself.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { assertStatus, createColleague, createDepartment, createDoctor, expectStatus, freeStarts } from '../hospital.ts'
import { runOpenward, until } from '../processes.ts'
import { type Hospital, startHospital } from '../shapes.ts'

let hospital: Hospital
let administrator: Caller

before(async () => {
  hospital = await startHospital({ environment: { LOG_LEVEL: 'warn' } })
  administrator = await signIn(hospital.port)
})
after(() => hospital?.stop())

type Patient = { id: string; patient_number: string; version: number }
type Found = { items: { id: string; may_open: boolean }[] }
type Appointment = { id: string; status: string; confirmation_code: string; doctor_id: string }
type Log = { items: { id: string; action: string; outcome: string; user_id: string | null }[] }

const agustin = {
  first_name: 'Agustín',
  last_name: 'Fonseca',
  date_of_birth: '1961-07-09',
  gender: 'MALE',
  phone_primary: '(415) 555-2671',
  ssn: '412-68-1937',
  email: 'agustin.fonseca@example.org',
}

test('a patient is registered, found in every way, booked, moved by cancelling, and every access is on a log that proves itself', async () => {
  const department_id = await createDepartment(administrator)
  const nurse = await createColleague(administrator, 'nurse', department_id)
  const receptionist = await createColleague(administrator, 'staff')
  const doctor = await createDoctor(administrator, { specialization: 'Cardiology', department_id })
  const reception = receptionist.caller

  const patient = expectStatus(201, await reception.ask('POST', '/api/v1/patients', agustin)) as Patient
  for (const criteria of [
    { name: 'agustin fonsca' },
    { phone: '415-555-2671' },
    { ssn: '412681937' },
    { medical_number: patient.patient_number },
    { email: 'Agustin.Fonseca@example.org' },
    { date_of_birth: '1961-07-09' },
    { q: 'Fonseca Agustín' },
  ]) {
    const find = async () => {
      const found = expectStatus(200, await reception.ask('POST', '/api/v1/patients/search', criteria)) as Found
      return found.items.map(({ id }) => id)
    }
    // At once where he was registered; another server, where there is one, knows a name a moment later.
    await until(JSON.stringify(criteria), async () => (await find()).includes(patient.id), 5000)
    assert.deepEqual(await find().then((ids) => new Set([...ids, patient.id]).size), 1, JSON.stringify(criteria))
  }

  // Before the booking the nurse may find him and not open his record; the booking makes the relation.
  assertStatus(await nurse.caller.ask('GET', `/api/v1/patients/${patient.id}`), 404)
  const cardiologists = expectStatus(200, await reception.ask('GET', '/api/v1/doctors?specialization=Cardiology')) as {
    items: { id: string }[]
  }
  assert.deepEqual(
    cardiologists.items.map(({ id }) => id),
    [doctor.doctor_id],
  )
  const [first, second] = await freeStarts(reception, doctor.doctor_id)
  const request = { doctor_id: doctor.doctor_id, patient_id: patient.id, reason: 'Palpitations' }
  const book = (appointment_time: string | undefined) =>
    reception.ask('POST', '/api/v1/appointments', { ...request, appointment_time })
  const booked = expectStatus(201, await book(first)) as Appointment
  assert.match(booked.confirmation_code, /^APT-\d{8}-\d{4,}$/)
  assertStatus(await book(first), 409)

  assertStatus(await nurse.caller.ask('GET', `/api/v1/patients/${patient.id}`), 200)
  assertStatus(await doctor.caller.ask('GET', `/api/v1/patients/${patient.id}`), 200)
  const seenIn = async (caller: Caller, url: string) => {
    const { items } = expectStatus(200, await caller.ask('GET', url)) as { items: Appointment[] }
    return items.filter(({ status }) => status === 'booked').map(({ id }) => id)
  }
  assert.deepEqual(await seenIn(doctor.caller, '/api/v1/appointments'), [booked.id])
  assert.deepEqual(await seenIn(reception, `/api/v1/doctors/${doctor.doctor_id}/appointments`), [booked.id])
  assert.deepEqual(await seenIn(reception, `/api/v1/patients/${patient.id}/appointments`), [booked.id])

  const cancelled = await reception.ask('DELETE', `/api/v1/appointments/${booked.id}`, { reason: 'Travels' })
  assert.equal((expectStatus(200, cancelled) as Appointment).status, 'cancelled')
  assert.ok((await freeStarts(reception, doctor.doctor_id)).includes(first ?? ''), 'the time is free at once')
  const again = expectStatus(201, await book(second)) as Appointment
  assert.notEqual(again.confirmation_code, booked.confirmation_code)
  assert.deepEqual(await seenIn(reception, `/api/v1/patients/${patient.id}/appointments`), [again.id])

  const log = expectStatus(
    200,
    await administrator.ask('GET', `/api/v1/audit-logs?patient_id=${patient.id}&limit=100`),
  ) as Log
  const did = (user_id: string) =>
    log.items
      .filter((entry) => entry.user_id === user_id)
      .map(({ action, outcome }) => `${action} ${outcome}`)
      .toReversed()
  assert.deepEqual(did(nurse.user_id), ['patient.read denied', 'patient.read success'])
  assert.deepEqual(did(doctor.user_id), ['patient.read success'])
  assert.deepEqual(
    did(receptionist.user_id).filter((entry) => /register|book|cancel/.test(entry)),
    [
      'patient.register success',
      'appointment.book success',
      'appointment.book denied',
      'appointment.cancel success',
      'appointment.book success',
    ],
  )
})

test('the log proves that it is whole, and one altered row is named', async () => {
  const verify = () => runOpenward(hospital.installation, 'audit', 'verify')
  const whole = await verify()
  assert.equal(whole.code, 0, whole.output)
  const [counted] = await hospital.cluster.rows<{ count: number }>('select count(*)::int as count from audit_logs')
  assert.ok((counted?.count ?? 0) > 20)
  assert.match(whole.output, /\d+ .*whole/)

  // A busy machine seals later than after the usual two seconds.
  await until('everything is sealed', async () => {
    const [left] = await hospital.cluster.rows<{ count: number }>(
      'select count(*)::int as count from audit_logs where id not in (select entry_id from audit_leaves)',
    )
    return left?.count === 0
  })
  const [row] = await hospital.cluster.rows<{ id: string }>(
    `update audit_logs set outcome = case outcome when 'denied' then 'success' else 'denied' end
      where id = (select id from audit_logs order by outcome = 'denied' desc, id limit 1) returning id`,
  )
  const altered = await verify()
  assert.equal(altered.code, 1, altered.output)
  assert.ok(altered.output.includes(row?.id ?? 'no row was altered'), altered.output)
})
