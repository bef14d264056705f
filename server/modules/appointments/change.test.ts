import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import {
  appointmentApi,
  invalidTransition,
  outsideAvailability,
  pastCutOff,
  patientBusy,
  slotTaken,
} from './appointment.contract.ts'
import { type Appointment, AppointmentStatus } from './appointment-record.contract.ts'
import { makePatient, mondayAt } from './hospital.testing.ts'
import { transitions } from './transitions.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = (department_id?: string) =>
  api.person('doctor', { doctor: true, ...(department_id ? { department_id } : {}) })
async function booked(doctor: Person, time = '09:00', patient_id?: string, more = {}): Promise<Appointment> {
  const body = {
    doctor_id: doctor.doctor_id ?? '',
    patient_id: patient_id ?? (await makePatient(api)),
    appointment_time: mondayAt(time),
    ...more,
  }
  return staff.call(appointmentApi.book, { body })
}
async function openOwner() {
  const client = new pg.Client({ connectionString: api.owner_url })
  await client.connect()
  return { query: client.query.bind(client), [Symbol.asyncDispose]: () => client.end() }
}
const on = (appointment: Appointment) => ({ params: { appointment_id: appointment.id } })
/** Puts the start some hours from now, whatever the doctor's hours are. */
const startsIn = (appointment: Appointment, hours: number) =>
  api.rows(
    sql`update appointments set during = tstzrange(now() + ${hours} * interval '1 hour', now() + ${hours + 0.5} * interval '1 hour') where id = ${appointment.id}`,
  )

describe('moving an appointment', () => {
  it('keeps its id and code, frees the old time and tells what was changed', async () => {
    const doctor = await aDoctor()
    const first = await booked(doctor, '09:00', undefined, { notes: 'fasting' })
    const moved = await staff.call(appointmentApi.reschedule, {
      ...on(first),
      body: { appointment_time: mondayAt('10:00'), reason: 'canary-asked' },
    })
    assert.deepEqual(moved, { ...first, appointment_time: mondayAt('10:00'), version: 2, updated_at: moved.updated_at })
    await booked(doctor, '09:00')
    const { items } = await staff.call(appointmentApi.history, on(first))
    const [, change] = items
    assert.deepEqual(
      [change?.from_time, change?.to_time, change?.reason, change?.user_id],
      [mondayAt('09:00'), mondayAt('10:00'), 'canary-asked', staff.user_id],
    )
    const rows = await api.rows<{ sealed: boolean; text: string }>(sql`
      select sealed_changes is not null as sealed, details::text as text from audit_logs where resource_id = ${first.id} and action = 'appointment.reschedule'`)
    assert.deepEqual(rows, [{ sealed: true, text: '{"fields": ["appointment_time"]}' }])
    const [dump] = await api.rows<{ text: string }>(
      sql`select string_agg(h::text, '') as text from appointment_history h`,
    )
    assert.ok(!dump?.text.includes(Buffer.from('canary').toString('hex')) && !dump?.text.includes('canary'))
  })

  it('leaves it where it is when the new time cannot be had', async () => {
    const [doctor, other] = [await aDoctor(), await aDoctor()]
    const patient_id = await makePatient(api)
    const first = await booked(doctor, '09:00', patient_id)
    await booked(doctor, '10:00')
    const elsewhere = await booked(other, '11:00', patient_id)
    const move = (body: { appointment_time: string; doctor_id?: string }) =>
      staff.call(appointmentApi.reschedule, { ...on(first), body })
    await assert.rejects(move({ appointment_time: mondayAt('10:00') }), refusedWith(slotTaken))
    await assert.rejects(move({ appointment_time: mondayAt('11:00') }), (error) => {
      return (
        refusedWith(patientBusy)(error) && error instanceof Problem && error.members['appointment_id'] === elsewhere.id
      )
    })
    await assert.rejects(move({ appointment_time: mondayAt('10:10') }), refusedWith(outsideAvailability))
    await assert.rejects(move({ appointment_time: mondayAt('10:00'), doctor_id: first.id }), refusedWith(notFound))
    assert.deepEqual(await staff.call(appointmentApi.get, on(first)), first)
  })

  it('may overlap its own old time', async () => {
    const doctor = await aDoctor()
    const first = await booked(doctor, '09:00')
    await api.rows(
      sql`update doctors set available_from = '09:10', consultation_minutes = 40, version = version + 1 where id = ${doctor.doctor_id}`,
    )
    const moved = await staff.call(appointmentApi.reschedule, {
      ...on(first),
      body: { appointment_time: mondayAt('09:10') },
    })
    assert.equal(moved.duration_minutes, 40)
  })

  it('to another doctor lets that one reach the patient', async () => {
    const [doctor, other] = [await aDoctor(), await aDoctor()]
    const first = await booked(doctor, '09:00', undefined, { reason: 'hand over' })
    await assert.rejects(other.call(appointmentApi.get, on(first)), refusedWith(notFound))
    await staff.call(appointmentApi.reschedule, {
      ...on(first),
      body: { appointment_time: mondayAt('09:30'), doctor_id: other.doctor_id ?? '' },
    })
    assert.equal((await other.call(appointmentApi.get, on(first))).reason, 'hand over')
    await assert.rejects(doctor.call(appointmentApi.get, on(first)), refusedWith(notFound))
  })

  it('to another doctor may be at the same time', async () => {
    const [doctor, other] = [await aDoctor(), await aDoctor()]
    const first = await booked(doctor, '09:00')
    const taken_over = { appointment_time: mondayAt('09:00'), doctor_id: other.doctor_id ?? '' }
    const moved = await staff.call(appointmentApi.reschedule, { ...on(first), body: taken_over })
    assert.deepEqual([moved.doctor_id, moved.appointment_time], [other.doctor_id, mondayAt('09:00')])
    const second = await booked(doctor, '09:30', first.patient_id)
    await assert.rejects(
      staff.call(appointmentApi.reschedule, { ...on(second), body: taken_over }),
      refusedWith(slotTaken),
    )
  })

  it('stays with the patient whose it has become by a merge meanwhile', async () => {
    const survivor = await makePatient(api)
    const first = await booked(await aDoctor())
    const other = await aDoctor()
    await using merging = await openOwner()
    await merging.query('begin')
    await merging.query('update appointments set patient_id = $1 where id = $2', [survivor, first.id])
    const moving = staff.call(appointmentApi.reschedule, {
      ...on(first),
      body: { appointment_time: mondayAt('10:00'), doctor_id: other.doctor_id ?? '' },
    })
    const waiting = sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%appointments%'`
    while ((await api.rows(waiting)).length === 0);
    await merging.query('update appointment_history set patient_id = $1 where appointment_id = $2', [
      survivor,
      first.id,
    ])
    await merging.query('commit')
    assert.equal((await moving).patient_id, survivor)
    type Row = { patient_id: string }
    for (const table of [
      sql<Row>`select patient_id from appointment_history where appointment_id = ${first.id}`,
      sql<Row>`select patient_id from care_relationships where doctor_id = ${other.doctor_id}`,
      sql<Row>`select patient_id from audit_logs where resource_id = ${first.id} and action = 'appointment.reschedule'`,
    ])
      assert.deepEqual([...new Set((await api.rows(table)).map((row) => row.patient_id))], [survivor])
  })

  it('is refused once it has begun', async () => {
    const first = await booked(await aDoctor())
    await api.rows(sql`update appointments set status = 'in_progress' where id = ${first.id}`)
    const move = staff.call(appointmentApi.reschedule, { ...on(first), body: { appointment_time: mondayAt('10:00') } })
    await assert.rejects(move, refusedWith(invalidTransition))
  })

  it('needs the version that was read, where one is named', async () => {
    const first = await booked(await aDoctor())
    const move = (time: string) =>
      staff.call(
        appointmentApi.reschedule,
        { ...on(first), body: { appointment_time: mondayAt(time) } },
        { 'if-match': '"v1"' },
      )
    await move('10:00')
    await assert.rejects(move('11:00'), refusedWith(stale))
    const { headers } = await staff.send({ method: 'GET', url: `/api/v1/appointments/${first.id}`, headers: {} })
    assert.equal(headers['etag'], '"v2"')
  })
})

describe('the state of an appointment', () => {
  for (const from of AppointmentStatus.options.filter((status) => status !== 'held')) {
    for (const to of AppointmentStatus.options) {
      const isAllowed = transitions[from].includes(to)
      it(`${isAllowed ? 'goes' : 'does not go'} from ${from} to ${to}`, async () => {
        const appointment = await booked(await aDoctor())
        await api.rows(sql`update appointments set status = ${from} where id = ${appointment.id}`)
        if (to === 'no_show') await startsIn(appointment, -1)
        const change = staff.call(appointmentApi.setStatus, { ...on(appointment), body: { status: to } })
        if (isAllowed) assert.equal((await change).status, to)
        else
          await assert.rejects(
            change,
            (error) =>
              refusedWith(invalidTransition)(error) &&
              error instanceof Problem &&
              Array.isArray(error.members['allowed']),
          )
      })
    }
  }

  for (const [minutes, isAllowed] of [
    [1, false],
    [0, true],
  ] as const) {
    it(`is ${isAllowed ? 'a' : 'no'} no-show ${minutes} minutes before its start`, async () => {
      const appointment = await booked(await aDoctor())
      await startsIn(appointment, minutes / 60)
      const change = staff.call(appointmentApi.setStatus, { ...on(appointment), body: { status: 'no_show' } })
      if (isAllowed) assert.equal((await change).status, 'no_show')
      else
        await assert.rejects(change, (error) => {
          if (!refusedWith(invalidTransition)(error) || !(error instanceof Problem)) return false
          return JSON.stringify(error.members['allowed']) === '["confirmed","cancelled"]'
        })
    })
  }

  it('is cancelled with a reason that stays sealed, and once', async () => {
    const doctor = await aDoctor()
    const appointment = await booked(doctor, '09:00', undefined, { notes: 'bring the letter' })
    const cancelled = await staff.call(appointmentApi.cancel, { ...on(appointment), body: { reason: 'moved away' } })
    assert.deepEqual(
      [cancelled.status, cancelled.cancel_reason, cancelled.notes],
      ['cancelled', 'moved away', 'bring the letter'],
    )
    assert.deepEqual(await staff.call(appointmentApi.get, on(appointment)), cancelled)
    await assert.rejects(
      staff.call(appointmentApi.cancel, { ...on(appointment), body: undefined }),
      refusedWith(invalidTransition),
    )
    const events = await api.rows(sql`select type from events where subject_id = ${appointment.id} order by id`)
    assert.deepEqual(events, [{ type: 'appointment.booked' }, { type: 'appointment.cancelled' }])
  })
})

describe('patients and their own appointments', () => {
  async function aPatientWith(hours: number) {
    const patient_id = await makePatient(api)
    const patient = await api.person('patient', { patient_id })
    const appointment = await booked(await aDoctor(), '09:00', patient_id)
    await startsIn(appointment, hours)
    return { patient, appointment }
  }

  it('may be cancelled and moved until 24 hours before the start', async () => {
    const { patient, appointment } = await aPatientWith(24.1)
    await patient.call(appointmentApi.reschedule, { ...on(appointment), body: { appointment_time: mondayAt('10:00') } })
    assert.equal(
      (await patient.call(appointmentApi.cancel, { ...on(appointment), body: undefined })).status,
      'cancelled',
    )
  })

  it('are for the hospital to change after that', async () => {
    const { patient, appointment } = await aPatientWith(23.9)
    const move = patient.call(appointmentApi.reschedule, {
      ...on(appointment),
      body: { appointment_time: mondayAt('10:00') },
    })
    await assert.rejects(move, refusedWith(pastCutOff))
    await assert.rejects(
      patient.call(appointmentApi.cancel, { ...on(appointment), body: undefined }),
      refusedWith(pastCutOff),
    )
    await assert.rejects(
      patient.call(appointmentApi.setStatus, { ...on(appointment), body: { status: 'cancelled' } }),
      refusedWith(pastCutOff),
    )
    assert.equal((await staff.call(appointmentApi.cancel, { ...on(appointment), body: undefined })).status, 'cancelled')
  })

  it('may be confirmed, and not declared to have happened', async () => {
    const { patient, appointment } = await aPatientWith(48)
    assert.equal(
      (await patient.call(appointmentApi.setStatus, { ...on(appointment), body: { status: 'confirmed' } })).status,
      'confirmed',
    )
    await assert.rejects(
      patient.call(appointmentApi.setStatus, { ...on(appointment), body: { status: 'checked_in' } }),
      refusedWith(forbidden),
    )
  })
})

describe('who sees and changes which appointment', () => {
  it('others do not learn that it exists, by any path', async () => {
    const appointment = await booked(await aDoctor(await api.department()), '09:00', undefined, { reason: 'private' })
    const strangers = [
      await api.person('patient', { patient_id: await makePatient(api) }),
      await aDoctor(await api.department()),
      await api.person('nurse', { department_id: await api.department() }),
    ]
    const nowhere = { ...appointment, id: '019b0a52-7f3e-7c3c-8a1d-0f4a6f0f2b22' }
    for (const person of strangers) {
      const answers = async (at: Appointment) => {
        const json = { 'content-type': 'application/json' }
        const asked = [
          person.send({ method: 'GET', url: `/api/v1/appointments/${at.id}`, headers: {} }),
          person.send({ method: 'GET', url: `/api/v1/appointments/${at.id}/history`, headers: {} }),
          person.send({ method: 'DELETE', url: `/api/v1/appointments/${at.id}`, headers: {} }),
          person.send({
            method: 'PUT',
            url: `/api/v1/appointments/${at.id}`,
            headers: json,
            body: JSON.stringify({ appointment_time: mondayAt('12:00') }),
          }),
          person.send({
            method: 'PUT',
            url: `/api/v1/appointments/${at.id}/status`,
            headers: json,
            body: '{"status":"confirmed"}',
          }),
        ]
        return (await Promise.all(asked)).map(({ status, text }) => [
          status,
          text.replaceAll(at.id, 'id').replace(/"correlation_id":"[^"]+"/, ''),
        ])
      }
      const there = await answers(appointment)
      assert.deepEqual(
        there.map(([status]) => status),
        [404, 404, 404, 404, 404],
      )
      assert.deepEqual(there, await answers(nowhere))
      assert.equal((await person.call(appointmentApi.list, { query: { doctor_id: appointment.doctor_id } })).total, 0)
      const denied = await api.rows(
        sql`select from audit_logs where outcome = 'denied' and user_id = ${person.user_id} and resource_id = ${appointment.id}`,
      )
      assert.equal(denied.length, 5)
    }
    assert.deepEqual(await staff.call(appointmentApi.get, on(appointment)), appointment)
  })

  it('doctors see their calendar, not what else their patients have booked', async () => {
    const [doctor, other] = [await aDoctor(), await aDoctor()]
    const patient_id = await makePatient(api)
    const [own, elsewhere] = [await booked(doctor, '09:00', patient_id), await booked(other, '10:00', patient_id)]
    const ids = async (call: Promise<{ items: Appointment[] }>) => (await call).items.map(({ id }) => id)
    assert.deepEqual(await ids(doctor.call(appointmentApi.list, { query: {} })), [own.id])
    assert.deepEqual(await ids(doctor.call(appointmentApi.listOfPatient, { params: { patient_id }, query: {} })), [
      own.id,
    ])
    assert.deepEqual(
      await ids(doctor.call(appointmentApi.listOfDoctor, { params: { doctor_id: doctor.doctor_id ?? '' }, query: {} })),
      [own.id],
    )
    const others = doctor.call(appointmentApi.listOfDoctor, { params: { doctor_id: other.doctor_id ?? '' }, query: {} })
    await assert.rejects(others, refusedWith(notFound))
    assert.deepEqual(await ids(staff.call(appointmentApi.listOfPatient, { params: { patient_id }, query: {} })), [
      own.id,
      elsewhere.id,
    ])
  })

  it('nurses read what their patients have elsewhere, and change what their department has', async () => {
    const department_id = await api.department()
    const [inside, outside] = [await aDoctor(department_id), await aDoctor(await api.department())]
    const nurse = await api.person('nurse', { department_id })
    const patient_id = await makePatient(api)
    const [own, elsewhere] = [await booked(inside, '09:00', patient_id), await booked(outside, '10:00', patient_id)]
    assert.equal((await nurse.call(appointmentApi.get, on(elsewhere))).id, elsewhere.id)
    await assert.rejects(
      nurse.call(appointmentApi.cancel, { ...on(elsewhere), body: undefined }),
      refusedWith(forbidden),
    )
    assert.equal((await nurse.call(appointmentApi.cancel, { ...on(own), body: undefined })).status, 'cancelled')
  })

  it('reading leaves an audit entry with the patient', async () => {
    const appointment = await booked(await aDoctor())
    await staff.call(appointmentApi.get, on(appointment))
    const entries = await api.rows(
      sql`select patient_id from audit_logs where action = 'appointment.read' and resource_id = ${appointment.id}`,
    )
    assert.deepEqual(entries, [{ patient_id: appointment.patient_id }])
  })

  it('a list leaves one entry with whom it showed', async () => {
    const doctor = await aDoctor()
    const made = [await booked(doctor, '09:00'), await booked(doctor, '10:00')]
    await doctor.call(appointmentApi.list, { query: {} })
    const entries = await api.rows(
      sql`select details -> 'patient_ids' as shown from audit_logs where action = 'appointment.list' and user_id = ${doctor.user_id}`,
    )
    assert.deepEqual(entries, [{ shown: made.map(({ patient_id }) => patient_id) }])
  })
})

describe('the list of appointments', () => {
  it('is filtered by local days and status, and goes on at its cursor', async () => {
    const doctor = await aDoctor()
    const doctor_id = doctor.doctor_id ?? ''
    const made = [await booked(doctor, '16:30'), await booked(doctor, '09:00'), await booked(doctor, '12:00')]
    await staff.call(appointmentApi.setStatus, { ...on(made[2] as Appointment), body: { status: 'confirmed' } })
    const day = mondayAt('09:00').slice(0, 10)
    const later = Temporal.PlainDate.from(day).add({ days: 1 }).toString()
    const starts = async (query: Parameters<typeof staff.call<typeof appointmentApi.list>>[1]['query']) =>
      (await staff.call(appointmentApi.list, { query: { doctor_id, ...query } })).items.map(
        ({ appointment_time }) => appointment_time,
      )
    const all = ['09:00', '12:00', '16:30'].map((time) => mondayAt(time))
    assert.deepEqual(await starts({ date: day }), all)
    assert.deepEqual(await starts({ from: day, to: later }), all)
    assert.deepEqual(await starts({ from: later }), [])
    assert.deepEqual(await starts({ date: later, from: day }), [])
    assert.deepEqual(await starts({ status: 'confirmed' }), [all[1]])
    assert.deepEqual(await starts({ skip: '1', limit: '1' }), [all[1]])
    const first = await staff.call(appointmentApi.list, { query: { doctor_id, limit: '2' } })
    assert.deepEqual([first.items.length, first.total], [2, 3])
    assert.deepEqual(await starts({ cursor: first.next_cursor ?? '' }), [all[2]])
  })

  for (const query of [
    'date=0000-01-01',
    'date=9999-12-31',
    'from=2026-13-01',
    'limit=101',
    'skip=-1',
    'doctor_id=1',
    'color=red',
  ]) {
    it(`refuses ${query}`, async () => {
      assert.equal((await staff.send({ method: 'GET', url: `/api/v1/appointments?${query}`, headers: {} })).status, 422)
    })
  }
})
