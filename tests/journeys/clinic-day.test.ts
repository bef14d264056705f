// A day in a clinic of 20 doctors, over HTTP, by staff and by patients: a full calendar, a form that takes its time, a doctor who falls
// ill, a cancelled time that the waitlist fills, beds, and a week in which the clocks go forward.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startSmtp } from '#platform/mail/smtp.testing.ts'
import { type Caller, signIn } from '../caller.ts'
import {
  assertStatus,
  createColleague,
  createDepartment,
  createDoctor,
  expectStatus,
  nextPerson,
  registerAlone,
} from '../hospital.ts'
import { runOpenward, until } from '../processes.ts'
import { type Hospital, startHospital } from '../shapes.ts'
import { nextForwardChange } from './clocks.ts'

type Slot = { doctor_id: string; start: string }
type Appointment = { id: string; patient_id: string; doctor_id: string; appointment_time: string; status: string }
type Of<T> = { items: T[] }
type Staff = Awaited<ReturnType<typeof createColleague>>
type Doctor = Awaited<ReturnType<typeof createDoctor>>
type Patient = { id: string; email: string }

const specializations = ['Cardiology', 'Dermatology', 'Paediatrics', 'Physiotherapy']
const { zone, first_day } = nextForwardChange()

const smtp = await startSmtp()
let hospital: Hospital
let administrator: Caller
let reception: Caller
let nurse: Staff
const doctors: Doctor[] = []
const patients: Patient[] = []
const appointments: Appointment[] = []

before(async () => {
  hospital = await startHospital({
    environment: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, MAIL_FROM: 'care@example.test', OPENWARD_TIMEZONE: zone },
  })
  administrator = await signIn(hospital.port)
})
after(async () => {
  await hospital?.stop()
  await smtp.stop()
})

const doctorsOf = (specialization: string) => doctors.filter((_, at) => specializationOf(at) === specialization)
const specializationOf = (at: number) => specializations[at % specializations.length] ?? ''
const one = <T>(list: readonly T[], at = 0): T => {
  const found = list[at]
  if (found === undefined) throw new Error(`the day needs ${at + 1} of them`)
  return found
}
const mailsTo = (email: string) => smtp.received.filter(({ to }) => to.includes(email)).length
const read = async <T>(caller: Caller, url: string) => expectStatus(200, await caller.ask('GET', url)) as T

async function nextFree(caller: Caller, query: string): Promise<Slot[]> {
  return (await read<Of<Slot>>(caller, `/api/v1/slots?${query}`)).items
}

async function book(caller: Caller, { doctor_id, start }: Slot, patient_id?: string): Promise<Appointment> {
  const body = { doctor_id, appointment_time: start, ...(patient_id ? { patient_id } : {}) }
  const booked = expectStatus(201, await caller.ask('POST', '/api/v1/appointments', body)) as Appointment
  appointments.push(booked)
  return booked
}

test('the clinic opens: 20 doctors with their weeks, and a room full of patients', async () => {
  const departments = await Promise.all(specializations.map(() => createDepartment(administrator)))
  nurse = await createColleague(administrator, 'nurse', one(departments))
  reception = (await createColleague(administrator, 'staff', one(departments))).caller
  for (let at = 0; at < 20; at += 1) {
    const department_id = one(departments, at % departments.length)
    const doctor = await createDoctor(administrator, {
      specialization: specializationOf(at),
      department_id,
      timezone: zone,
    })
    const blocks = [1, 2, 3, 4, 5, 6, 7].flatMap((weekday) => [
      { weekday, start_time: '08:00', end_time: '12:00', slot_minutes: 30 },
      { weekday, start_time: '13:00', end_time: '17:00', slot_minutes: 30 },
    ])
    assertStatus(await doctor.caller.ask('PUT', `/api/v1/doctors/${doctor.doctor_id}/schedule`, { blocks }), 200)
    doctors.push(doctor)
  }
  for (let at = 0; at < 60; at += 20) {
    const made = Array.from({ length: 20 }, async (_, index) => {
      const email = `patient${at + index}@example.org`
      const answer = await reception.ask('POST', '/api/v1/patients', { ...nextPerson(), email, force: true })
      return { id: (expectStatus(201, answer) as { id: string }).id, email }
    })
    patients.push(...(await Promise.all(made)))
  }
  const found = await read<{ total: number }>(reception, '/api/v1/doctors?specialization=Cardiology')
  assert.equal(found.total, 5)
})

test('reception books everybody at once, and nobody twice', async () => {
  const tomorrow = Temporal.Now.plainDateISO(zone).add({ days: 1 }).toString()
  const booked = await Promise.all(
    patients.map(async ({ id }, at) => {
      const specialization = specializationOf(at)
      // Others take times meanwhile: a receptionist takes what the refusal offers.
      let [slot] = (await nextFree(reception, `specialization=${specialization}&from=${tomorrow}&limit=20`)).slice(
        at % 20,
      )
      for (;;) {
        const wanted = one(slot ? [slot] : [])
        const body = { doctor_id: wanted.doctor_id, appointment_time: wanted.start, patient_id: id }
        const answer = await reception.ask('POST', '/api/v1/appointments', body)
        if (answer.status === 201) return JSON.parse(answer.text) as Appointment
        const refused = expectStatus(409, answer) as { code: string; nearest_slots: Slot[] }
        assert.equal(refused.code, 'slot_taken')
        slot = one(refused.nearest_slots, at % refused.nearest_slots.length)
      }
    }),
  )
  appointments.push(...booked)
  assert.equal(new Set(booked.map(({ doctor_id, appointment_time }) => `${doctor_id} ${appointment_time}`)).size, 60)
  const of = one(booked)
  const seen = await read<Of<Appointment>>(
    one(
      doctors,
      doctors.findIndex(({ doctor_id }) => doctor_id === of.doctor_id),
    ).caller,
    '/api/v1/appointments?limit=100',
  )
  assert.ok(
    seen.items.some(({ id }) => id === of.id),
    'the doctor sees who comes',
  )
  await until('everybody has a confirmation', () => patients.every(({ email }) => mailsTo(email) > 0), 120_000)
})

test('a patient finds a doctor, holds a time while the form is filled, and books it; who wanted it is offered others', async () => {
  const patient = await registerAlone(hospital.port)
  const other = await registerAlone(hospital.port)
  const slot = one(await nextFree(patient.caller, 'specialization=Dermatology&limit=1'))
  const wish = { doctor_id: slot.doctor_id, appointment_time: slot.start }
  const hold = expectStatus(201, await patient.caller.ask('POST', '/api/v1/slots/holds', wish)) as { id: string }
  const refused = expectStatus(409, await other.caller.ask('POST', '/api/v1/appointments', wish)) as {
    code: string
    nearest_slots: Slot[]
  }
  assert.equal(refused.code, 'slot_taken')
  const booked = expectStatus(
    201,
    await patient.caller.ask('POST', '/api/v1/appointments', { ...wish, hold_id: hold.id, reason: 'A rash' }),
  ) as Appointment
  assert.equal(booked.id, hold.id)
  const instead = await book(other.caller, one(refused.nearest_slots))
  assert.notEqual(instead.appointment_time + instead.doctor_id, booked.appointment_time + booked.doctor_id)
  assert.deepEqual(
    (await read<Of<Appointment>>(patient.caller, '/api/v1/appointments')).items.map(({ id }) => id),
    [booked.id],
  )
  assertStatus(await other.caller.ask('GET', `/api/v1/appointments/${booked.id}`), 404)
})

test('a doctor falls ill: some patients go to a colleague, the others are told, and nobody is expected in vain', async () => {
  const sick = one(doctorsOf('Physiotherapy'))
  const colleague = one(doctorsOf('Physiotherapy'), 1)
  const day = Temporal.Now.plainDateISO(zone).add({ days: 9 })
  const dayOff = {
    starts_at: day.toZonedDateTime(zone).toInstant().toString(),
    ends_at: day.add({ days: 1 }).toZonedDateTime(zone).toInstant().toString(),
    reason: 'Ill',
  }
  const free = await read<Of<Slot>>(
    reception,
    `/api/v1/doctors/${sick.doctor_id}/slots?from=${day.toString()}&to=${day.toString()}`,
  )
  const expected = await Promise.all(patients.slice(0, 6).map(({ id }, at) => book(reception, one(free.items, at), id)))
  // The confirmation of the morning, and that of this one.
  const told = (mails: number) => patients.slice(2, 6).every(({ email }) => mailsTo(email) >= mails)
  await until('they are told of it', () => told(2), 120_000)
  const url = `/api/v1/doctors/${sick.doctor_id}/time-off`
  const refused = expectStatus(409, await sick.caller.ask('POST', url, dayOff)) as {
    code: string
  }
  assert.equal(refused.code, 'time_off_conflict')

  const taken_over = expected.slice(0, 2)
  for (const { id, appointment_time } of taken_over) {
    const answer = await reception.ask('PUT', `/api/v1/appointments/${id}`, {
      appointment_time,
      doctor_id: colleague.doctor_id,
    })
    assert.equal((expectStatus(200, answer) as Appointment).doctor_id, colleague.doctor_id)
  }
  const off = expectStatus(201, await sick.caller.ask('POST', url, { ...dayOff, cancel_appointments: true })) as {
    cancelled_appointments: { total: number }
  }
  assert.equal(off.cancelled_appointments.total, 4)
  const left = await read<Of<Slot>>(
    reception,
    `/api/v1/doctors/${sick.doctor_id}/slots?from=${day.toString()}&to=${day.toString()}`,
  )
  assert.deepEqual(left.items, [])
  for (const { id } of expected.slice(2)) {
    assert.equal((await read<Appointment>(reception, `/api/v1/appointments/${id}`)).status, 'cancelled')
  }
  await until('they are told that it is cancelled', () => told(3), 120_000)
})

test('a time that is cancelled goes to who waits for it, and to nobody else', async () => {
  const doctor = one(doctorsOf('Paediatrics'))
  const day = Temporal.Now.plainDateISO(zone).add({ days: 5 }).toString()
  const url = `/api/v1/doctors/${doctor.doctor_id}/slots?from=${day}&to=${day}`
  const free = (await read<Of<Slot>>(reception, url)).items
  const booked = await Promise.all(free.map((slot, at) => book(reception, slot, one(patients, 20 + at).id)))
  assert.deepEqual((await read<Of<Slot>>(reception, url)).items, [])

  const waiting = await registerAlone(hospital.port)
  const entry = expectStatus(
    201,
    await waiting.caller.ask('POST', '/api/v1/waitlist', { doctor_id: doctor.doctor_id, from_date: day, to_date: day }),
  ) as { id: string; status: string }
  assert.equal(entry.status, 'waiting')
  const given_up = one(booked, 3)
  assertStatus(await reception.ask('DELETE', `/api/v1/appointments/${given_up.id}`, { reason: 'Travels' }), 200)

  type Offered = { status: string; offer: { appointment_time: string } | null }
  const entryNow = () => read<Offered>(waiting.caller, `/api/v1/waitlist/${entry.id}`)
  await until('the time is offered', async () => (await entryNow()).status === 'offered', 60_000)
  assert.equal((await entryNow()).offer?.appointment_time, given_up.appointment_time)
  const grab = {
    doctor_id: doctor.doctor_id,
    appointment_time: given_up.appointment_time,
    patient_id: one(patients, 50).id,
  }
  assert.equal(
    (expectStatus(409, await reception.ask('POST', '/api/v1/appointments', grab)) as { code: string }).code,
    'slot_taken',
  )
  const taken = expectStatus(
    200,
    await waiting.caller.ask('POST', `/api/v1/waitlist/${entry.id}/accept`),
  ) as Appointment
  assert.equal(taken.status, 'booked')
  assert.equal(taken.appointment_time, given_up.appointment_time)
  assert.equal((await entryNow()).status, 'booked')
})

test('a patient comes, is seen and goes; a bed is given, changed and cleaned', async () => {
  const seen = one(appointments)
  const doctor = one(
    doctors,
    doctors.findIndex(({ doctor_id }) => doctor_id === seen.doctor_id),
  )
  const set = async (caller: Caller, status: string) =>
    assertStatus(await caller.ask('PUT', `/api/v1/appointments/${seen.id}/status`, { status }), 200)
  await set(reception, 'confirmed')
  await set(reception, 'checked_in')
  await set(doctor.caller, 'in_progress')

  const bed = async (code: string) =>
    (
      expectStatus(
        201,
        await administrator.ask('POST', '/api/v1/resources', { type: 'bed', name: `Bed ${code}`, code, ward: 'East' }),
      ) as { id: string }
    ).id
  const [window, door] = [await bed('EAST-1'), await bed('EAST-2')]
  const { patient_id } = seen
  assertStatus(await nurse.caller.ask('POST', `/api/v1/resources/${window}/assign`, { patient_id }), 201)
  const someone = one(patients, 40).id
  assert.equal(
    (
      expectStatus(
        409,
        await nurse.caller.ask('POST', `/api/v1/resources/${window}/assign`, { patient_id: someone }),
      ) as { code: string }
    ).code,
    'resource_unavailable',
  )
  const at_window = Temporal.Now.instant().toString()
  assertStatus(await nurse.caller.ask('POST', `/api/v1/resources/${window}/transfer`, { to_resource_id: door }), 200)
  assertStatus(await nurse.caller.ask('DELETE', `/api/v1/resources/${door}/assign`), 200)
  const statusOf = async (id: string) =>
    (await read<{ status: string }>(nurse.caller, `/api/v1/resources/${id}`)).status
  assert.deepEqual([await statusOf(window), await statusOf(door)], ['cleaning', 'cleaning'])
  assertStatus(await nurse.caller.ask('PUT', `/api/v1/resources/${window}/status`, { status: 'available' }), 200)
  assertStatus(await nurse.caller.ask('POST', `/api/v1/resources/${window}/assign`, { patient_id: someone }), 201)
  const then = await read<Of<{ patient_id: string }>>(
    administrator,
    `/api/v1/resources/${window}/assignments?at=${at_window}`,
  )
  assert.deepEqual(
    then.items.map((one) => one.patient_id),
    [patient_id],
  )
})

test('a course of treatment crosses the day on which the clocks go forward, at the same hour on the wall', async () => {
  const doctor = one(doctorsOf('Physiotherapy'), 2)
  const start = first_day.subtract({ days: 7 }).toZonedDateTime({ timeZone: zone, plainTime: '09:30' })
  const series = expectStatus(
    201,
    await reception.ask('POST', '/api/v1/appointments/series', {
      doctor_id: doctor.doctor_id,
      patient_id: one(patients, 55).id,
      appointment_time: start.toInstant().toString(),
      rrule: 'FREQ=WEEKLY;COUNT=3',
    }),
  ) as { occurrences: Appointment[] }
  const walls = series.occurrences.map(({ appointment_time }) =>
    Temporal.Instant.from(appointment_time).toZonedDateTimeISO(zone).toPlainTime().toString({ smallestUnit: 'minute' }),
  )
  assert.deepEqual(walls, ['09:30', '09:30', '09:30'])
  const [first, second] = series.occurrences.map(({ appointment_time }) => Date.parse(appointment_time))
  assert.equal(((second ?? 0) - (first ?? 0)) / 3_600_000, 7 * 24 - 1, 'that week is an hour shorter')
})

test('in the evening nobody was booked twice, and every access stands in a log that is whole', async () => {
  const overlaps = await hospital.cluster.rows(
    `select one.id from appointments one join appointments other on one.id < other.id and one.during && other.during
        and (one.patient_id = other.patient_id or one.doctor_id = other.doctor_id and one.lane = other.lane)
      where one.status not in ('cancelled', 'no_show') and other.status not in ('cancelled', 'no_show')`,
  )
  assert.deepEqual(overlaps, [])
  const [counted] = await hospital.cluster.rows<{ count: number }>('select count(*)::int as count from appointments')
  assert.ok((counted?.count ?? 0) > 80)
  const verified = await runOpenward(hospital.installation, 'audit', 'verify')
  assert.equal(verified.code, 0, verified.output)
})
