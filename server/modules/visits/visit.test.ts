// Visits: opened once, led to their end, and read by whoever treats the patient.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, type Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { departmentUnknown, doctorApi } from '../doctors/doctor.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { assignmentApi } from '../resources/assignment.contract.ts'
import { makeResource } from '../resources/ward.testing.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { become, type Clinic, confirmedAppointment, openVisit, startClinic } from './clinic.testing.ts'
import {
  bedMissing,
  departmentMissing,
  Visit,
  visitApi,
  visitOpen,
  visitTransition,
  visitUnfinished,
} from './visit.contract.ts'

let api: TestApi
let clinic: Clinic
let admin: Person
let staff: Person
before(async () => {
  api = await startTestApi()
  clinic = await startClinic(api)
  admin = await api.person('admin')
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

const at = ({ id }: { id: string }) => ({ params: { visit_id: id } })
const read = (who: Person, patient_id: string) => who.call(patientApi.read, { params: { patient_id } })

describe('opening a visit', () => {
  it('shows all of it, and brings the record into the reach of department and doctor', async () => {
    const patient_id = await api.patient()
    await assert.rejects(read(clinic.nurse, patient_id), refusedWith(notFound))
    const { doctor_id, department_id } = clinic
    const visit = await openVisit(clinic.nurse, patient_id, { doctor_id, priority: 2, chief_complaint: 'Chest pain' })
    assert.deepEqual(Object.keys(visit).toSorted(), Object.keys(Visit.shape).toSorted())
    assert.match(visit.visit_number, /^VS-\d{8}-\d{4,}$/)
    assert.deepEqual(
      [visit.status, visit.department_id, visit.priority, visit.chief_complaint, visit.created_by, visit.closed_at],
      ['registered', department_id, 2, 'Chest pain', clinic.nurse.user_id, null],
    )
    assert.deepEqual(await clinic.doctor.call(visitApi.get, at(visit)), visit)
    for (const reader of [clinic.nurse, clinic.doctor]) assert.equal((await read(reader, patient_id)).id, patient_id)
  })

  it('makes one visit when ten people open the same at once, and tells the others which', async () => {
    const patient_id = await api.patient()
    const nurses = await Promise.all(
      Array.from({ length: 10 }, () => api.person('nurse', { department_id: clinic.department_id })),
    )
    const outcomes = await Promise.allSettled(nurses.map((nurse) => openVisit(nurse, patient_id)))
    const [opened, ...more] = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.deepEqual(more, [])
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as Problem] : []))
    assert.ok(refused.every(refusedWith(visitOpen)))
    assert.ok(refused.every(({ members }) => members['visit_id'] === opened?.id))
    const rows = sql<{ n: number }>`select count(*)::int as n from visits where patient_id = ${patient_id}`
    assert.deepEqual(await api.rows(rows), [{ n: 1 }])
  })

  it('is possible in another department at the same time, and in the same one when the first has ended', async () => {
    const patient_id = await api.patient()
    const other = await startClinic(api)
    const first = await openVisit(clinic.nurse, patient_id)
    await openVisit(other.nurse, patient_id)
    await become(clinic.nurse, first, 'left_without_being_seen')
    assert.notEqual((await openVisit(clinic.nurse, patient_id)).id, first.id)
  })

  it('is for people of the department, for staff, and for nobody else', async () => {
    const patient_id = await api.patient()
    const { department_id, doctor_id } = await startClinic(api)
    await assert.rejects(openVisit(clinic.nurse, patient_id, { department_id }), refusedWith(forbidden))
    await assert.rejects(openVisit(clinic.doctor, patient_id, { department_id, doctor_id }), refusedWith(forbidden))
    const own = await api.person('patient', { patient_id })
    await assert.rejects(openVisit(own, patient_id), refusedWith(forbidden))
    await assert.rejects(openVisit(staff, patient_id), refusedWith(departmentMissing))
    assert.equal((await openVisit(staff, patient_id, { doctor_id })).department_id, department_id)
  })

  it('is not for somebody unknown, deleted or merged, nor with a doctor or department that is not there', async () => {
    const unknown = crypto.randomUUID()
    await assert.rejects(openVisit(clinic.nurse, unknown), refusedWith(notFound))
    const patient_id = await api.patient()
    await assert.rejects(openVisit(clinic.nurse, patient_id, { doctor_id: unknown }), refusedWith(notFound))
    await assert.rejects(openVisit(admin, patient_id, { department_id: unknown }), refusedWith(departmentUnknown))
    await api.rows(sql`update patients set is_active = false where id = ${patient_id}`)
    await assert.rejects(openVisit(clinic.nurse, patient_id), refusedWith(notFound))
  })
})

describe('checking in an appointment', () => {
  it('opens its visit in the same transaction, and the appointment follows the visit to its end', async () => {
    const patient_id = await api.patient()
    const appointment = await confirmedAppointment(clinic, patient_id)
    await appointment.checkIn()
    const { items } = await clinic.nurse.call(visitApi.listOfPatient, { params: { patient_id }, query: {} })
    const visit = items[0]
    assert.ok(visit)
    assert.deepEqual(
      [items.length, visit.appointment_id, visit.doctor_id, visit.type, visit.status, visit.priority],
      [1, appointment.id, clinic.doctor_id, 'outpatient', 'registered', 3],
    )
    // The appointment is on a later day; this visit is today's.
    const { timezone } = await clinic.doctor.call(doctorApi.get, { params: { doctor_id: clinic.doctor_id } })
    const today = Temporal.Instant.from(visit.opened_at).toZonedDateTimeISO(timezone).toPlainDate()
    assert.equal(visit.visit_number.split('-')[1], today.toString().replaceAll('-', ''))
    const status = async () => (await clinic.doctor.call(appointmentApi.get, appointment)).status
    await become(clinic.nurse, visit, 'triaged')
    assert.equal(await status(), 'checked_in')
    await become(clinic.doctor, visit, 'in_progress')
    assert.equal(await status(), 'in_progress')
    await become(clinic.doctor, visit, 'completed')
    assert.equal(await status(), 'completed')
    const { items: changes } = await clinic.doctor.call(appointmentApi.history, appointment)
    assert.deepEqual(
      changes.map(({ to_status }) => to_status),
      ['booked', 'confirmed', 'checked_in', 'in_progress', 'completed'],
    )
  })

  it('joins the visit that is open, and ends with it where nobody was seen', async () => {
    const patient_id = await api.patient()
    const appointment = await confirmedAppointment(clinic, patient_id)
    const { id } = await openVisit(clinic.nurse, patient_id)
    await appointment.checkIn()
    const joined = await clinic.nurse.call(visitApi.get, at({ id }))
    assert.deepEqual([joined.appointment_id, joined.doctor_id], [appointment.id, clinic.doctor_id])
    await become(clinic.nurse, joined, 'left_without_being_seen')
    assert.equal((await clinic.doctor.call(appointmentApi.get, appointment)).status, 'cancelled')
  })

  it('takes an appointment that joined a visit in progress through both steps', async () => {
    const patient_id = await api.patient()
    const appointment = await confirmedAppointment(clinic, patient_id)
    const visit = await openVisit(clinic.nurse, patient_id)
    await become(clinic.doctor, visit, 'triaged', 'in_progress')
    await appointment.checkIn()
    await become(clinic.doctor, visit, 'completed')
    assert.equal((await clinic.doctor.call(appointmentApi.get, appointment)).status, 'completed')
  })

  it('that races with opening by hand makes one visit', async () => {
    for (let round = 0; round < 5; round += 1) {
      const patient_id = await api.patient()
      const appointment = await confirmedAppointment(clinic, patient_id)
      const outcomes = await Promise.allSettled([appointment.checkIn(), openVisit(clinic.nurse, patient_id)])
      const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
      assert.ok(refused.every(refusedWith(visitOpen)))
      const rows = sql<{ appointment_id: string }>`select appointment_id from visits where patient_id = ${patient_id}`
      assert.deepEqual(await api.rows(rows), [{ appointment_id: appointment.id }])
    }
  })
})

describe('the status of a visit', () => {
  it('goes the way that is allowed and no other, and keeps every step with who and when', async () => {
    const visit = await openVisit(clinic.nurse, await api.patient())
    await assert.rejects(become(clinic.nurse, visit, 'completed'), (error) => {
      assert.ok(refusedWith(visitTransition)(error))
      assert.deepEqual((error as Problem).members['allowed'], ['triaged', 'left_without_being_seen', 'cancelled'])
      return true
    })
    await become(clinic.nurse, visit, 'triaged')
    const ended = await become(clinic.doctor, visit, 'in_progress', 'completed')
    assert.ok(ended?.closed_at)
    const { items } = await clinic.doctor.call(visitApi.history, at(visit))
    assert.deepEqual(
      items.map(({ from_status, to_status, user_id }) => [from_status, to_status, user_id]),
      [
        [null, 'registered', clinic.nurse.user_id],
        ['registered', 'triaged', clinic.nurse.user_id],
        ['triaged', 'in_progress', clinic.doctor.user_id],
        ['in_progress', 'completed', clinic.doctor.user_id],
      ],
    )
  })

  it('is opened again by an administrator only, with a reason, and not while another visit is open there', async () => {
    const patient_id = await api.patient()
    const visit = await openVisit(clinic.nurse, patient_id)
    await become(clinic.doctor, visit, 'triaged', 'in_progress', 'completed')
    await assert.rejects(become(clinic.doctor, visit, 'in_progress'), refusedWith(forbidden))
    await assert.rejects(become(admin, visit, 'in_progress'), refusedWith(invalidRequest, '/body/reason'))
    const body = { status: 'in_progress', reason: 'Wrong patient' } as const
    const second = await openVisit(clinic.nurse, patient_id)
    await assert.rejects(admin.call(visitApi.setStatus, { ...at(visit), body }), refusedWith(visitOpen))
    await become(clinic.nurse, second, 'cancelled')
    const reopened = await admin.call(visitApi.setStatus, { ...at(visit), body })
    assert.deepEqual([reopened.status, reopened.closed_at], ['in_progress', null])
    const { items } = await admin.call(visitApi.history, at(visit))
    assert.deepEqual([items.at(-1)?.reason, items.at(-1)?.user_id], ['Wrong patient', admin.user_id])
  })

  it('becomes admitted with a bed only, and ends when the bed is free again', async () => {
    const patient_id = await api.patient()
    const visit = await openVisit(clinic.nurse, patient_id, { type: 'emergency' })
    await become(clinic.doctor, visit, 'triaged', 'in_progress')
    await assert.rejects(become(clinic.doctor, visit, 'admitted'), refusedWith(bedMissing))
    const bed = await makeResource(admin)
    const on = { params: { resource_id: bed.id } }
    await clinic.nurse.call(assignmentApi.assign, { ...on, body: { patient_id } })
    assert.equal((await become(clinic.doctor, visit, 'admitted'))?.type, 'inpatient')
    await assert.rejects(become(clinic.doctor, visit, 'discharged'), (error) => {
      assert.ok(refusedWith(visitUnfinished)(error))
      const obstacles = [{ obstacle: 'resource_assigned', subject_id: bed.id }]
      assert.deepEqual((error as Problem).members['obstacles'], obstacles)
      return true
    })
    const named = await api.rows(sql`
      select outcome, resource_id from audit_logs where patient_id = ${patient_id} and details->>'code' = 'visit_unfinished'`)
    assert.deepEqual(named, [{ outcome: 'denied', resource_id: visit.id }])
    await clinic.nurse.call(assignmentApi.release, { ...on, query: {} })
    assert.equal((await become(clinic.doctor, visit, 'discharged'))?.status, 'discharged')
  })

  it('is changed once by ten who change it at once', async () => {
    const visit = await openVisit(clinic.nurse, await api.patient())
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        clinic.nurse.call(visitApi.setStatus, { ...at(visit), body: { status: 'triaged' } }, { 'if-match': '"v1"' }),
      ),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.ok(outcomes.every((one) => one.status === 'fulfilled' || refusedWith(stale)(one.reason)))
  })

  it('that is cancelled ends the reach that the visit gave', async () => {
    const patient_id = await api.patient()
    const visit = await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor_id })
    await become(clinic.nurse, visit, 'cancelled')
    for (const reader of [clinic.nurse, clinic.doctor])
      await assert.rejects(read(reader, patient_id), refusedWith(notFound))
    const finished = await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor_id })
    await become(clinic.nurse, finished, 'left_without_being_seen')
    assert.equal((await read(clinic.nurse, patient_id)).id, patient_id)
  })
})

describe('changing a visit', () => {
  it('says who sees the patient and why they came; the new doctor reaches the record, and the old one still', async () => {
    const patient_id = await api.patient()
    const visit = await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor_id, chief_complaint: 'Cough' })
    const away = await startClinic(api)
    const body = { doctor_id: away.doctor_id, type: 'emergency', priority: 1, chief_complaint: 'Bleeding' } as const
    const changed = await clinic.nurse.call(visitApi.change, { ...at(visit), body }, { 'if-match': '"v1"' })
    assert.deepEqual({ ...changed, ...body }, changed)
    assert.equal(changed.version, 2)
    for (const reader of [away.doctor, clinic.doctor]) assert.equal((await read(reader, patient_id)).id, patient_id)
    await assert.rejects(
      clinic.nurse.call(visitApi.change, { ...at(visit), body }, { 'if-match': '"v1"' }),
      refusedWith(stale),
    )
    const [event] = await api.rows<{ fields: string[] }>(
      sql`select payload -> 'fields' as fields from events where subject_id = ${visit.id} and type = 'visit.updated'`,
    )
    assert.deepEqual(event?.fields, ['doctor_id', 'type', 'priority', 'chief_complaint'])
    await become(clinic.nurse, visit, 'left_without_being_seen')
    await assert.rejects(clinic.nurse.call(visitApi.change, { ...at(visit), body }), refusedWith(visitTransition))
  })
})

describe('reading visits', () => {
  it('shows staff the status and not why somebody came, patients their own, and strangers nothing', async () => {
    const patient_id = await api.patient()
    const visit = await openVisit(clinic.nurse, patient_id, { chief_complaint: 'CANARYCOMPLAINT' })
    await api.rows(sql`update visits set news2_score = 7 where id = ${visit.id}`)
    const seen = await staff.call(visitApi.get, at(visit))
    assert.deepEqual([seen.status, seen.chief_complaint, seen.news2_score], ['registered', null, null])
    await assert.rejects(staff.call(visitApi.history, at(visit)), refusedWith(forbidden))
    const own = await api.person('patient', { patient_id })
    const theirs = await own.call(visitApi.get, at(visit))
    assert.deepEqual([theirs.chief_complaint, theirs.news2_score], ['CANARYCOMPLAINT', 7])
    const stranger = await api.person('nurse', { department_id: await api.department() })
    const other = await api.person('patient', { patient_id: await api.patient() })
    for (const nobody of [stranger, other]) {
      await assert.rejects(nobody.call(visitApi.get, at(visit)), refusedWith(notFound))
      await assert.rejects(nobody.call(visitApi.history, at(visit)), refusedWith(notFound))
      assert.equal((await nobody.call(visitApi.list, { query: { patient_id } })).total, 0)
    }
    const stored = await api.rows<{ row: string }>(sql`
      select visits::text as row from visits union all select visit_history::text from visit_history union all
      select events::text from events union all select audit_logs::text from audit_logs`)
    assert.deepEqual(
      stored.filter(({ row }) => row.includes('CANARY')),
      [],
    )
  })

  it('finds them by patient, doctor, department, status and day, and pages without a gap', async () => {
    const here = await startClinic(api)
    const visits: Visit[] = []
    for (let n = 0; n < 5; n += 1)
      visits.push(await openVisit(here.nurse, await api.patient(), n % 2 ? { doctor_id: here.doctor_id } : {}))
    const [first, second] = visits
    assert.ok(first && second)
    await become(here.nurse, first, 'cancelled')
    const count = async (query: object) => (await here.nurse.call(visitApi.list, { query })).total
    const today = Temporal.Now.plainDateISO('America/New_York').toString()
    assert.equal(await count({}), 5)
    assert.equal(await count({ status: 'open' }), 4)
    assert.equal(await count({ status: 'cancelled' }), 1)
    assert.equal(await count({ doctor_id: here.doctor_id }), 2)
    assert.equal(await count({ patient_id: second.patient_id }), 1)
    assert.equal(await count({ department_id: clinic.department_id }), 0)
    assert.equal(await count({ date: today }), 5)
    assert.equal(await count({ to: '2020-01-01' }), 0)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await here.nurse.call(visitApi.list, {
        query: { limit: '2', ...(cursor === undefined ? {} : { cursor }) },
      })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
    assert.deepEqual(seen, visits.map(({ id }) => id).toReversed())
  })
})
