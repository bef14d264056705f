import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { slotApi } from '../doctors/slot.contract.ts'
import {
  appointmentApi,
  beyondHorizon,
  notAccepting,
  outsideAvailability,
  patientBusy,
  patientMissing,
  slotTaken,
  timeInPast,
} from './appointment.contract.ts'
import { makePatient, mondayAt } from './hospital.testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

async function aDoctor(department_id?: string): Promise<Person & { doctor_id: string }> {
  const doctor = await api.person('doctor', { doctor: true, ...(department_id ? { department_id } : {}) })
  return { ...doctor, doctor_id: doctor.doctor_id ?? '' }
}
const members = (error: unknown) => (error instanceof Problem ? error.members : {})

describe('booking an appointment', () => {
  it('takes the slot, and leaves history, audit entry, event and care relationship', async () => {
    const department_id = await api.department()
    const { doctor_id } = await aDoctor(department_id)
    const patient_id = await makePatient(api)
    const body = { doctor_id, patient_id, appointment_time: mondayAt('09:00'), reason: 'a cough', notes: 'since May' }
    const booked = await staff.call(appointmentApi.book, { body })
    assert.match(booked.confirmation_code, /^APT-\d{8}-\d{4}$/)
    assert.deepEqual(
      [
        booked.status,
        booked.duration_minutes,
        booked.appointment_time,
        booked.reason,
        booked.notes,
        booked.created_by,
        booked.version,
      ],
      ['booked', 30, body.appointment_time, 'a cough', 'since May', staff.user_id, 1],
    )
    assert.deepEqual(await staff.call(appointmentApi.get, { params: { appointment_id: booked.id } }), booked)
    const entries = await api.rows(
      sql`select action, patient_id, outcome, user_id from audit_logs where resource_id = ${booked.id} and action = 'appointment.book'`,
    )
    assert.deepEqual(entries, [{ action: 'appointment.book', patient_id, outcome: 'success', user_id: staff.user_id }])
    const events = await api.rows(sql`select type, patient_id from events where subject_id = ${booked.id}`)
    assert.deepEqual(events, [{ type: 'appointment.booked', patient_id }])
    const related = await api.rows(
      sql`select department_id, doctor_id, origin from care_relationships where origin_id = ${booked.id}`,
    )
    assert.deepEqual(related, [{ department_id, doctor_id, origin: 'appointment' }])
    const history = await staff.call(appointmentApi.history, { params: { appointment_id: booked.id } })
    assert.deepEqual(
      history.items.map(({ from_status, to_status, to_time }) => [from_status, to_status, to_time]),
      [[null, 'booked', body.appointment_time]],
    )
  })

  it('keeps reason and notes sealed', async () => {
    const { doctor_id } = await aDoctor()
    const body = {
      doctor_id,
      patient_id: await makePatient(api),
      appointment_time: mondayAt('09:00'),
      reason: 'canary-7f3a',
      notes: 'canary-9c1b',
    }
    await staff.call(appointmentApi.book, { body })
    const [dump] = await api.rows<{
      text: string
    }>(sql`select (select string_agg(a::text, '') from appointments a) || (select string_agg(h::text, '') from appointment_history h)
      || (select string_agg(e::text, '') from events e) || (select string_agg(l::text, '') from audit_logs l) as text`)
    assert.ok(
      dump &&
        dump.text.includes(doctor_id) &&
        !/canary/.test(dump.text) &&
        !dump.text.includes(Buffer.from('canary').toString('hex')),
    )
  })

  it('is refused where the slot is taken, offers the nearest free ones and leaves nothing behind', async () => {
    const { doctor_id } = await aDoctor()
    const appointment_time = mondayAt('10:00')
    const first = await staff.call(appointmentApi.book, {
      body: { doctor_id, patient_id: await makePatient(api), appointment_time },
    })
    const patient_id = await makePatient(api)
    await assert.rejects(
      staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time } }),
      (error) => {
        const { nearest_slots, ...rest } = members(error)
        const starts = (nearest_slots as { start: string }[]).map(({ start }) => start)
        assert.deepEqual(
          starts,
          [mondayAt('09:00'), mondayAt('09:30'), mondayAt('10:30'), mondayAt('11:00')].concat(starts.slice(4)),
        )
        assert.ok(!JSON.stringify(rest).includes(first.id) && !JSON.stringify(rest).includes(first.patient_id))
        return refusedWith(slotTaken)(error)
      },
    )
    const traces =
      await api.rows(sql`select 'audit' from audit_logs where patient_id = ${patient_id} and action = 'appointment.book'
      union all select 'event' from events where patient_id = ${patient_id}
      union all select 'relation' from care_relationships where patient_id = ${patient_id}`)
    assert.deepEqual(traces, [])
  })

  it('tells those who may know that the patient is elsewhere, and others no more than that it cannot be', async () => {
    const [here, elsewhere] = [await aDoctor(), await aDoctor()]
    const patient_id = await makePatient(api)
    const appointment_time = mondayAt('11:00')
    const first = await staff.call(appointmentApi.book, {
      body: { doctor_id: elsewhere.doctor_id, patient_id, appointment_time },
    })
    const body = { doctor_id: here.doctor_id, patient_id, appointment_time }
    await assert.rejects(
      staff.call(appointmentApi.book, { body }),
      (error) => refusedWith(patientBusy)(error) && members(error)['appointment_id'] === first.id,
    )
    const named = await api.rows(sql`
      select outcome, resource_id from audit_logs where patient_id = ${patient_id} and details->>'code' = 'patient_busy'`)
    assert.deepEqual(named, [{ outcome: 'denied', resource_id: first.id }])
    await assert.rejects(
      here.call(appointmentApi.book, { body }),
      (error) => refusedWith(slotTaken)(error) && !('appointment_id' in members(error)),
    )
  })

  it('points a repeated request without a key to the appointment that it made', async () => {
    const { doctor_id } = await aDoctor()
    const patient = await api.person('patient', { patient_id: await makePatient(api) })
    const body = { doctor_id, appointment_time: mondayAt('11:30') }
    const booked = await patient.call(appointmentApi.book, { body })
    await assert.rejects(
      patient.call(appointmentApi.book, { body }),
      (error) => refusedWith(slotTaken)(error) && members(error)['appointment_id'] === booked.id,
    )
  })

  it('is done once for one Idempotency-Key', async () => {
    const { doctor_id } = await aDoctor()
    const body = { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt('09:00'), notes: 'once' }
    const key = { 'idempotency-key': 'booking-1' }
    const first = await staff.call(appointmentApi.book, { body }, key)
    assert.deepEqual(await staff.call(appointmentApi.book, { body }, key), first)
    await assert.rejects(
      staff.call(appointmentApi.book, { body }, { 'idempotency-key': 'booking-2' }),
      refusedWith(slotTaken),
    )
  })

  it('lets adjacent slots stand beside each other', async () => {
    const { doctor_id } = await aDoctor()
    const patient_id = await makePatient(api)
    for (const time of ['13:00', '13:30', '12:30']) {
      await staff.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time: mondayAt(time) } })
    }
  })

  for (const { title, body, kind } of [
    { title: 'starts in the past', body: () => ({ appointment_time: '2020-01-06T14:00:00Z' }), kind: timeInPast },
    {
      title: 'is more than 180 days ahead',
      body: () => ({ appointment_time: mondayAt('09:00', 30) }),
      kind: beyondHorizon,
    },
    {
      title: 'starts between two slots',
      body: () => ({ appointment_time: mondayAt('09:10') }),
      kind: outsideAvailability,
    },
    {
      title: 'starts a fraction after a slot',
      body: () => ({ appointment_time: mondayAt('09:00').replace('Z', '.0001Z') }),
      kind: outsideAvailability,
    },
    {
      title: 'starts before the doctor comes',
      body: () => ({ appointment_time: mondayAt('08:30') }),
      kind: outsideAvailability,
    },
    {
      title: 'would end after the doctor has left',
      body: () => ({ appointment_time: mondayAt('17:00') }),
      kind: outsideAvailability,
    },
    { title: 'is for nobody', body: () => ({ patient_id: undefined }), kind: patientMissing },
    {
      title: 'is for a patient who does not exist',
      body: () => ({ patient_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22' }),
      kind: notFound,
    },
    {
      title: 'is with a doctor who does not exist',
      body: () => ({ doctor_id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22' }),
      kind: notFound,
    },
    { title: 'brings its own capacity', body: () => ({ capacity: 99 }), kind: invalidRequest },
    { title: 'brings its own duration', body: () => ({ duration_minutes: 5 }), kind: invalidRequest },
    { title: 'brings its own id', body: () => ({ id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22' }), kind: invalidRequest },
  ]) {
    it(`is refused when it ${title}`, async () => {
      const { doctor_id } = await aDoctor()
      const asked = { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt('14:00'), ...body() }
      await assert.rejects(staff.call(appointmentApi.book, { body: asked }), refusedWith(kind))
    })
  }

  it('is refused for a deleted patient and with an inactive doctor', async () => {
    const { doctor_id } = await aDoctor()
    const [gone, there] = [await makePatient(api), await makePatient(api)]
    await api.rows(sql`update patients set is_active = false where id = ${gone}`)
    const appointment_time = mondayAt('14:00')
    await assert.rejects(
      staff.call(appointmentApi.book, { body: { doctor_id, patient_id: gone, appointment_time } }),
      refusedWith(notFound),
    )
    await api.rows(sql`update doctors set is_active = false, version = version + 1 where id = ${doctor_id}`)
    await assert.rejects(
      staff.call(appointmentApi.book, { body: { doctor_id, patient_id: there, appointment_time } }),
      refusedWith(notFound),
    )
  })

  it('takes new patients only where the doctor does', async () => {
    const doctor = await aDoctor()
    const { doctor_id } = doctor
    const [known, stranger] = [await makePatient(api), await makePatient(api)]
    const book = (by: Person, patient_id: string, time: string) =>
      by.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time: mondayAt(time) } })
    await book(staff, known, '09:00')
    await api.rows(sql`update doctors set accepts_new_patients = false, version = version + 1 where id = ${doctor_id}`)
    await assert.rejects(book(staff, stranger, '10:00'), refusedWith(notAccepting))
    await book(staff, known, '10:00')
    await book(doctor, stranger, '11:00')
  })

  it('follows changed hours at once, on every server', async () => {
    const { doctor_id } = await aDoctor()
    const book = async (time: string) =>
      staff.call(appointmentApi.book, {
        body: { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt(time) },
      })
    await book('09:00')
    await api.rows(
      sql`update doctors set available_from = '13:00', available_to = '19:00', version = version + 1 where id = ${doctor_id}`,
    )
    await assert.rejects(book('10:00'), refusedWith(outsideAvailability))
    await book('18:30')
  })
})

describe('who books for whom', () => {
  const appointment_time = mondayAt('15:00')

  it('patients book for themselves, and know no other patient', async () => {
    const { doctor_id } = await aDoctor()
    const [own, other] = [await makePatient(api), await makePatient(api)]
    const patient = await api.person('patient', { patient_id: own })
    assert.equal(
      (await patient.call(appointmentApi.book, { body: { doctor_id, appointment_time, reason: 'mine' } })).patient_id,
      own,
    )
    const body = { doctor_id, appointment_time: mondayAt('15:30'), patient_id: other }
    await assert.rejects(patient.call(appointmentApi.book, { body }), refusedWith(notFound))
  })

  it('doctors book anyone into their own calendar and nobody into another', async () => {
    const [doctor, other] = [await aDoctor(), await aDoctor()]
    const patient_id = await makePatient(api)
    const booked = await doctor.call(appointmentApi.book, {
      body: { doctor_id: doctor.doctor_id, patient_id, appointment_time, notes: 'seen before' },
    })
    assert.equal(
      (await doctor.call(appointmentApi.get, { params: { appointment_id: booked.id } })).notes,
      'seen before',
    )
    const body = { doctor_id: other.doctor_id, patient_id, appointment_time: mondayAt('16:00') }
    await assert.rejects(doctor.call(appointmentApi.book, { body }), refusedWith(notFound))
  })

  it('nurses book with the doctors of their department, which then reaches the patient', async () => {
    const department_id = await api.department()
    const [inside, outside] = [await aDoctor(department_id), await aDoctor(await api.department())]
    const nurse = await api.person('nurse', { department_id })
    const patient_id = await makePatient(api)
    const before_booking = nurse.call(appointmentApi.listOfPatient, { params: { patient_id }, query: {} })
    await assert.rejects(before_booking, refusedWith(notFound))
    await nurse.call(appointmentApi.book, {
      body: { doctor_id: inside.doctor_id, patient_id, appointment_time, reason: 'found at the desk' },
    })
    const list = await nurse.call(appointmentApi.listOfPatient, { params: { patient_id }, query: {} })
    assert.deepEqual(
      list.items.map(({ reason }) => reason),
      ['found at the desk'],
    )
    const body = { doctor_id: outside.doctor_id, patient_id, appointment_time: mondayAt('16:00') }
    await assert.rejects(nurse.call(appointmentApi.book, { body }), refusedWith(notFound))
  })

  it('auditors book nothing', async () => {
    const auditor = await api.person('auditor')
    const { doctor_id } = await aDoctor()
    await assert.rejects(
      auditor.call(appointmentApi.book, { body: { doctor_id, patient_id: await makePatient(api), appointment_time } }),
      refusedWith(forbidden),
    )
  })
})

describe('free slots', () => {
  it('are those that nobody has taken, by local date, both included, for everyone', async () => {
    const { doctor_id } = await aDoctor()
    const booked = await staff.call(appointmentApi.book, {
      body: { doctor_id, patient_id: await makePatient(api), appointment_time: mondayAt('09:30') },
    })
    const monday = booked.appointment_time.slice(0, 10)
    const slots = async () =>
      (await api.call(slotApi.listOfDoctor, { params: { doctor_id }, query: { from: monday, to: monday } })).items
    const free = await slots()
    assert.equal(free.length, 15)
    assert.deepEqual(free[0], { doctor_id, start: mondayAt('09:00'), end: mondayAt('09:30'), duration_minutes: 30 })
    assert.ok(!free.some(({ start }) => start === booked.appointment_time))
    await staff.call(appointmentApi.cancel, { params: { appointment_id: booked.id }, body: undefined })
    assert.equal((await slots()).length, 16)
  })

  it('lie in the future, within the horizon and within 31 days', async () => {
    const { doctor_id } = await aDoctor()
    const list = (query: { from?: string; to?: string }) =>
      api.call(slotApi.listOfDoctor, { params: { doctor_id }, query })
    const now = Temporal.Now.instant().toString()
    assert.ok((await list({})).items.every(({ start }) => start > now))
    const monday = mondayAt('09:00').slice(0, 10)
    const untilMonday = (await list({ to: monday })).items.map(({ start }) => start.slice(0, 10))
    const sixDaysBefore = Temporal.PlainDate.from(monday).subtract({ days: 6 }).toString()
    assert.deepEqual([untilMonday[0], untilMonday.at(-1)], [sixDaysBefore, monday])
    for (const dates of [
      { from: '2020-01-06', to: '2020-01-10' },
      { from: '9999-12-01', to: '9999-12-31' },
    ]) {
      assert.deepEqual((await list(dates)).items, [])
    }
    await assert.rejects(list({ from: '2026-12-01', to: '2027-01-01' }), refusedWith(invalidRequest, '/query/to'))
    await assert.rejects(list({ from: '2026-12-02', to: '2026-12-01' }), refusedWith(invalidRequest, '/query/to'))
    await assert.rejects(
      list({ from: '2026-02-30', to: 'soon' }),
      refusedWith(invalidRequest, '/query/from', '/query/to'),
    )
  })

  it('are none of a doctor who is not there, is not active or has no such specialization', async () => {
    const gone = await aDoctor()
    await api.rows(sql`update doctors set is_active = false where id = ${gone.doctor_id}`)
    for (const doctor_id of [gone.doctor_id, staff.user_id])
      await assert.rejects(api.call(slotApi.listOfDoctor, { params: { doctor_id }, query: {} }), refusedWith(notFound))
    assert.deepEqual(await api.call(slotApi.listNext, { query: { specialization: 'Alchemy' } }), { items: [] })
  })

  it('of many doctors come in order of time', async () => {
    const specialization = 'Rheumatology'
    const pair = await Promise.all([1, 2].map(() => api.person('doctor', { doctor: { specialization } })))
    const from = Temporal.Instant.from(mondayAt('09:00'))
      .toZonedDateTimeISO('America/New_York')
      .toPlainDate()
      .toString()
    const taken = {
      doctor_id: pair[0]?.doctor_id ?? '',
      patient_id: await makePatient(api),
      appointment_time: mondayAt('09:00'),
    }
    await staff.call(appointmentApi.book, { body: taken })
    const { items } = await api.call(slotApi.listNext, { query: { specialization, from, limit: '4' } })
    assert.deepEqual(
      items.map(({ start }) => start),
      ['09:00', '09:30', '09:30', '10:00'].map((time) => mondayAt(time)),
    )
    assert.equal(items[0]?.doctor_id, pair[1]?.doctor_id)
  })
})
