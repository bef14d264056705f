import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { mondayAt } from '../appointments/hospital.testing.ts'
import { seriesApi, seriesConflicts } from '../appointments/series.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { sql } from '#platform/database/sql.ts'
import { relayEvents } from '#platform/events/relay.ts'
import { deliverMail } from '#platform/mail/delivery.ts'
import { createMailer, type Mailer } from '#platform/mail/mailer.ts'
import { startSmtp } from '#platform/mail/smtp.testing.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { notificationApi } from './notification.contract.ts'
import { remindOfAppointments, tellOf, toldTypes } from './notice.service.ts'

let api: TestApi
let smtp: Awaited<ReturnType<typeof startSmtp>>
let mailer: Mailer
let staff: Person
const mail_from = 'Saint Mary <care@example.test>'

before(async () => {
  api = await startTestApi({ mail_from, smtp_url: 'smtp://127.0.0.1:1' })
  smtp = await startSmtp()
  mailer = createMailer({ smtp_url: `smtp://127.0.0.1:${smtp.port}`, mail_from })
  staff = await api.person('staff')
})
after(async () => {
  mailer.close()
  await smtp[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

let people = 0
/** Somebody with an address, and the calendar of a doctor of their own. */
async function somebody({ email, preferred_language }: { email?: string | null; preferred_language?: string } = {}) {
  people += 1
  const address = email === undefined ? `person${people}@example.org` : email
  const doctor = await api.person('doctor', { doctor: true })
  const patient = await staff.call(patientApi.register, {
    body: {
      first_name: 'Amalia',
      last_name: `Testperson ${people}`,
      date_of_birth: '1980-01-01',
      gender: 'FEMALE',
      phone_primary: `(415) 555-2${String(people).padStart(3, '0')}`,
      ...(address === null ? {} : { email: address }),
      ...(preferred_language ? { preferred_language } : {}),
      force: true,
    },
  })
  return { address: address ?? '', patient_id: patient.id, doctor_id: String(doctor.doctor_id) }
}

const book = ({ patient_id, doctor_id }: { patient_id: string; doctor_id: string }, appointment_time: string) =>
  staff.call(appointmentApi.book, { body: { patient_id, doctor_id, appointment_time } })
const move = (appointment_id: string, appointment_time: string) =>
  staff.call(appointmentApi.reschedule, { params: { appointment_id }, body: { appointment_time } })
const cancel = (appointment_id: string) => staff.call(appointmentApi.cancel, { params: { appointment_id }, body: {} })
const noticesOf = async (appointment_id: string) =>
  (await staff.call(notificationApi.notices, { params: { appointment_id } })).items

/** What a server does by and by: relays the events, and sends what is due. */
async function settle() {
  await relayAll()
  const due = await api.rows(
    sql<{ id: string }>`select id from mails where status = 'waiting' and next_attempt_at <= now()`,
  )
  for (const { id } of due) await deliverMail(api.system, mailer, id)
}

async function relayAll() {
  const settled = Promise.withResolvers<void>()
  const relay = relayEvents({
    database: api.database,
    name: 'notifications',
    types: [...toldTypes, 'test.settled'],
    relay: async (tx, events) => {
      await tellOf(
        tx,
        api.system,
        events.filter(({ type }) => type !== 'test.settled'),
      )
      if (events.some(({ type }) => type === 'test.settled')) settled.resolve()
    },
    log: api.system.log,
    every_ms: 5,
  })
  await api.database.once(async (tx) =>
    tx.emit({ type: 'test.settled', subject_type: 'test', subject_id: '0198c0de-0000-7000-8000-000000000001' }),
  )
  await settled.promise
  await relay.stop()
}

function received(address: string) {
  return smtp.received
    .filter(({ to }) => to.includes(address))
    .map(({ source }) => {
      const unfolded = source.replaceAll(/\r\n[ \t]/g, '')
      const calendar = Buffer.from(
        /Content-Type: application\/ics[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(unfolded)?.[1] ?? '',
        'base64',
      )
        .toString()
        .replaceAll(/\r\n[ \t]/g, '')
      return {
        subject: /^Subject: (.*)$/m.exec(unfolded)?.[1]?.trim(),
        source,
        method: /^METHOD:(.*)$/m.exec(calendar)?.[1]?.trim(),
        uid: /^UID:(.*)$/m.exec(calendar)?.[1]?.trim(),
        sequence: Number(/^SEQUENCE:(.*)$/m.exec(calendar)?.[1]),
        starts: /^DTSTART:(.*)$/m.exec(calendar)?.[1]?.trim(),
        status: /^STATUS:(.*)$/m.exec(calendar)?.[1]?.trim(),
      }
    })
}

const compact = (instant: string) => instant.replaceAll(/[-:]/g, '')

describe('a series', () => {
  it('tells of each occurrence once, by an event of its own, and of nothing that was only planned or refused', async () => {
    const who = await somebody()
    const body = {
      patient_id: who.patient_id,
      doctor_id: who.doctor_id,
      appointment_time: mondayAt('09:00'),
      rrule: 'FREQ=WEEKLY;COUNT=3',
    }
    await staff.call(seriesApi.plan, { body })
    const series = await staff.call(seriesApi.book, { body })
    await assert.rejects(staff.call(seriesApi.book, { body }), refusedWith(seriesConflicts))
    await settle()
    const params = { series_id: series.id }
    await staff.call(seriesApi.change, { params, body: { scope: 'following', occurrence: 2, cancel: {} } })
    await settle()
    const mails = received(who.address)
    const events = Object.values(Object.groupBy(mails, ({ uid }) => uid ?? ''))
    assert.deepEqual(
      events
        .map((told) => ({ starts: told?.[0]?.starts, methods: told?.map(({ method }) => method) }))
        .toSorted((a, b) => (a.starts ?? '').localeCompare(b.starts ?? '')),
      series.occurrences.map(({ appointment_time }, at) => {
        return { starts: compact(appointment_time), methods: at === 0 ? ['REQUEST'] : ['REQUEST', 'CANCEL'] }
      }),
    )
  })
})

describe('an appointment', () => {
  it('is confirmed, changed and cancelled by mails that update one event of the calendar', async () => {
    const who = await somebody()
    const [first, second] = [mondayAt('09:00'), mondayAt('10:30')]
    const { id, confirmation_code } = await book(who, first)
    await settle()
    await move(id, second)
    await settle()
    await cancel(id)
    await settle()
    const mails = received(who.address)
    assert.deepEqual(
      mails.map(({ method, status, starts }) => ({ method, status, starts })),
      [
        { method: 'REQUEST', status: 'CONFIRMED', starts: compact(first) },
        { method: 'REQUEST', status: 'CONFIRMED', starts: compact(second) },
        { method: 'CANCEL', status: 'CANCELLED', starts: compact(second) },
      ],
    )
    assert.equal(new Set(mails.map(({ uid }) => uid)).size, 1)
    assert.deepEqual(
      mails.map(({ sequence }) => sequence),
      mails.map(({ sequence }) => sequence).toSorted((a, b) => a - b),
    )
    assert.equal(new Set(mails.map(({ sequence }) => sequence)).size, 3)
    assert.ok(mails[0]?.subject?.includes(confirmation_code))
    assert.deepEqual(
      (await noticesOf(id)).map(({ kind, status, attempts }) => [kind, status, attempts.map(({ outcome }) => outcome)]),
      [
        ['confirmation', 'sent', ['sent']],
        ['change', 'sent', ['sent']],
        ['cancellation', 'sent', ['sent']],
      ],
    )
  })

  it('tells nothing of a person or an illness but where and when', async () => {
    const who = await somebody()
    const { id } = await staff.call(appointmentApi.book, {
      body: {
        patient_id: who.patient_id,
        doctor_id: who.doctor_id,
        appointment_time: mondayAt('11:00'),
        reason: 'canary-reason',
      },
    })
    await settle()
    const [{ source } = { source: '' }] = received(who.address)
    const decoded = source + Buffer.from(source.replaceAll(/[^A-Za-z0-9+/=]/g, ''), 'base64').toString('latin1')
    for (const word of ['canary', 'Amalia', 'Testperson', 'Ada', 'Heart', 'cardiology'])
      assert.ok(!decoded.includes(word), word)
    assert.ok(source.includes(id))
  })

  it('is told in the language of its patient', async () => {
    const who = await somebody({ preferred_language: 'es-MX' })
    await book(who, mondayAt('09:00'))
    await settle()
    assert.match(String(received(who.address)[0]?.subject), /La_cita_/)
  })

  it('that is moved before anything was sent is confirmed once, with the time that it has', async () => {
    const who = await somebody()
    const { id } = await book(who, mondayAt('09:00'))
    await move(id, mondayAt('09:30'))
    await settle()
    assert.deepEqual(
      received(who.address).map(({ starts }) => starts),
      [compact(mondayAt('09:30'))],
    )
    assert.deepEqual(
      (await noticesOf(id)).map(({ kind }) => kind),
      ['confirmation'],
    )
  })

  it('that is cancelled before anything was sent is not told of at all', async () => {
    const who = await somebody()
    const { id } = await book(who, mondayAt('09:00'))
    await relayAll()
    await cancel(id)
    await settle()
    assert.deepEqual(received(who.address), [])
    assert.deepEqual(
      (await noticesOf(id)).map(({ kind, status }) => [kind, status]),
      [['confirmation', 'void']],
    )
  })

  it('without an address, or with one that wants no mail, leaves word of it and holds up nobody', async () => {
    const [nowhere, unwilling, other] = [await somebody({ email: null }), await somebody(), await somebody()]
    await staff.call(notificationApi.choose, {
      params: { patient_id: unwilling.patient_id },
      body: { email: false, reminder_minutes: [], quiet_from: null, quiet_until: null },
    })
    const booked = []
    for (const who of [nowhere, unwilling, other]) booked.push(await book(who, mondayAt('09:00')))
    await settle()
    assert.deepEqual(
      await Promise.all(
        booked.map(async ({ id }) => (await noticesOf(id)).map(({ status, skipped }) => [status, skipped])),
      ),
      [[['skipped', 'no_address']], [['skipped', 'not_wanted']], [['sent', null]]],
    )
    assert.deepEqual(received(unwilling.address), [])
  })

  it('shows each attempt and why it failed', async () => {
    const who = await somebody({ email: 'refused@example.org' })
    await using refusing = await startSmtp({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such mailbox'), { responseCode: 550 })),
    })
    const unwilling = createMailer({ smtp_url: `smtp://127.0.0.1:${refusing.port}`, mail_from })
    const { id } = await book(who, mondayAt('09:00'))
    await relayAll()
    const [mail] = await api.rows(sql<{ id: string }>`select mail_id as id from notices where appointment_id = ${id}`)
    await deliverMail(api.system, unwilling, String(mail?.id))
    unwilling.close()
    assert.deepEqual(
      (await noticesOf(id)).map(({ status, attempts }) => [
        status,
        attempts.map(({ reason, smtp_code }) => [reason, smtp_code]),
      ]),
      [['failed', [['recipient_refused', 550]]]],
    )
  })

  it('is no business of those who may not see it', async () => {
    const who = await somebody()
    const { id } = await book(who, mondayAt('09:00'))
    const stranger = await api.person('patient', { patient_id: await api.patient() })
    const answer = await stranger.send({ method: 'GET', url: `/api/v1/appointments/${id}/notices`, headers: {} })
    assert.equal(answer.status, 404)
  })
})

describe('a reminder', () => {
  /** Moves what was booked so that it begins soon; made as long ago as it would have been. */
  const beginsIn = (id: string, minutes: number) =>
    api.rows(sql`
      update appointments set during = tstzrange(now() + interval '1 minute' * ${minutes}, now() + interval '1 minute' * ${minutes + 30}),
             created_at = now() - interval '10 days' where id = ${id}`)
  const told = (id: string) =>
    api.rows(sql`update notices set created_at = now() - interval '10 days' where appointment_id = ${id}`)
  const remind = () => remindOfAppointments(api.database, api.system)
  const reminders = async (id: string) => (await noticesOf(id)).filter(({ kind }) => kind === 'reminder')

  async function booked(minutes: number) {
    const who = await somebody()
    const { id } = await book(who, mondayAt('09:00'))
    await settle()
    await told(id)
    await beginsIn(id, minutes)
    return { ...who, id }
  }

  for (const { minutes, due } of [
    { minutes: 1441, due: false },
    { minutes: 1440, due: true },
    { minutes: 1, due: true },
  ]) {
    it(`is ${due ? '' : 'not yet '}due ${minutes} minutes before the start`, async () => {
      const { id } = await booked(minutes)
      await remind()
      assert.equal((await reminders(id)).length, due ? 1 : 0)
    })
  }

  it('is given once, however many servers look and however often', async () => {
    const { id, address } = await booked(600)
    await Promise.all([remind(), remind(), remind()])
    await remind()
    await settle()
    assert.equal(received(address).filter(({ subject }) => subject?.startsWith('Reminder')).length, 1)
    assert.equal((await reminders(id)).length, 1)
  })

  it('is not given where the appointment was made, or told of, after it would have been due', async () => {
    const { id } = await booked(600)
    await api.rows(sql`update appointments set created_at = now() where id = ${id}`)
    await remind()
    assert.deepEqual(await reminders(id), [])
    await api.rows(sql`update appointments set created_at = now() - interval '9 days' where id = ${id}`)
    await api.rows(sql`update notices set created_at = now() where appointment_id = ${id}`)
    await remind()
    assert.deepEqual(await reminders(id), [])
  })

  it('that was not sent is void once the appointment is moved, and given anew where it moves back', async () => {
    const { id } = await booked(600)
    await remind()
    assert.deepEqual(
      (await reminders(id)).map(({ status }) => status),
      ['waiting'],
    )
    await move(id, mondayAt('10:00'))
    await relayAll()
    assert.deepEqual(await reminders(id), [])
    await beginsIn(id, 600)
    await told(id)
    await remind()
    assert.equal((await reminders(id)).length, 1)
  })

  it('comes at each of the times that the patient chose, after the quiet hours', async () => {
    const { id, patient_id } = await booked(3000)
    const around = Temporal.Now.zonedDateTimeISO('UTC')
    const clock = (hours: number) => around.add({ hours }).toPlainTime().toString({ smallestUnit: 'minute' })
    await staff.call(notificationApi.choose, {
      params: { patient_id },
      body: {
        email: true,
        reminder_minutes: [4320, 3001, 60],
        quiet_from: clock(-1),
        quiet_until: clock(1),
        timezone: 'UTC',
      },
    })
    await remind()
    const given = await reminders(id)
    assert.deepEqual(
      given.map(({ offset_minutes }) => offset_minutes).toSorted((a, b) => a - b),
      [3001, 4320],
    )
    assert.deepEqual(
      given.map(({ next_attempt_at }) =>
        Temporal.Instant.from(String(next_attempt_at))
          .toZonedDateTimeISO('UTC')
          .toPlainTime()
          .toString({ smallestUnit: 'minute' }),
      ),
      [clock(1), clock(1)],
    )
  })

  it('is given to all others where a record is damaged or its key is not here', async () => {
    const [damaged, keyless, other] = [await booked(30), await booked(40), await booked(50)]
    await api.rows(sql`
      update patients set sealed_contact = set_byte(sealed_contact, 20, get_byte(sealed_contact, 20) # 1) where id = ${damaged.patient_id}`)
    const [key] = await api.rows<{ id: string; kek_id: string }>(
      sql`select k.id, k.kek_id from patient_keys k join patients p on p.key_id = k.id where p.id = ${keyless.patient_id}`,
    )
    await api.rows(sql`update patient_keys set kek_id = 'elsewhere' where id = ${key?.id ?? ''}`)
    await remind()
    await remind()
    const shown = async (id: string) => (await reminders(id)).map(({ status, skipped }) => [status, skipped])
    assert.deepEqual(await shown(damaged.id), [['skipped', 'record_damaged']])
    assert.deepEqual(await shown(keyless.id), [])
    assert.deepEqual(await shown(other.id), [['waiting', null]])
    assert.deepEqual(
      await api.rows(
        sql`select outcome, details from audit_logs where action = 'integrity.failed' and patient_id = ${damaged.patient_id}`,
      ),
      [
        {
          outcome: 'failure',
          details: {
            operation: 'notifications.remind',
            where: 'patients.sealed_contact',
            row_id: damaged.patient_id,
          },
        },
      ],
    )
    await api.rows(sql`update patient_keys set kek_id = ${key?.kek_id ?? ''} where id = ${key?.id ?? ''}`)
    await remind()
    assert.deepEqual(await shown(keyless.id), [['waiting', null]])
  })

  it('is given to all where more are due than one batch holds, and those that wait come first', async () => {
    const who = await booked(20)
    const [key] = await api.rows<{ id: string; kek_id: string }>(
      sql`select k.id, k.kek_id from patient_keys k join patients p on p.key_id = k.id where p.id = ${who.patient_id}`,
    )
    await api.rows(sql`update patient_keys set kek_id = 'elsewhere' where id = ${key?.id ?? ''}`)
    await api.rows(sql`
      insert into appointments (confirmation_code, patient_id, doctor_id, during, created_at)
      select gen_random_uuid()::text, ${who.patient_id}, ${who.doctor_id}, tstzrange(s, s + interval '6 seconds'), now() - interval '10 days'
        from generate_series(now() + interval '1 minute', now() + interval '15 minutes', interval '6 seconds') s`)
    const other = await booked(25)
    await remind()
    assert.deepEqual(
      (await reminders(other.id)).map(({ status }) => status),
      ['waiting'],
    )
    await api.rows(sql`delete from appointments where patient_id = ${who.patient_id} and not exists (
      select from notices where appointment_id = appointments.id)`)
    await api.rows(sql`update patient_keys set kek_id = ${key?.kek_id ?? ''} where id = ${key?.id ?? ''}`)
  })

  for (const status of ['cancelled', 'no_show', 'checked_in', 'completed']) {
    it(`is not given for an appointment that is ${status}`, async () => {
      const { id } = await booked(600)
      await api.rows(sql`update appointments set status = ${status} where id = ${id}`)
      await remind()
      assert.deepEqual(await reminders(id), [])
    })
  }
})

describe('preferences', () => {
  it('are the usual until they are chosen, by patients for themselves too, and refuse what is stale', async () => {
    const { patient_id } = await somebody()
    const patient = await api.person('patient', { patient_id })
    const params = { patient_id }
    const usual = await patient.call(notificationApi.preferences, { params })
    assert.deepEqual([usual.email, usual.reminder_minutes, usual.version], [true, [1440], 0])
    const body = {
      email: true,
      reminder_minutes: [120],
      quiet_from: '22:00',
      quiet_until: '07:00',
      timezone: 'Asia/Kathmandu',
    }
    const chosen = await patient.call(notificationApi.choose, { params, body })
    assert.deepEqual(await staff.call(notificationApi.preferences, { params }), chosen)
    const stale = await patient.send({
      method: 'PUT',
      url: `/api/v1/patients/${patient_id}/notification-preferences`,
      headers: { 'content-type': 'application/json', 'if-match': '"v0"' },
      body: JSON.stringify(body),
    })
    assert.equal(stale.status, 412)
  })

  for (const { title, body, path } of [
    { title: 'quiet hours without an end', body: { quiet_from: '22:00' }, path: '/body/quiet_until' },
    {
      title: 'quiet hours of a whole day',
      body: { quiet_from: '07:00', quiet_until: '07:00' },
      path: '/body/quiet_until',
    },
    { title: 'the same reminder twice', body: { reminder_minutes: [60, 60] }, path: '/body/reminder_minutes' },
    { title: 'a reminder that is too near', body: { reminder_minutes: [14] }, path: '/body/reminder_minutes/0' },
    { title: 'a zone that is none', body: { timezone: 'Mars/Olympus' }, path: '/body/timezone' },
  ]) {
    it(`refuse ${title}`, async () => {
      const { patient_id } = await somebody()
      const answer = await staff.send({
        method: 'PUT',
        url: `/api/v1/patients/${patient_id}/notification-preferences`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: true, reminder_minutes: [60], quiet_from: null, quiet_until: null, ...body }),
      })
      assert.equal(answer.status, 422)
      const { errors } = JSON.parse(answer.text) as { errors: { path: string }[] }
      assert.deepEqual(
        errors.map((error) => error.path),
        [path],
      )
    })
  }
})
