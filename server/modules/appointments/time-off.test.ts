import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { slotApi } from '../doctors/slot.contract.ts'
import { appointmentApi, outsideAvailability } from './appointment.contract.ts'
import { makePatient, makePatients, mondayAt, overlaps } from './hospital.testing.ts'
import { type Affected, timeOffApi, timeOffConflict } from './time-off.contract.ts'

let api: TestApi
let admin: Person
let here: string
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  here = await api.department()
})
after(() => api[Symbol.asyncDispose]())

const aDoctor = async () => {
  const doctor = await api.person('doctor', { doctor: true, department_id: here })
  return { ...doctor, doctor_id: doctor.doctor_id ?? '' }
}
const of = (doctor_id: string) => ({ params: { doctor_id } })
const book = async (doctor_id: string, time: string, more: { reason?: string; patient_id?: string } = {}) => {
  const patient_id = more.patient_id ?? (await makePatient(api))
  const body = { doctor_id, appointment_time: mondayAt(time), ...more, patient_id }
  return admin.call(appointmentApi.book, { body })
}
const morning = { starts_at: mondayAt('09:00'), ends_at: mondayAt('12:00') }
async function openOwner() {
  const client = new pg.Client({ connectionString: api.owner_url })
  await client.connect()
  return { query: client.query.bind(client), [Symbol.asyncDispose]: () => client.end() }
}
async function waits(table: string) {
  const waiting = sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like ${`%${table}%`}`
  while ((await api.rows(waiting)).length === 0);
}
const namedIn = (error: unknown) =>
  error instanceof Problem ? (error.members['appointments'] as { total: number; items: Affected[] }) : undefined

describe('time off', () => {
  it('takes its slots out of the list, and gives them back when it is taken back', async () => {
    const { doctor_id } = await aDoctor()
    const date = morning.starts_at.slice(0, 10)
    const starts = async () => {
      const { items } = await api.call(slotApi.listOfDoctor, { ...of(doctor_id), query: { from: date, to: date } })
      return items.map(({ start }) => start)
    }
    const offered = await starts()
    // Half past eleven: the slot that the time off reaches into by a minute is gone as well.
    const off = await admin.call(timeOffApi.add, {
      ...of(doctor_id),
      body: { ...morning, ends_at: mondayAt('11:31'), reason: 'Conference' },
    })
    assert.deepEqual([off.reason, off.cancelled_appointments.total], ['Conference', 0])
    assert.deepEqual(await starts(), offered.slice(6))
    await assert.rejects(book(doctor_id, '09:00'), refusedWith(outsideAvailability))
    const next = await api.call(slotApi.listNext, { query: { doctor_ids: doctor_id, from: date, limit: '1' } })
    assert.equal(next.items[0]?.start, mondayAt('12:00'))

    const { items } = await admin.call(timeOffApi.list, { ...of(doctor_id), query: {} })
    assert.deepEqual(
      items.map(({ id }) => id),
      [off.id],
    )
    const past = await admin.call(timeOffApi.list, { ...of(doctor_id), query: { from: '2200-01-01' } })
    assert.deepEqual(past.items, [])
    await admin.call(timeOffApi.remove, { params: { doctor_id, time_off_id: off.id } })
    assert.deepEqual(await starts(), offered)
    await book(doctor_id, '09:00')
    await assert.rejects(
      admin.call(timeOffApi.remove, { params: { doctor_id, time_off_id: off.id } }),
      refusedWith(notFound),
    )
  })

  it('is refused over appointments, which are named, and changes nothing', async () => {
    const { doctor_id } = await aDoctor()
    const first = await book(doctor_id, '11:30')
    await book(doctor_id, '12:00')
    const gone = await book(doctor_id, '09:00')
    await admin.call(appointmentApi.cancel, { params: { appointment_id: gone.id }, body: undefined })
    const asked = admin.call(timeOffApi.add, { ...of(doctor_id), body: morning })
    await assert.rejects(asked, refusedWith(timeOffConflict))
    const named = await asked.catch(namedIn)
    assert.deepEqual(named, {
      total: 1,
      items: [
        {
          id: first.id,
          confirmation_code: first.confirmation_code,
          patient_id: first.patient_id,
          appointment_time: first.appointment_time,
          duration_minutes: 30,
          status: 'booked',
        },
      ],
    })
    assert.deepEqual(await api.rows(sql`select from time_off where doctor_id = ${doctor_id}`), [])
    const told = await api.rows<{ details: { patient_ids: string[] } }>(
      sql`select details from audit_logs where user_id = ${admin.user_id} and action = 'appointment.list' and details->>'count' = '1'`,
    )
    assert.ok(told.some(({ details }) => details.patient_ids.includes(first.patient_id)))
  })

  it('cancels them where that is asked for: with history, reason, audit entry and event', async () => {
    const doctor = await aDoctor()
    const { doctor_id } = doctor
    const plain = await book(doctor_id, '09:00')
    const spoken = await book(doctor_id, '10:00', { reason: 'Chest pain' })
    const later = await book(doctor_id, '12:00')
    const confirmed = await admin.call(appointmentApi.setStatus, {
      params: { appointment_id: spoken.id },
      body: { status: 'confirmed' },
    })
    const off = await doctor.call(timeOffApi.add, {
      ...of(doctor_id),
      body: { ...morning, reason: 'Sick', cancel_appointments: true },
    })
    assert.deepEqual(
      off.cancelled_appointments.items.map(({ id, status }) => [id, status]),
      [
        [plain.id, 'cancelled'],
        [spoken.id, 'cancelled'],
      ],
    )
    const get = (id: string) => admin.call(appointmentApi.get, { params: { appointment_id: id } })
    const after = await get(spoken.id)
    assert.deepEqual(
      [after.status, after.reason, after.cancel_reason, after.version],
      ['cancelled', 'Chest pain', 'The doctor is not available', confirmed.version + 1],
    )
    assert.equal((await get(later.id)).status, 'booked')
    const history = await admin.call(appointmentApi.history, { params: { appointment_id: plain.id } })
    const last = history.items.at(-1)
    assert.deepEqual(
      [last?.from_status, last?.to_status, last?.reason, last?.user_id],
      ['booked', 'cancelled', 'The doctor is not available', doctor.user_id],
    )
    const events = await api.rows<{ patient_id: string; payload: Record<string, unknown> }>(
      sql`select patient_id, payload from events where type = 'appointment.cancelled' and subject_id = ${plain.id}`,
    )
    assert.deepEqual(events, [
      {
        patient_id: plain.patient_id,
        payload: {
          doctor_id,
          appointment_time: plain.appointment_time,
          from_status: 'booked',
          to_status: 'cancelled',
          reason: 'doctor_unavailable',
        },
      },
    ])
    const entries = await api.rows(
      sql`select from audit_logs where action = 'appointment.cancel' and user_id = ${doctor.user_id}`,
    )
    assert.equal(entries.length, 2)
  })

  it('cancels them for staff of a department that the doctor has only now, and leaves what is noted of them as it is', async () => {
    const { doctor_id } = await aDoctor()
    const [plain, spoken] = [await book(doctor_id, '09:00'), await book(doctor_id, '10:00', { reason: 'Chest pain' })]
    const department_id = await api.department()
    await api.rows(sql`update doctors set department_id = ${department_id} where id = ${doctor_id}`)
    await api.rows(sql`
      insert into roles (name, permissions, mfa)
      values ('ward_clerk', array['schedules:write:department', 'appointments:cancel:department', 'appointments:read:department'], 'default')`)
    const clerk = await api.person('ward_clerk', { department_id })
    const body = { ...morning, cancel_appointments: true }
    const off = await clerk.call(timeOffApi.add, { ...of(doctor_id), body })
    assert.equal(off.cancelled_appointments.total, 2)
    for (const [{ id }, was] of [
      [plain, null],
      [spoken, 'Chest pain'],
    ] as const) {
      const params = { appointment_id: id }
      const { status, reason, cancel_reason } = await admin.call(appointmentApi.get, { params })
      assert.deepEqual([status, reason, cancel_reason], ['cancelled', was, null])
      const { items } = await admin.call(appointmentApi.history, { params })
      assert.deepEqual([items.at(-1)?.to_status, items.at(-1)?.user_id], ['cancelled', clerk.user_id])
    }
  })

  it('cancels one that is moved into it meanwhile, once nobody is at that one', async () => {
    const { doctor_id } = await aDoctor()
    const [early, late] = [await book(doctor_id, '09:00'), await book(doctor_id, '14:00')]
    await using calendar = await openOwner()
    await calendar.query('begin')
    await calendar.query('select from doctors where id = $1 for update', [doctor_id])
    const adding = admin.call(timeOffApi.add, { ...of(doctor_id), body: { ...morning, cancel_appointments: true } })
    await waits('doctors')
    await api.rows(
      sql`update appointments set during = tstzrange(${mondayAt('10:00')}, ${mondayAt('10:30')}) where id = ${late.id}`,
    )
    await using somebody = await openOwner()
    await somebody.query('begin')
    await somebody.query('select from appointments where id = $1 for no key update', [late.id])
    await calendar.query('commit')
    await waits('appointments')
    await somebody.query('commit')
    const { items } = (await adding).cancelled_appointments
    assert.deepEqual(
      items.map(({ id }) => id),
      [early.id, late.id],
    )
  })

  it('leaves alone who is with the doctor, and what is over', async () => {
    const { doctor_id } = await aDoctor()
    const [begun, over] = [await book(doctor_id, '09:00'), await book(doctor_id, '09:30')]
    await api.rows(sql`update appointments set status = 'in_progress' where id = ${begun.id}`)
    await api.rows(sql`update appointments set during = tstzrange(now() - interval '1 hour', now() - interval '30 minutes')
                        where id = ${over.id}`)
    const body = { starts_at: '2020-01-01T00:00:00Z', ends_at: '2020-12-31T00:00:00Z' }
    await admin.call(timeOffApi.add, { ...of(doctor_id), body })
    await admin.call(timeOffApi.add, {
      ...of(doctor_id),
      body: { starts_at: Temporal.Now.instant().subtract({ hours: 24 }).toString(), ends_at: mondayAt('12:00') },
    })
  })

  for (const { title, wrong, path } of [
    { title: 'ends when it starts', wrong: { ends_at: morning.starts_at }, path: '/body/ends_at' },
    { title: 'is longer than a year', wrong: { ends_at: mondayAt('12:00', 60) }, path: '/body/ends_at' },
    { title: 'says what it may not', wrong: { doctor_id: 'x' }, path: '/body/doctor_id' },
  ]) {
    it(`is refused when it ${title}`, async () => {
      const { doctor_id } = await aDoctor()
      await assert.rejects(
        admin.call(timeOffApi.add, { ...of(doctor_id), body: { ...morning, ...wrong } }),
        refusedWith(invalidRequest, path),
      )
    })
  }

  it('is taken by doctors for themselves, by staff in their department, by administrators for all, by nobody else', async () => {
    const doctor = await aDoctor()
    const other = await api.person('doctor', { doctor: true, department_id: here })
    const staff = await api.person('staff', { department_id: here })
    const away = await api.person('staff', { department_id: await api.department() })
    const nurse = await api.person('nurse', { department_id: here })
    const add = (person: Person) => person.call(timeOffApi.add, { ...of(doctor.doctor_id), body: morning })
    for (const person of [doctor, staff, admin]) {
      const { id } = await add(person)
      await person.call(timeOffApi.list, { ...of(doctor.doctor_id), query: {} })
      await person.call(timeOffApi.remove, { params: { doctor_id: doctor.doctor_id, time_off_id: id } })
    }
    for (const person of [other, away]) {
      await assert.rejects(add(person), refusedWith(notFound))
      await assert.rejects(person.call(timeOffApi.list, { ...of(doctor.doctor_id), query: {} }), refusedWith(notFound))
    }
    await assert.rejects(add(nurse), refusedWith(forbidden))
  })

  it('names no appointment to whom may read none, and cancels none for whom may cancel none', async () => {
    const { doctor_id } = await aDoctor()
    await book(doctor_id, '09:00')
    await api.rows(
      sql`insert into roles (name, permissions, mfa) values ('planner', array['schedules:write'], 'default') on conflict do nothing`,
    )
    const planner = await api.person('planner')
    const named = await planner.call(timeOffApi.add, { ...of(doctor_id), body: morning }).catch(namedIn)
    assert.deepEqual(named, { total: 1, items: [] })
    await assert.rejects(
      planner.call(timeOffApi.add, { ...of(doctor_id), body: { ...morning, cancel_appointments: true } }),
      refusedWith(forbidden),
    )
  })

  it('is refused by who has read another calendar', async () => {
    const { doctor_id } = await aDoctor()
    await assert.rejects(
      admin.call(timeOffApi.add, { ...of(doctor_id), body: morning }, { 'if-match': '"v9"' }),
      refusedWith(stale),
    )
  })
})

describe('a race of 50 people who book, move and cancel with a doctor who takes time off', () => {
  const slots = ['09:00', '09:30', '10:00', '10:30', '11:00', '11:30', '12:00', '12:30', '13:00', '13:30']

  for (const cancel_appointments of [true, false]) {
    it(`leaves nobody expected in it: ${cancel_appointments ? 'appointments are cancelled' : 'or refuses it'}`, async () => {
      for (let round = 0; round < 4; round += 1) {
        const { doctor_id } = await aDoctor()
        const patients = await makePatients(api, 50)
        const early = await Promise.all([
          book(doctor_id, '13:00', { patient_id: patients[0] ?? '' }),
          book(doctor_id, '13:30', { patient_id: patients[1] ?? '' }),
        ])
        const off = Array.from({ length: 3 }, () =>
          admin.call(timeOffApi.add, { ...of(doctor_id), body: { ...morning, cancel_appointments } }).then(
            () => 'off' as const,
            (error: unknown) => {
              assert.ok(refusedWith(timeOffConflict)(error), String(error))
              return 'refused' as const
            },
          ),
        )
        const asked = patients.map(async (patient_id, at) => {
          const mover = early[at]
          const appointment_time = mondayAt(slots[at % slots.length] ?? '')
          if (mover) {
            return admin.call(appointmentApi.reschedule, {
              params: { appointment_id: mover.id },
              body: { appointment_time: mondayAt(at === 0 ? '09:00' : '09:30') },
            })
          }
          const booked = await admin.call(appointmentApi.book, { body: { doctor_id, patient_id, appointment_time } })
          if (at % 5 === 0)
            await admin.call(appointmentApi.cancel, { params: { appointment_id: booked.id }, body: undefined })
          return booked
        })
        const answers = await Promise.allSettled(asked)
        for (const answer of answers) {
          if (answer.status === 'fulfilled') continue
          const { reason } = answer
          assert.ok(reason instanceof Problem && reason.kind.status < 500, String(reason))
        }
        const outcomes = await Promise.all(off)
        if (cancel_appointments) assert.deepEqual(new Set(outcomes), new Set(['off']))
        const expected = await api.rows(sql`
          select a.id from appointments a join time_off t on t.doctor_id = a.doctor_id and a.during && tstzrange(t.starts_at, t.ends_at)
           where a.doctor_id = ${doctor_id} and a.status not in ('cancelled', 'no_show')`)
        assert.deepEqual(expected, [])
        assert.deepEqual(await overlaps(api), [])
      }
    })
  }
})
