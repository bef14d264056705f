import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { deliverMail } from '#platform/mail/delivery.ts'
import { createMailer } from '#platform/mail/mailer.ts'
import { startSmtp } from '#platform/mail/smtp.testing.ts'
import { beyondHorizon, patientMissing, timeInPast } from '../appointments/appointment.contract.ts'
import { makePatient, mondayAt } from '../appointments/hospital.testing.ts'
import { listen, openStream } from '../live-events/streams.testing.ts'
import { notificationApi } from '../notifications/notification.contract.ts'
import { erasureApi } from '../patients/erasure.contract.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { alreadyWaiting, noOffer, waitlistApi, type WaitlistRequest } from './waitlist.contract.ts'
import { openDesk, relayFreed } from './waitlist.testing.ts'

const mail_from = 'Saint Mary <care@example.test>'
let api: TestApi
let desk: Awaited<ReturnType<typeof openDesk>>
before(async () => {
  api = await startTestApi({ mail_from, smtp_url: 'smtp://127.0.0.1:1' })
  desk = await openDesk(api)
})
after(() => api[Symbol.asyncDispose]())

type Body = Partial<WaitlistRequest>
const join = (who: Person, body: Body) => who.call(waitlistApi.join, { body: { ...desk.window, ...body } })
const listOf = async (who: Person, query = {}) => (await who.call(waitlistApi.list, { query })).items
const patientPerson = async () => {
  const patient_id = await makePatient(api)
  return { patient_id, person: await api.person('patient', { patient_id }) }
}
/** Somebody with an offer for Monday at nine. */
async function offered(doctor_id?: string, patient_id?: string) {
  const with_whom = doctor_id ?? (await desk.doctor())
  const entry = await desk.wait(with_whom, patient_id === undefined ? {} : { patient_id })
  await desk.free(with_whom, mondayAt('09:00'))
  await relayFreed(api)
  return entry
}

describe('joining the waitlist', () => {
  it('keeps the terms, and leaves an audit entry and an event', async () => {
    const doctor_id = await desk.doctor()
    const { patient_id, person } = await patientPerson()
    const terms = { weekdays: [3, 1], from_time: '09:00', to_time: '12:00', kind: 'telemedicine' as const }
    const entry = await join(person, { doctor_id, ...terms })
    const { id, created_at, updated_at, ...kept } = await desk.entry(entry.id)
    assert.deepEqual(kept, {
      ...desk.window,
      ...terms,
      weekdays: [1, 3],
      patient_id,
      doctor_id,
      specialization: null,
      location: null,
      priority: 'routine',
      status: 'waiting',
      offer: null,
      appointment_id: null,
      created_by: person.user_id,
      version: 1,
    })
    const traces = await api.rows(sql`
      select action as what, patient_id from audit_logs where resource_id = ${id} and action = 'waitlist.join'
      union all select type, patient_id from events where subject_id = ${id}`)
    assert.deepEqual(traces, [
      { what: 'waitlist.join', patient_id },
      { what: 'waitlist.joined', patient_id },
    ])
    assert.ok(created_at <= updated_at)
  })

  it('happens once for the same doctor or specialization, however many ask at once, and again after it has ended', async () => {
    const doctor_id = await desk.doctor('Oncology')
    const patient_id = await makePatient(api)
    for (const target of [{ doctor_id }, { specialization: 'ONCOLOGY' }]) {
      const asked = await Promise.allSettled(
        Array.from({ length: 10 }, () => join(desk.staff, { ...target, patient_id })),
      )
      const made = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      assert.equal(made.length, 1)
      for (const one of asked) {
        if (one.status === 'fulfilled') continue
        assert.ok(refusedWith(alreadyWaiting)(one.reason))
        assert.equal((one.reason as Problem).members['waitlist_entry_id'], made[0]?.id)
      }
      await desk.withdraw(made[0]?.id ?? '')
      await join(desk.staff, { ...target, patient_id })
    }
  })

  it('as urgent is for the hospital to say', async () => {
    const { person } = await patientPerson()
    assert.equal((await join(person, { doctor_id: await desk.doctor(), priority: 'emergency' })).priority, 'routine')
    assert.equal((await desk.wait(await desk.doctor(), { priority: 'emergency' })).priority, 'emergency')
  })

  it('is refused with the reason', async () => {
    const doctor_id = await desk.doctor()
    const patient_id = await makePatient(api)
    const { person } = await patientPerson()
    const ask = (body: Body, who = desk.staff) => join(who, { doctor_id, patient_id, ...body })
    await assert.rejects(ask({ patient_id: undefined }), refusedWith(patientMissing))
    await assert.rejects(ask({}, person), refusedWith(notFound))
    await assert.rejects(ask({ patient_id: randomUUID() }), refusedWith(notFound))
    await assert.rejects(ask({ doctor_id: randomUUID() }), refusedWith(notFound))
    await assert.rejects(ask({ doctor_id: undefined, specialization: 'Alchemy' }), refusedWith(notFound))
    await assert.rejects(ask({ specialization: 'Oncology' }), refusedWith(invalidRequest, '/body/doctor_id'))
    await assert.rejects(ask({ to_date: '2020-01-01' }), refusedWith(invalidRequest, '/body/to_date'))
    await assert.rejects(ask({ from_date: '2019-01-01', to_date: '2020-01-01' }), refusedWith(timeInPast))
    await assert.rejects(ask({ from_date: '2199-01-01', to_date: '2199-01-02' }), refusedWith(beyondHorizon))
    await assert.rejects(ask({ from_time: '10:00', to_time: '10:00' }), refusedWith(invalidRequest, '/body/to_time'))
    await assert.rejects(ask({ weekdays: [1, 1] }), refusedWith(invalidRequest, '/body/weekdays'))
  })
})

describe('the waitlist', () => {
  it('shows staff everyone, patients themselves, doctors and departments who waits for them', async () => {
    const [here, away] = [await api.department(), await api.department()]
    const doctor = await api.person('doctor', { doctor: true, department_id: here })
    const other_doctor = await api.person('doctor', { doctor: true, department_id: away })
    const people = {
      staff: desk.staff,
      doctor,
      other_doctor,
      nurse: await api.person('nurse', { department_id: here }),
      other_nurse: await api.person('nurse', { department_id: away }),
      auditor: await api.person('auditor'),
    }
    const { person, patient_id } = await patientPerson()
    const { person: stranger } = await patientPerson()
    const entry = await join(person, { doctor_id: doctor.doctor_id })
    const sees = async (who: Person) => (await listOf(who, { patient_id })).some(({ id }) => id === entry.id)
    const params = { waitlist_entry_id: entry.id }
    for (const [name, who] of Object.entries({ ...people, person, stranger })) {
      const expected = ['staff', 'doctor', 'nurse', 'person'].includes(name)
      if (name === 'auditor') await assert.rejects(sees(who), refusedWith(forbidden))
      else assert.equal(await sees(who), expected, name)
      const read = who.call(waitlistApi.get, { params })
      if (expected) assert.equal((await read).id, entry.id)
      else await assert.rejects(read, refusedWith(name === 'auditor' ? forbidden : notFound), name)
      if (!expected) await assert.rejects(desk.withdraw(entry.id, who), Problem, name)
    }
    assert.equal((await desk.entry(entry.id)).status, 'waiting')
  })

  it('of a specialization is not for a department that merely knows the patient to change', async () => {
    const department_id = await api.department()
    const nurse = await api.person('nurse', { department_id })
    const { person, patient_id } = await patientPerson()
    await desk.doctor('Urology')
    const entry = await join(person, { specialization: 'urology' })
    assert.equal(entry.specialization, 'Urology')
    await assert.rejects(
      nurse.call(waitlistApi.get, { params: { waitlist_entry_id: entry.id } }),
      refusedWith(notFound),
    )
    await api.rows(sql`
      insert into care_relationships (patient_id, department_id, origin, origin_id)
      values (${patient_id}, ${department_id}, 'registration', ${patient_id})`)
    assert.equal((await nurse.call(waitlistApi.get, { params: { waitlist_entry_id: entry.id } })).id, entry.id)
    await assert.rejects(desk.withdraw(entry.id, nurse), refusedWith(forbidden))
    await assert.rejects(join(nurse, { specialization: 'Urology', patient_id }), refusedWith(forbidden))
  })

  it('is read page by page, in the order in which people came', async () => {
    const doctor_id = await desk.doctor()
    const entries = [await desk.wait(doctor_id), await desk.wait(doctor_id), await desk.wait(doctor_id)]
    const first = await desk.staff.call(waitlistApi.list, { query: { doctor_id, limit: '2' } })
    const rest = await desk.staff.call(waitlistApi.list, {
      query: { doctor_id, limit: '2', cursor: first.next_cursor ?? '' },
    })
    assert.deepEqual(
      [...first.items, ...rest.items].map(({ id }) => id),
      entries.map(({ id }) => id),
    )
    assert.deepEqual([first.total, rest.next_cursor], [3, null])
    assert.deepEqual(await listOf(desk.staff, { doctor_id, status: 'offered' }), [])
  })

  it('is changed by who read the version that it has', async () => {
    const entry = await desk.wait(await desk.doctor())
    const params = { waitlist_entry_id: entry.id }
    await assert.rejects(desk.staff.call(waitlistApi.withdraw, { params }, { 'if-match': '"v7"' }), refusedWith(stale))
    await desk.staff.call(waitlistApi.withdraw, { params }, { 'if-match': '"v1"' })
    await desk.withdraw(entry.id)
    assert.equal((await desk.entry(entry.id)).version, 2)
  })

  it('is told live to whoever may see the entry', async () => {
    const port = await listen(api.app.http)
    const [one, other] = [await patientPerson(), await patientPerson()]
    const streams = await Promise.all(
      [one.person, other.person, desk.staff].map(({ token }) => openStream({ port, token })),
    )
    const entry = await offered(undefined, one.patient_id)
    const marker = randomUUID()
    await api.database.once(async (tx) =>
      tx.emit({ type: 'doctor.updated', subject_type: 'doctor', subject_id: marker }),
    )
    const told = await Promise.all(
      streams.map(async (stream) => {
        await stream.next(({ data }) => data['subject_id'] === marker)
        stream.close()
        return stream
          .events()
          .filter(({ data }) => data['subject_id'] === entry.id)
          .map(({ event }) => event)
      }),
    )
    assert.deepEqual(told, [['waitlist.joined', 'waitlist.offered'], [], ['waitlist.joined', 'waitlist.offered']])
  })
})

describe('an offer', () => {
  it('is accepted by the patient themselves, and by nobody else who cannot see it', async () => {
    const { person, patient_id } = await patientPerson()
    const { person: stranger } = await patientPerson()
    const entry = await offered(undefined, patient_id)
    await assert.rejects(desk.accept(entry.id, stranger), refusedWith(notFound))
    await assert.rejects(desk.decline(entry.id, stranger), refusedWith(notFound))
    const booked = await desk.accept(entry.id, person)
    assert.deepEqual([booked.patient_id, booked.created_by, booked.status], [patient_id, person.user_id, 'booked'])
    for (const answer of [desk.accept, desk.decline])
      await assert.rejects(answer(entry.id, person), refusedWith(noOffer))
    const [care] = await api.rows(
      sql`select from care_relationships where patient_id = ${patient_id} and origin = 'appointment'`,
    )
    assert.ok(care)
  })

  it('cannot be answered where there is none', async () => {
    const entry = await desk.wait(await desk.doctor())
    await assert.rejects(desk.accept(entry.id), refusedWith(noOffer))
    await assert.rejects(desk.decline(entry.id), refusedWith(noOffer))
    await assert.rejects(desk.accept(randomUUID()), refusedWith(notFound))
  })

  it('is told by an e-mail in the language of the patient, which names no person, doctor or illness, and ends with the offer', async () => {
    await using smtp = await startSmtp()
    const mailer = createMailer({ smtp_url: `smtp://127.0.0.1:${smtp.port}`, mail_from })
    const register = (email: string) =>
      desk.staff.call(patientApi.register, {
        body: {
          first_name: 'Amalia',
          last_name: 'Testperson',
          date_of_birth: '1980-01-01',
          gender: 'FEMALE',
          phone_primary: '(415) 555-2671',
          preferred_language: 'es-MX',
          email,
          force: true,
        },
      })
    const [told, late] = [await register('one@example.org'), await register('two@example.org')]
    const entry = await offered(undefined, told.id)
    const send = async () => {
      for (const { id } of await api.rows(
        sql<{ id: string }>`select id from mails where template = 'waitlist_offer' and status = 'waiting'`,
      ))
        await deliverMail(api.system, mailer, id)
    }
    await send()
    assert.equal((await desk.entry(entry.id)).offer?.told, 'sent')
    const [mail = { source: '' }] = smtp.received.filter(({ to }) => to.includes('one@example.org'))
    const text = Buffer.from(mail.source, 'latin1').toString()
    const decoded =
      text.replaceAll(/=\r?\n/g, '') + Buffer.from(text.replaceAll(/[^A-Za-z0-9+/=]/g, ''), 'base64').toString('latin1')
    for (const word of ['Amalia', 'Testperson', 'Ada', 'Heart', 'cardiology', entry.id])
      assert.ok(!decoded.includes(word), word)
    assert.match(decoded, /lista de espera/)
    assert.match(decoded, /\/waitlist/)

    const other = await offered(undefined, late.id)
    await desk.decline(other.id)
    await send()
    assert.deepEqual(
      smtp.received.filter(({ to }) => to.includes('two@example.org')),
      [],
    )
    mailer.close()
  })

  it('says that the patient has no address, or wants no mail, so that somebody calls them', async () => {
    const nowhere = await offered()
    const patient_id = await makePatient(api)
    await desk.staff.call(notificationApi.choose, {
      params: { patient_id },
      body: { email: false, reminder_minutes: [], quiet_from: null, quiet_until: null },
    })
    const unwilling = await offered(undefined, patient_id)
    const told = await Promise.all([nowhere, unwilling].map(async ({ id }) => (await desk.entry(id)).offer?.told))
    assert.deepEqual(told, ['no_address', 'not_wanted'])
  })
})

describe('a record', () => {
  it('that is merged brings its place in line and its offer along; who waited twice waits once', async () => {
    const admin = await api.person('admin')
    const [survivor, merged] = [await makePatient(api), await makePatient(api)]
    const doctor_id = await desk.doctor()
    const twice = [
      await desk.wait(doctor_id, { patient_id: survivor }),
      await desk.wait(doctor_id, { patient_id: merged }),
    ]
    const entry = await offered(undefined, merged)
    await admin.call(mergeApi.merge, {
      params: { patient_id: survivor },
      body: { merged_patient_id: merged, reason: 'Registered twice', force: true },
    })
    const after_merge = await desk.entry(entry.id)
    assert.deepEqual([after_merge.patient_id, after_merge.status], [survivor, 'offered'])
    await desk.free(doctor_id, mondayAt('14:00'))
    await relayFreed(api)
    assert.deepEqual(await desk.statuses(twice), ['waiting', 'waiting'])
    assert.equal((await desk.accept(entry.id)).patient_id, survivor)
    await desk.free(doctor_id, mondayAt('15:00'))
    await relayFreed(api)
    assert.deepEqual(await desk.statuses(twice), ['offered', 'waiting'])
  })

  it('that is one of two again has its place in line and its offer back', async () => {
    const admin = await api.person('admin')
    const [survivor, merged] = [await makePatient(api), await makePatient(api)]
    const [waiting, entry] = [
      await desk.wait(await desk.doctor(), { patient_id: merged }),
      await offered(undefined, merged),
    ]
    const params = { patient_id: survivor }
    const body = { merged_patient_id: merged, reason: 'Registered twice', force: true }
    const { merge_id } = await admin.call(mergeApi.merge, { params, body })
    await admin.call(mergeApi.unmerge, { params, body: { merge_id: merge_id ?? '', reason: 'Two sisters' } })
    const owners = await Promise.all([waiting, entry].map(async ({ id }) => (await desk.entry(id)).patient_id))
    assert.deepEqual(owners, [merged, merged])
    assert.equal((await desk.accept(entry.id)).patient_id, merged)
  })

  it('that is erased leaves nobody on the waitlist', async () => {
    const admin = await api.person('admin')
    const { patient_id } = await patientPerson()
    const entry = await offered(undefined, patient_id)
    await desk.withdraw(entry.id)
    await relayFreed(api)
    await api.rows(
      sql`update patients set created_at = created_at - interval '30 years', updated_at = updated_at - interval '30 years' where id = ${patient_id}`,
    )
    await api.rows(
      sql`update care_relationships set created_at = created_at - interval '30 years' where patient_id = ${patient_id}`,
    )
    await admin.call(erasureApi.erase, { params: { patient_id }, body: { reason: 'Asked for' } })
    const left = await api.rows(sql`
      select 1 from waitlist_entries where patient_id = ${patient_id} union all select 1 from waitlist_offers where patient_id = ${patient_id}`)
    assert.deepEqual(left, [])
  })
})
