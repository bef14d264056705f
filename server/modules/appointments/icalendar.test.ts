import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import ical from 'node-ical'
import { notFound, tooManyRequests } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { createLog } from '#platform/logging.ts'
import { buildApp } from '../../app.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { reauthRequired } from '../identity/session.contract.ts'
import { appointmentApi } from './appointment.contract.ts'
import { makePatient, makePatients, mondayAt } from './hospital.testing.ts'
import { icalendarApi, mostFeeds, noCalendar, tooManyFeeds } from './icalendar.contract.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi({ mail_from: 'Saint Mary <care@example.test>', public_url: 'https://hospital.example' })
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

/** The events of a calendar, as a calendar program reads them. */
function eventsOf(text: string) {
  return Object.values(ical.sync.parseICS(text))
    .filter((part) => part !== undefined)
    .filter((part) => part.type === 'VEVENT')
    .map(({ uid, sequence, start, end, summary, status, description }) => ({
      uid,
      sequence: Number(sequence),
      starts: start.toISOString(),
      minutes: (Number(end) - Number(start)) / 60_000,
      summary,
      status,
      description,
    }))
}
const file = (person: Person, appointment_id: string) =>
  person.call(icalendarApi.ofAppointment, { params: { appointment_id } })
const makeLink = (person: Person, shows: 'own_appointments' | 'own_calendar') =>
  person.call(icalendarApi.makeFeed, { body: { shows } })
const open = (link: string) => api.send({ method: 'GET', url: new URL(link).pathname, headers: {} })

async function appointmentWith(time: string, doctor?: Person) {
  const { doctor_id = '' } = doctor ?? (await api.person('doctor', { doctor: true }))
  const patient_id = await makePatient(api)
  const body = { doctor_id, patient_id, appointment_time: mondayAt(time), reason: 'canary-7c1e', notes: 'canary-7c1e' }
  return staff.call(appointmentApi.book, { body })
}

describe('the calendar file of an appointment', () => {
  it('is one event that a change and a cancellation update', async () => {
    const { id: appointment_id, confirmation_code } = await appointmentWith('09:00')
    const params = { appointment_id }
    const event = {
      uid: `${appointment_id}@hospital.example`,
      sequence: 1,
      starts: new Date(mondayAt('09:00')).toISOString(),
      minutes: 30,
      summary: 'Appointment: Saint Mary',
      status: 'CONFIRMED',
      description: `Confirmation code: ${confirmation_code}`,
    }
    assert.deepEqual(eventsOf(await file(staff, appointment_id)), [event])
    await staff.call(appointmentApi.reschedule, { params, body: { appointment_time: mondayAt('10:30') } })
    const moved = { ...event, sequence: 2, starts: new Date(mondayAt('10:30')).toISOString() }
    assert.deepEqual(eventsOf(await file(staff, appointment_id)), [moved])
    await staff.call(appointmentApi.cancel, { params, body: undefined })
    assert.deepEqual(eventsOf(await file(staff, appointment_id)), [{ ...moved, sequence: 3, status: 'CANCELLED' }])
  })

  it('tells nothing of why, of the doctor or of the patient, and is recorded as a read of theirs', async () => {
    const { id, patient_id } = await appointmentWith('09:00')
    const answer = await staff.send({ method: 'GET', url: `/api/v1/appointments/${id}/calendar.ics`, headers: {} })
    assert.equal(answer.headers['content-type'], 'text/calendar; charset=utf-8')
    assert.equal(answer.headers['content-disposition'], 'attachment; filename="appointment.ics"')
    assert.doesNotMatch(answer.text, /canary|Ada|Heart|Main building|ATTENDEE/)
    assert.ok(!answer.text.includes(patient_id))
    const entries = await api.rows(sql`
      select action, patient_id, outcome from audit_logs where correlation_id = ${answer.headers['x-correlation-id']}`)
    assert.deepEqual(entries, [{ action: 'appointment.read', patient_id, outcome: 'success' }])
  })

  it('speaks the language of the patient', async () => {
    const { id, patient_id, confirmation_code } = await appointmentWith('09:00')
    await api.rows(sql`update patients set preferred_language = 'es' where id = ${patient_id}`)
    const [event] = eventsOf(await file(staff, id))
    assert.deepEqual(
      [event?.summary, event?.description],
      ['Cita: Saint Mary', `Código de confirmación: ${confirmation_code}`],
    )
  })

  it('is not there for others, nor of a time that is only held', async () => {
    const { id } = await appointmentWith('09:00')
    const other = await api.person('patient', { patient_id: await makePatient(api) })
    await assert.rejects(file(other, id), refusedWith(notFound))
    await api.rows(
      sql`update appointments set status = 'held', held_until = now() + interval '1 hour' where id = ${id}`,
    )
    await assert.rejects(file(staff, id), refusedWith(notFound))
  })
})

describe('a calendar to subscribe to', () => {
  it('shows patients their appointments, cancelled ones as such, each under the name that its file has', async () => {
    const { id, patient_id } = await appointmentWith('09:00')
    const again = await staff.call(appointmentApi.book, {
      body: {
        doctor_id: (await api.person('doctor', { doctor: true })).doctor_id ?? '',
        patient_id,
        appointment_time: mondayAt('11:00'),
      },
    })
    await staff.call(appointmentApi.cancel, { params: { appointment_id: again.id }, body: undefined })
    await appointmentWith('12:00')
    const patient = await api.person('patient', { patient_id })
    const { link } = await makeLink(patient, 'own_appointments')
    const answer = await open(link)
    assert.equal(answer.headers['content-type'], 'text/calendar; charset=utf-8')
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.deepEqual(eventsOf(answer.text), [
      ...eventsOf(await file(patient, id)),
      ...eventsOf(await file(patient, again.id)),
    ])
    assert.equal(eventsOf(answer.text)[1]?.status, 'CANCELLED')
  })

  it('shows doctors their own calendar, without a word of whom they see and why', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    const made = [await appointmentWith('09:00', doctor), await appointmentWith('09:30', doctor)]
    const { link } = await makeLink(doctor, 'own_calendar')
    const { text } = await open(link)
    assert.deepEqual(
      eventsOf(text).map(({ uid }) => uid),
      made.map(({ id }) => `${id}@hospital.example`),
    )
    assert.doesNotMatch(text, /canary|ATTENDEE/)
    for (const { patient_id } of made) assert.ok(!text.includes(patient_id))
  })

  it('has no times that are only held, and none of long ago', async () => {
    const doctor = await api.person('doctor', { doctor: true })
    const { id } = await appointmentWith('09:00', doctor)
    const { link } = await makeLink(doctor, 'own_calendar')
    await api.rows(
      sql`update appointments set during = tstzrange(now() - interval '15 days', now() - interval '14 days 23 hours') where id = ${id}`,
    )
    assert.deepEqual(eventsOf((await open(link)).text), [])
    await api.rows(sql`
      insert into appointments (confirmation_code, doctor_id, during, status, held_until)
      values ('HELD-1', ${doctor.doctor_id}, tstzrange(now() + interval '1 day', now() + interval '25 hours'), 'held', now() + interval '1 hour')`)
    assert.deepEqual(eventsOf((await open(link)).text), [])
  })

  it('opens to nobody once it is revoked, and answers that as a link that never was', async () => {
    const patient = await api.person('patient', { patient_id: await makePatient(api) })
    const { id: feed_id, link } = await makeLink(patient, 'own_appointments')
    assert.equal((await open(link)).status, 200)
    const stranger = await api.person('patient', { patient_id: await makePatient(api) })
    await assert.rejects(stranger.call(icalendarApi.revokeFeed, { params: { feed_id } }), refusedWith(notFound))
    assert.equal((await open(link)).status, 200)
    await patient.call(icalendarApi.revokeFeed, { params: { feed_id } })
    const told = ({ status, text }: { status: number; text: string }) => {
      const { instance: _, correlation_id: __, ...rest } = JSON.parse(text) as Record<string, unknown>
      return { http: status, ...rest }
    }
    const revoked = told(await open(link))
    assert.equal(revoked.http, 404)
    for (const wrong of [`owc_${'A'.repeat(43)}`, 'owc_', 'x', `owr_${link.slice(-43)}`, `${link.slice(-47)}.ics`]) {
      assert.deepEqual(told(await open(`https://hospital.example/api/v1/calendars/${wrong}`)), revoked, wrong)
    }
    // Not looked for at all: nothing that the database cannot hold is in any address.
    assert.equal(told(await open('https://hospital.example/api/v1/calendars/%00')).http, 422)
    await assert.rejects(patient.call(icalendarApi.revokeFeed, { params: { feed_id } }), refusedWith(notFound))
    assert.deepEqual((await patient.call(icalendarApi.listFeeds, {})).items, [])
  })

  it('opens to nobody once its owner is deactivated, or may not read appointments any more', async () => {
    const [first = '', second = '', third = ''] = await makePatients(api, 3)
    const people = await Promise.all([first, second, third].map((patient_id) => api.person('patient', { patient_id })))
    const links = await Promise.all(people.map(async (person) => (await makeLink(person, 'own_appointments')).link))
    await api.rows(sql`update users set is_active = false where id = ${people[0]?.user_id}`)
    await api.rows(
      sql`insert into permission_denials (user_id, permission) values (${people[1]?.user_id}, 'appointments:read')`,
    )
    await api.rows(sql`delete from patients_of_users where user_id = ${people[2]?.user_id}`)
    assert.deepEqual(await Promise.all(links.map(async (link) => (await open(link)).status)), [404, 404, 404])
  })

  it('is made after a recent sign-in, by those who have such a calendar, and as often as may be', async () => {
    const patient = await api.person('patient', { patient_id: await makePatient(api) })
    await assert.rejects(makeLink(patient, 'own_calendar'), refusedWith(noCalendar))
    await assert.rejects(makeLink(staff, 'own_appointments'), refusedWith(noCalendar))
    const answers = await Promise.allSettled(
      Array.from({ length: mostFeeds + 5 }, () => makeLink(patient, 'own_appointments')),
    )
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, mostFeeds)
    await assert.rejects(makeLink(patient, 'own_appointments'), refusedWith(tooManyFeeds))
    const { items } = await patient.call(icalendarApi.listFeeds, {})
    assert.equal(items.length, mostFeeds)
    await patient.call(icalendarApi.revokeFeed, { params: { feed_id: items[0]?.id ?? '' } })
    await makeLink(patient, 'own_appointments')
    await api.rows(
      sql`update sessions set authenticated_at = now() - interval '10 minutes' where id = ${patient.session_id}`,
    )
    await assert.rejects(makeLink(patient, 'own_appointments'), refusedWith(reauthRequired))
  })

  it('is recorded whenever it is made, read, refused or revoked, and its link is kept nowhere', async () => {
    const patient_id = await makePatient(api)
    const patient = await api.person('patient', { patient_id })
    const { id: feed_id, link } = await makeLink(patient, 'own_appointments')
    const token = link.slice(link.lastIndexOf('/') + 1)
    assert.match(token, /^owc_[\w-]{43}$/)
    await open(link)
    await patient.call(icalendarApi.revokeFeed, { params: { feed_id } })
    const entries = await api.rows(sql`
      select action, user_id, patient_id, outcome from audit_logs where resource_id = ${feed_id} order by id`)
    assert.deepEqual(entries, [
      { action: 'calendar_feed.make', user_id: patient.user_id, patient_id: null, outcome: 'success' },
      { action: 'calendar_feed.read', user_id: null, patient_id, outcome: 'success' },
      { action: 'calendar_feed.revoke', user_id: patient.user_id, patient_id: null, outcome: 'success' },
    ])
    const { headers } = await open(link)
    const [refusal] = await api.rows<{ text: string }>(sql`
      select l::text as text from audit_logs l where correlation_id = ${headers['x-correlation-id']}`)
    assert.match(refusal?.text ?? '', /denied/)
    const [dump] = await api.rows<{ text: string }>(sql`
      select (select string_agg(f::text, '') from calendar_feeds f) || (select string_agg(l::text, '') from audit_logs l) as text`)
    assert.ok(dump && !dump.text.includes(token) && !dump.text.includes(token.slice(4)))
  })
})

describe('a server that limits and logs', () => {
  it('hears an address about links so often a minute, and writes none of them into its log', async () => {
    const patient = await api.person('patient', { patient_id: await makePatient(api) })
    const { link } = await makeLink(patient, 'own_appointments')
    const lines: string[] = []
    const log = createLog('trace', { write: (line) => void lines.push(line) })
    const app = await buildApp({
      ...api.system,
      log,
      configuration: { ...api.system.configuration, rate_limit: true },
    })
    try {
      const statuses: number[] = []
      for (let at = 0; at <= 120; at += 1) {
        const url = at % 2 === 0 ? new URL(link).pathname : `/api/v1/calendars/owc_${'A'.repeat(43)}`
        statuses.push((await app.http.inject({ method: 'GET', url })).statusCode)
      }
      assert.deepEqual([...new Set(statuses.slice(0, 120))], [200, 404])
      assert.equal(statuses[120], tooManyRequests.status)
    } finally {
      await app.stop()
    }
    const written = lines.join('')
    assert.equal(written.split('/api/v1/calendars/:link').length, 121 + 1)
    assert.doesNotMatch(written, /owc_/)
  })
})
