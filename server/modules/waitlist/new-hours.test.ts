// Times that become free because the doctor comes more often are offered as those that somebody gives back.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { certain } from '#platform/certain.ts'
import { sql } from '#platform/database/sql.ts'
import { makePatient, mondayAt, overlaps } from '../appointments/hospital.testing.ts'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { type DoctorRequest, doctorApi } from '../doctors/doctor.contract.ts'
import { scheduleApi } from '../doctors/schedule.contract.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { noOffer } from './waitlist.contract.ts'
import { openDesk, relayFreed } from './waitlist.testing.ts'

let api: TestApi
let desk: Awaited<ReturnType<typeof openDesk>>
let admin: Person
before(async () => {
  api = await startTestApi()
  desk = await openDesk(api)
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const monday = { weekday: 1, slot_minutes: 30 }
/** Hours of Mondays, from three weeks ahead to the Monday after. */
const hours = (start_time: string, end_time: string) => {
  const valid_from = mondayAt('09:00').slice(0, 10)
  return { ...monday, start_time, end_time, valid_from, valid_until: mondayAt('09:00', 4).slice(0, 10) }
}
const add = (doctor_id: string, start_time: string, end_time: string) =>
  admin.call(scheduleApi.add, { params: { doctor_id }, body: hours(start_time, end_time) })
const offerOf = async ({ id }: { id: string }) => (await desk.entry(id)).offer?.appointment_time

describe('a new block of a doctor', () => {
  it('is offered to the first in line, whichever servers look, and accepted by one', async () => {
    const doctor_id = await desk.doctor()
    const terms = { to_date: mondayAt('09:00').slice(0, 10) }
    const [first, second] = [await desk.wait(doctor_id, terms), await desk.wait(doctor_id, terms)]
    await add(doctor_id, '18:00', '18:30')
    await relayFreed(api, 3)
    assert.deepEqual(await desk.statuses([first, second]), ['offered', 'waiting'])
    assert.equal(await offerOf(first), mondayAt('18:00'))

    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => desk.accept(first.id)))
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const answer of answers)
      if (answer.status === 'rejected') assert.ok(refusedWith(noOffer)(answer.reason), String(answer.reason))
    await relayFreed(api)
    assert.deepEqual(await desk.statuses([first, second]), ['booked', 'waiting'])
    assert.deepEqual(await overlaps(api), [])
    const mails = await api.rows(
      sql`select patient_id from mails where template = 'waitlist_offer' and patient_id = ${second.patient_id}`,
    )
    assert.deepEqual(mails, [])
  })

  it('is offered to each who waits, at times that suit them, and never a time that was there before or is taken', async () => {
    const doctor_id = await desk.doctor()
    await add(doctor_id, '09:00', '10:00')
    await relayFreed(api)
    const late = await desk.wait(doctor_id, { from_time: '11:00' })
    const [any, next] = [await desk.wait(doctor_id), await desk.wait(doctor_id)]
    const wrongDay = await desk.wait(doctor_id, { weekdays: [3] })
    await relayFreed(api)
    assert.equal(await offerOf(any), undefined)
    await add(doctor_id, '10:00', '11:00')
    await staffBooks(doctor_id, mondayAt('10:30'))
    const { version } = await admin.call(scheduleApi.get, { params: { doctor_id } })
    const week = { blocks: [hours('09:00', '12:00')] }
    await admin.call(scheduleApi.replace, { params: { doctor_id }, body: week }, { 'if-match': `"v${version}"` })
    await relayFreed(api)
    const entries = [any, next, late, wrongDay]
    assert.deepEqual(await Promise.all(entries.map(offerOf)), [
      mondayAt('10:00'),
      mondayAt('11:30'),
      mondayAt('11:00'),
      undefined,
    ])
  })

  it('that takes hours away offers nothing', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    await add(doctor_id, '09:00', '10:00')
    await relayFreed(api)
    assert.equal(await offerOf(entry), undefined)
  })
})

describe('a doctor who can be booked more than before', () => {
  const profileOf = async (doctor_id: string) => {
    const [doctor] = await api.rows(
      sql<{ specialization: string; license_number: string; timezone: string; location: string }>`
        select specialization, license_number, timezone, location from doctors where id = ${doctor_id}`,
    )
    return { ...certain(doctor, 'doctor'), consultation_minutes: 30, available_from: '09:00', available_to: '17:00' }
  }
  const replace = async (doctor_id: string, change: Partial<DoctorRequest>) =>
    admin.call(doctorApi.update, { params: { doctor_id }, body: { ...(await profileOf(doctor_id)), ...change } })

  it('by longer hours of the profile is offered at the new times, and at no time that was there before', async () => {
    const doctor_id = await desk.doctor()
    await replace(doctor_id, {})
    await relayFreed(api)
    const terms = { from_date: mondayAt('09:00').slice(0, 10), to_date: mondayAt('09:00').slice(0, 10) }
    const entry = await desk.wait(doctor_id, terms)
    await replace(doctor_id, { bio: 'Sees children too' })
    await relayFreed(api)
    assert.equal(await offerOf(entry), undefined)
    await replace(doctor_id, { available_to: '18:00' })
    await relayFreed(api)
    assert.equal(await offerOf(entry), mondayAt('17:00'))
  })

  it('by coming back is offered', async () => {
    const doctor_id = await desk.doctor()
    const entry = await desk.wait(doctor_id)
    await replace(doctor_id, { is_active: false })
    await relayFreed(api)
    assert.equal(await offerOf(entry), undefined)
    await replace(doctor_id, { is_active: true })
    await relayFreed(api)
    assert.notEqual(await offerOf(entry), undefined)
  })

  it('by keeping less for urgent cases is offered to those who wait for any time', async () => {
    const doctor_id = await desk.doctor()
    const all = { ...hours('09:00', '10:00'), emergency_share: 1 }
    const week = (block: object, version: number) =>
      admin.call(
        scheduleApi.replace,
        { params: { doctor_id }, body: { blocks: [{ ...all, ...block }] } },
        { 'if-match': `"v${version}"` },
      )
    await admin.call(scheduleApi.add, { params: { doctor_id }, body: all })
    await relayFreed(api)
    const entry = await desk.wait(doctor_id)
    const { version } = await admin.call(scheduleApi.get, { params: { doctor_id } })
    await week({}, version)
    await relayFreed(api)
    assert.equal(await offerOf(entry), undefined)
    await week({ emergency_share: 0 }, version + 1)
    await relayFreed(api)
    assert.equal(await offerOf(entry), mondayAt('09:00'))
  })
})

const staffBooks = async (doctor_id: string, appointment_time: string) =>
  desk.staff.call(appointmentApi.book, { body: { doctor_id, appointment_time, patient_id: await makePatient(api) } })
