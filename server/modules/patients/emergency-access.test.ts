import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { forbidden, invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { openLetter } from '#platform/mail/queue.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { alreadyReviewed, emergencyAccessApi } from './emergency-access.contract.ts'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { type Patient, patientApi, patientErased } from './patient.contract.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { nextPerson } from './people.testing.ts'

const { open_emergency_access, list_emergency_accesses, review_emergency_access, access_log } = emergencyAccessApi
const reason = 'Unconscious, allergies needed'
let api: TestApi
let nurse: Person
let doctor: Person
let admin: Person
before(async () => {
  api = await startTestApi()
  nurse = await api.person('nurse', { department_id: await api.department() })
  doctor = await api.person('doctor', { doctor: true })
  admin = await api.person('admin')
})
after(async () => api[Symbol.asyncDispose]())

const register = () => nurse.call(patientApi.register, { body: nextPerson() })
const at = ({ id }: Patient) => ({ patient_id: id })
const open = (who: Person, patient: Patient) =>
  who.call(open_emergency_access, { params: at(patient), body: { reason } })

describe('emergency access', () => {
  it('opens one record for an hour, for a reason', async () => {
    const [patient, other] = [await register(), await register()]
    await assert.rejects(doctor.call(patientApi.read, { params: at(patient) }), refusedWith(notFound))
    const access = await open(doctor, patient)
    const minutes = Temporal.Instant.from(access.created_at).until(access.expires_at).total('minutes')
    assert.equal(minutes, 60)
    assert.equal((await doctor.call(patientApi.read, { params: at(patient) })).id, patient.id)
    await assert.rejects(doctor.call(patientApi.read, { params: at(other) }), refusedWith(notFound))
    assert.deepEqual((await doctor.call(patientSearchApi.list, { query: {} })).items, [])
    await api.rows(sql`update emergency_accesses set expires_at = now() where id = ${access.id}`)
    await assert.rejects(doctor.call(patientApi.read, { params: at(patient) }), refusedWith(notFound))
  })

  it('marks every read and change under it, and none that needs it not', async () => {
    const patient = await register()
    await open(doctor, patient)
    await open(nurse, patient)
    await doctor.call(patientApi.read, { params: at(patient) })
    await doctor.call(emergencyContactApi.list_contacts, { params: at(patient), query: {} })
    await doctor.call(patientApi.change, { params: at(patient), body: { occupation: 'Baker' } })
    await nurse.call(patientApi.read, { params: at(patient) })
    const entries = sql<{ action: string; purpose: string }>`
      select action, purpose from audit_logs where patient_id = ${patient.id} and (action <> 'emergency_access.open') and action <> 'patient.register' order by id`
    assert.deepEqual(await api.rows(entries), [
      { action: 'patient.read', purpose: 'BTG' },
      { action: 'emergency_contact.list', purpose: 'BTG' },
      { action: 'patient.update', purpose: 'BTG' },
      { action: 'patient.read', purpose: null },
    ])
    const told = sql`select type, payload ->> 'user_id' as user_id from events where patient_id = ${patient.id} and type = 'emergency_access.opened' order by id`
    assert.deepEqual(await api.rows(told), [
      { type: 'emergency_access.opened', user_id: doctor.user_id },
      { type: 'emergency_access.opened', user_id: nurse.user_id },
    ])
  })

  it('is told by mail to everyone active who may review it, without a word of the patient', async () => {
    await using own = await startTestApi({ mail_from: 'Saint Mary <care@example.test>', timezone: 'UTC' })
    const [clerk, opener] = [await own.person('staff'), await own.person('doctor', { doctor: true })]
    const reviewers = [await own.person('admin'), await own.person('admin')]
    const [inactive, denied, broken] = [await own.person('admin'), await own.person('admin'), await own.person('admin')]
    await own.rows(sql`update users set is_active = false where id = ${inactive.user_id}`)
    await own.rows(sql`
      insert into permission_denials (user_id, permission) values (${denied.user_id}, 'emergency-access:review')`)
    await own.rows(sql`update users set sealed_profile = '\\x00' where id = ${broken.user_id}`)
    const person = nextPerson()
    const patient = await clerk.call(patientApi.register, { body: person })
    await assert.rejects(
      opener.call(open_emergency_access, { params: at(patient), body: { reason: ' x ' } }),
      refusedWith(invalidRequest, '/body/reason'),
    )
    const mails = sql<{
      id: string
      user_id: string
      patient_id: string | null
      key_id: string
      sealed_message: Buffer
    }>`
      select id, user_id, patient_id, key_id, sealed_message from mails where template = 'emergency_access' order by id`
    assert.deepEqual(await own.rows(mails), [])
    await open(opener, patient)
    const queued = await own.rows(mails)
    assert.deepEqual(queued.map(({ user_id }) => user_id).sort(), reviewers.map(({ user_id }) => user_id).sort())
    for (const mail of queued) {
      const { to, text, subject } = openLetter(own.system.keys, mail)
      assert.match(to, /@/)
      assert.match(text, /record at Saint Mary was opened by emergency access .* UTC.*\/emergency-accesses\n/s)
      assert.equal(mail.patient_id, null)
      for (const secret of [
        person.first_name,
        person.last_name,
        patient.patient_number,
        patient.id,
        reason,
        'Test doctor',
      ])
        assert.ok(!`${subject}${text}`.includes(secret), secret)
    }
  })

  it('needs a reason, which is kept sealed', async () => {
    const patient = await register()
    await assert.rejects(
      doctor.call(open_emergency_access, { params: at(patient), body: { reason: ' x ' } }),
      refusedWith(invalidRequest, '/body/reason'),
    )
    const { id } = await open(doctor, patient)
    const [row] = await api.rows(
      sql<{ sealed_reason: Buffer }>`select sealed_reason from emergency_accesses where id = ${id}`,
    )
    assert.ok(row && !row.sealed_reason.includes('allergies'))
  })

  it('is for clinicians, and for a patient who is there', async () => {
    const patient = await register()
    for (const role of ['staff', 'admin', 'auditor'] as const)
      await assert.rejects(open(await api.person(role), patient), refusedWith(forbidden))
    await assert.rejects(open(await api.person('patient', { patient_id: patient.id }), patient), refusedWith(forbidden))
    await assert.rejects(
      open(doctor, { ...patient, id: '0198c0de-0000-7000-8000-000000000000' }),
      refusedWith(notFound),
    )
  })

  it('is not opened to a record that becomes part of another meanwhile', { timeout: 30_000 }, async () => {
    const [patient, survivor] = [await register(), await register()]
    const merging = new pg.Client({ connectionString: api.owner_url })
    await merging.connect()
    try {
      await merging.query('begin')
      await merging.query('update patients set merged_into = $1 where id = $2', [survivor.id, patient.id])
      let isDone = false
      const opening = assert.rejects(open(doctor, patient), refusedWith(notFound)).finally(() => (isDone = true))
      opening.catch(() => undefined)
      const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while (!isDone && (await api.rows(waiting)).length === 0);
      await merging.query('commit')
      await opening
    } finally {
      await merging.end()
    }
  })

  it('is reviewed once, by an administrator', async () => {
    const { id } = await open(doctor, await register())
    const params = { emergency_access_id: id }
    const { items } = await admin.call(list_emergency_accesses, { query: { reviewed: 'false' } })
    assert.deepEqual([items[0]?.id, items[0]?.reason, items[0]?.user_name], [id, reason, 'Test doctor'])
    const reviewed = await admin.call(review_emergency_access, { params, body: { verdict: 'justified' } })
    assert.deepEqual([reviewed.review_verdict, reviewed.reviewed_by], ['justified', admin.user_id])
    await assert.rejects(
      admin.call(review_emergency_access, { params, body: { verdict: 'not_justified' } }),
      refusedWith(alreadyReviewed),
    )
    await assert.rejects(
      doctor.call(review_emergency_access, { params, body: { verdict: 'justified' } }),
      refusedWith(forbidden),
    )
    await assert.rejects(
      admin.call(review_emergency_access, {
        params: { emergency_access_id: admin.user_id },
        body: { verdict: 'justified' },
      }),
      refusedWith(notFound),
    )
    assert.ok(
      (await admin.call(list_emergency_accesses, { query: { reviewed: 'true', limit: '1' } })).items.some(
        (item) => item.id === id,
      ),
    )
  })
})

describe('who opened a record and reviews it now', () => {
  it('does not review what they opened themselves', async () => {
    const promoted = await api.person('doctor', { doctor: true })
    const { id } = await open(promoted, await register())
    await api.rows(sql`
      update users set role = 'admin', authority_version = authority_version + 1 where id = ${promoted.user_id}`)
    await assert.rejects(
      promoted.call(review_emergency_access, {
        params: { emergency_access_id: id },
        body: { verdict: 'justified' },
      }),
      refusedWith(forbidden),
    )
  })
})

describe('a list of emergency accesses', () => {
  it('goes on at its cursor, each once, and takes no other text for one', async () => {
    const opened = []
    for (let count = 0; count < 3; count += 1) opened.push((await open(doctor, await register())).id)
    const shown: string[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query: { limit: string; cursor?: string } = { limit: '2', ...(cursor ? { cursor } : {}) }
      const page = await admin.call(list_emergency_accesses, { query })
      shown.push(...page.items.map(({ id }) => id))
      cursor = page.next_cursor
    }
    assert.deepEqual(shown, shown.toSorted().toReversed())
    assert.equal(new Set(shown).size, shown.length)
    assert.ok(opened.every((id) => shown.includes(id)))
    await assert.rejects(
      admin.call(list_emergency_accesses, { query: { cursor: 'the next page' } }),
      refusedWith(invalidRequest, '/query/cursor'),
    )
  })

  it('tells of somebody who was erased that there was one, and no reason', async () => {
    const patient = await register()
    const { id } = await open(doctor, patient)
    await api.rows(sql`update patient_keys set wrapped = null where patient_id = ${patient.id}`)
    await api.rows(sql`update patients set erased_at = now() where id = ${patient.id}`)
    await assert.rejects(open(doctor, patient), refusedWith(patientErased))
    const { items } = await admin.call(list_emergency_accesses, { query: { limit: '1' } })
    assert.deepEqual([items[0]?.id, items[0]?.reason, items[0]?.user_name], [id, null, 'Test doctor'])
  })
})

describe('the access log of a record', () => {
  it('goes on at its cursor, and names nobody where the server itself acted', async () => {
    const patient = await register()
    await api.rows(sql`
      insert into audit_logs (action, resource_type, patient_id, outcome, role, correlation_id)
      values ('patient.read', 'patient', ${patient.id}, 'success', 'system', 'a job')`)
    const own = await api.person('patient', { patient_id: patient.id })
    const first = await own.call(access_log, { params: at(patient), query: { limit: '1' } })
    assert.deepEqual(
      first.items.map(({ role, user_id, user_name }) => [role, user_id, user_name]),
      [['system', null, null]],
    )
    const rest = await own.call(access_log, {
      params: at(patient),
      query: { limit: '10', cursor: first.next_cursor ?? '' },
    })
    assert.equal(rest.items.at(-1)?.action, 'patient.register')
    assert.ok(rest.items.every(({ id }) => id < (first.items[0]?.id ?? '')))
    assert.equal(rest.next_cursor, null)
  })

  it('tells the patient who saw it, when and why', async () => {
    const patient = await register()
    const own = await api.person('patient', { patient_id: patient.id })
    await open(doctor, patient)
    await doctor.call(patientApi.read, { params: at(patient) })
    const { items, total } = await own.call(access_log, { params: at(patient), query: { limit: '2' } })
    assert.deepEqual(
      [items.map(({ action, user_name, role, purpose }) => [action, user_name, role, purpose]), total],
      [
        [
          ['patient.read', 'Test doctor', 'doctor', 'BTG'],
          ['emergency_access.open', 'Test doctor', 'doctor', 'BTG'],
        ],
        3,
      ],
    )
  })

  it('is the patient’s own and the auditors’', async () => {
    const [patient, other] = [await register(), await register()]
    const own = await api.person('patient', { patient_id: patient.id })
    await assert.rejects(own.call(access_log, { params: at(other), query: {} }), refusedWith(notFound))
    await assert.rejects(nurse.call(access_log, { params: at(patient), query: {} }), refusedWith(forbidden))
    const auditor = await api.person('auditor')
    assert.equal((await auditor.call(access_log, { params: at(other), query: {} })).items.length, 2)
    const names = (await auditor.call(access_log, { params: at(other), query: {} })).items.filter(
      ({ role }) => role === 'patient',
    )
    assert.deepEqual(
      names.map(({ user_name }) => user_name),
      [null],
    )
  })
})
