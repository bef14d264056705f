import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { auditLogApi } from '../audit-trail/audit-log.contract.ts'
import { disclosureApi } from './disclosure.contract.ts'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { exportApi } from './export.contract.ts'
import { insurer } from './export.testing.ts'
import { erasureApi, legalHold, retentionNotOver, retentionYears } from './erasure.contract.ts'
import { erasePatient } from './erasure.service.ts'
import { mergeApi } from './merge.contract.ts'
import { identifier } from './merge.store.ts'
import { addPerson, picture } from './merge.testing.ts'
import { ownedTables } from './owned-tables.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { patientApi, patientErased, patientMerged } from './patient.contract.ts'
import { nextPerson } from './people.testing.ts'
import { forbidden, notFound, Problem, sessionEnded, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  doctor = await api.person('doctor', { doctor: true })
})
after(async () => api[Symbol.asyncDispose]())

const everything = { contacts: 2, primary: true, insurances: 1, appointments: 1, glass: 1 }
const person = (rows = {}, body = {}) => addPerson(api, admin, doctor, rows, body)
const erase = (patient_id: string, headers = {}) =>
  admin.call(erasureApi.erase, { params: { patient_id }, body: { reason: 'Asked for by Ana Ruiz' } }, headers)
const retention = (patient_id: string) => admin.call(erasureApi.retention, { params: { patient_id } })
const hold = (patient_id: string, legal_hold: boolean) =>
  admin.call(erasureApi.hold, { params: { patient_id }, body: { legal_hold, reason: 'Court order' } })

/** Makes every entry of everyone so much older. */
async function age(by: string) {
  await api.rows(
    sql`update patients set created_at = created_at - ${by}::interval, updated_at = updated_at - ${by}::interval`,
  )
  await api.rows(
    sql`update appointments set during = tstzrange(lower(during) - ${by}::interval, upper(during) - ${by}::interval)`,
  )
  for (const { table, activity } of ownedTables) {
    if (activity === null) continue
    const column = identifier(activity)
    await api.rows(sql`update ${identifier(table)} set ${column} = ${column} - ${by}::interval`)
  }
}
const old = async (rows = {}, body = {}) => {
  const id = await person(rows, body)
  await age('20 years')
  return id
}

describe('retention', () => {
  it(`lasts ${retentionYears} years after the last entry, to the day, and nobody shortens it`, async () => {
    const id = await person()
    const today = Temporal.Now.plainDateISO('America/New_York')
    const newest = await retention(id)
    assert.deepEqual(
      [newest.retention_ends_on, newest.can_be_erased],
      [today.add({ years: retentionYears }).toString(), false],
    )
    await assert.rejects(
      erase(id),
      (error) =>
        refusedWith(retentionNotOver)(error) &&
        error instanceof Problem &&
        error.members.retention_ends_on === newest.retention_ends_on,
    )

    await api.rows(sql`update patients set created_at = created_at - interval '30 years' where id = ${id}`)
    const noonOf = (day: Temporal.PlainDate) =>
      day.toZonedDateTime({ timeZone: 'America/New_York', plainTime: '12:00' }).toInstant().toString()
    const set = (day: Temporal.PlainDate) =>
      api.rows(sql`update patients set updated_at = ${noonOf(day)} where id = ${id}`)
    const tenYearsAgo = today.subtract({ years: retentionYears })
    await set(tenYearsAgo)
    assert.equal(
      (await retention(id)).can_be_erased,
      tenYearsAgo.add({ years: retentionYears }).toString() < today.toString(),
    )
    await set(tenYearsAgo.subtract({ days: 2 }))
    assert.equal((await retention(id)).can_be_erased, true)
  })

  it('counts from an entry in any table', async () => {
    for (const rows of [{ contacts: 1 }, { insurances: 1 }, { appointments: 1 }, { glass: 1 }]) {
      const id = await person(rows)
      await api.rows(
        sql`update patients set created_at = created_at - interval '30 years', updated_at = updated_at - interval '30 years' where id = ${id}`,
      )
      assert.equal((await retention(id)).can_be_erased, false, JSON.stringify(rows))
    }
  })

  it('is longer under legal hold, also of a record that was merged into it', async () => {
    const [one, other] = [await person(), await person()]
    await hold(other, true)
    await admin.call(mergeApi.merge, {
      params: { patient_id: one },
      body: { merged_patient_id: other, reason: 'x', force: true },
    })
    await age('20 years')
    await assert.rejects(erase(one), refusedWith(legalHold))
    assert.equal((await retention(one)).legal_hold, true)
    await hold(other, false)
    assert.equal((await retention(one)).can_be_erased, true)
  })
})

describe('an erasure', () => {
  it('leaves nothing that opens, nothing to be found by, and a whole audit log', async () => {
    const body = { ...nextPerson(), first_name: 'Scheherazade', email: 'scheherazade@example.org' }
    const patient_id = await old(everything, body)
    const reader = await api.person('patient', { patient_id })
    const keys = await api.rows(
      sql<{ wrapped: Buffer }>`select wrapped from patient_keys where patient_id = ${patient_id}`,
    )
    const find = (query: object) => admin.call(patientSearchApi.search, { body: query })
    assert.equal((await find({ phone: body.phone_primary })).total, 1)

    const { keys_destroyed, accounts_closed, records } = await erase(patient_id)
    assert.deepEqual([keys_destroyed, accounts_closed, records], [1, 1, [patient_id]])

    await assert.rejects(admin.call(patientApi.read, { params: { patient_id } }), refusedWith(patientErased))
    const stranger = await api.person('nurse', { department_id: await api.department() })
    await assert.rejects(stranger.call(patientApi.read, { params: { patient_id } }), refusedWith(notFound))
    for (const query of [
      { phone: body.phone_primary },
      { ssn: body.ssn },
      { email: body.email },
      { name: 'Scheherazade' },
    ]) {
      assert.equal((await find(query)).total, 0)
    }
    await assert.rejects(reader.call(patientApi.read, { params: { patient_id } }), refusedWith(sessionEnded))
    const rows = [...(await picture(api)).values()].flat().filter((row) => row.includes(patient_id))
    assert.ok(!rows.some((row) => keys.some(({ wrapped }) => row.includes(wrapped.toString('hex')))))
    const left = new Set(ownedTables.filter(({ erasure }) => erasure === 'deleted').map(({ table }) => table))
    for (const table of left) {
      assert.equal(
        (await api.rows(sql`select from ${identifier(table)} where patient_id = ${patient_id}`)).length,
        0,
        table,
      )
    }
    assert.ok((await admin.call(auditLogApi.verify, {})).is_whole)
    const log = await admin.call(auditLogApi.list, { query: { patient_id } })
    assert.ok(log.items.some(({ action }) => action === 'patient.erase'))
    const texts = await api.rows(sql<{ text: string }>`select a::text as text from audit_logs a`)
    assert.ok(!texts.some(({ text }) => /Scheherazade|Ana Ruiz/.test(text)))

    await assert.rejects(erase(patient_id), refusedWith(patientErased))
    const again = await admin.call(patientApi.register, { body })
    assert.notEqual(again.id, patient_id)
  })

  it('leaves nothing to read, to disclose or to copy', async () => {
    const patient_id = await old(everything)
    const params = { patient_id }
    const { url } = await admin.call(exportApi.make_link, { params, body: insurer })
    await age('20 years')
    await erase(patient_id)
    for (const ask of [
      () => admin.call(emergencyContactApi.list_contacts, { params, query: {} }),
      () => admin.call(disclosureApi.list_disclosures, { params, query: {} }),
      () => admin.call(exportApi.make_link, { params, body: insurer }),
    ])
      await assert.rejects(ask(), refusedWith(patientErased))
    assert.equal((await admin.send({ method: 'GET', url, headers: {} })).status, notFound.status)
  })

  it('leaves no trace of where they signed in from, of ended sessions either', async () => {
    const patient_id = await old()
    const { user_id } = await api.person('patient', { patient_id })
    for (let count = 0; count < 2; count += 1) await api.signIn(user_id)
    await api.rows(
      sql`update sessions set ip_address = '203.0.113.7', user_agent = 'A phone' where user_id = ${user_id}`,
    )
    await api.rows(sql`
      update sessions set revoked_at = now(), revoke_reason = 'logout' where id = (select min(id::text)::uuid from sessions where user_id = ${user_id})`)
    await api.rows(sql`
      update sessions set expires_at = now() where id = (select max(id::text)::uuid from sessions where user_id = ${user_id})`)
    await api.rows(sql`insert into known_devices (user_id, token_hash) values (${user_id}, ${Buffer.from(user_id)})`)
    await api.rows(sql`insert into recovery_codes (user_id, code_hash) values (${user_id}, ${Buffer.from(user_id)})`)
    await erase(patient_id)
    const sessions = await api.rows(sql`
      select ip_address, user_agent, revoked_at is not null as is_ended, revoke_reason from sessions where user_id = ${user_id} order by revoke_reason`)
    const ended = { ip_address: null, user_agent: null, is_ended: true }
    assert.deepEqual(sessions, [
      { ...ended, revoke_reason: 'erased' },
      { ...ended, revoke_reason: 'erased' },
      { ...ended, revoke_reason: 'logout' },
    ])
    const kept = await api.rows(sql`
      select user_id from known_devices where user_id = ${user_id} union all select user_id from recovery_codes where user_id = ${user_id}`)
    assert.deepEqual(kept, [])
  })

  it('takes the records with it that were merged into this one, and they do not come back', async () => {
    const [one, other] = [await person(everything), await person(everything)]
    await api.rows(sql`update appointments set status = 'cancelled' where patient_id = ${other}`)
    const { merge_id } = await admin.call(mergeApi.merge, {
      params: { patient_id: one },
      body: { merged_patient_id: other, reason: 'x', force: true },
    })
    await age('20 years')
    await assert.rejects(erase(other), refusedWith(patientMerged))
    const { records, keys_destroyed } = await erase(one)
    assert.deepEqual([records.toSorted(), keys_destroyed], [[one, other].toSorted(), 2])
    for (const patient_id of [one, other]) {
      await assert.rejects(admin.call(patientApi.read, { params: { patient_id } }), refusedWith(patientErased))
    }
    const body = { merge_id: merge_id ?? '', reason: 'x' }
    await assert.rejects(
      admin.call(mergeApi.unmerge, { params: { patient_id: one }, body }),
      refusedWith(patientErased),
    )
  })

  it('is for administrators, of the version that they saw', async () => {
    const id = await old()
    const staff = await api.person('staff')
    const body = { reason: 'x' }
    await assert.rejects(staff.call(erasureApi.erase, { params: { patient_id: id }, body }), refusedWith(forbidden))
    await hold(id, true)
    await hold(id, false)
    await assert.rejects(erase(id, { 'if-match': '"v1"' }), refusedWith(stale))
    await erase(id, { 'if-match': '"v3"' })
    await assert.rejects(erase('0198c0de-0000-7000-8000-000000000001'), refusedWith(notFound))
  })

  it('keeps the account of somebody who works here', async () => {
    const patient_id = await old()
    const nurse = await api.person('nurse', { patient_id })
    const { accounts_closed } = await erase(patient_id)
    assert.equal(accounts_closed, 0)
    const [user] = await api.rows(sql<{ is_active: boolean }>`select is_active from users where id = ${nurse.user_id}`)
    assert.equal(user?.is_active, true)
  })

  it('can be asked for on the command line by the number of the record', async () => {
    const id = await old()
    const { patient_number } = await admin.call(patientApi.read, { params: { patient_id: id } })
    await assert.rejects(erasePatient(api.system, 'PT-19000101-0001', 'x'), refusedWith(notFound))
    assert.equal((await erasePatient(api.system, patient_number, 'x')).patient_id, id)
  })

  it('is judged by what was merged into the record while it waited', async () => {
    const [one, other] = [await person(), await person({ contacts: 1 })]
    await hold(other, true)
    await age('20 years')
    const owner = new pg.Client({ connectionString: api.owner_url })
    await owner.connect()
    try {
      await owner.query('begin')
      await owner.query('select from emergency_contacts where patient_id = $1 for update', [other])
      const merging = admin.call(mergeApi.merge, {
        params: { patient_id: one },
        body: { merged_patient_id: other, reason: 'x', force: true },
      })
      await api.untilWaiting()
      const erasing = assert.rejects(erase(one), refusedWith(legalHold))
      await api.untilWaiting(2)
      await owner.query('commit')
      await Promise.all([merging, erasing])
    } finally {
      await owner.end()
    }
  })

  it('happens once, however many ask at once', async () => {
    const id = await old(everything)
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => erase(id)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })
})
