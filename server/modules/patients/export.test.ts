import assert from 'node:assert/strict'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { clientOf } from '../documents/documents.testing.ts'
import { exportApi, exportRunning, exportSpent } from './export.contract.ts'
import { codeOf, copiesOf, insurer, type Row, rowsOf, unzip } from './export.testing.ts'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { ownedTables } from './owned-tables.ts'
import { patientMerged } from './patient.contract.ts'
import { nextPerson } from './people.testing.ts'
import { notFound, unavailable } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  doctor = await api.person('doctor', { doctor: true })
})
after(async () => api[Symbol.asyncDispose]())

const { get, download, fetchFor } = copiesOf(() => api)
const everything = { contacts: 2, insurances: 1, appointments: 2, glass: 1 }
const person = (rows = {}, body = {}) => addPerson(api, admin, doctor, rows, body)

describe('an export of a patient', () => {
  it('is complete, in the clear, and holds nobody else', async () => {
    const body = { ...nextPerson(), first_name: 'Scheherazade' }
    const patient_id = await person(everything, body)
    const other = await person(everything, { first_name: 'Dunyazad' })
    const answer = await fetchFor(admin, patient_id)
    assert.equal(answer.statusCode, 200, answer.body)
    assert.equal(answer.headers['content-type'], 'application/zip')
    assert.match(String(answer.headers['content-disposition']), /^attachment; filename="PT-\d{8}-\d+\.zip"$/)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const files = await unzip(answer.rawPayload)

    assert.deepEqual(
      [...files.keys()].sort(),
      [
        'record.pdf',
        ...['about', 'merged_records', 'patient', ...ownedTables.flatMap((owned) => owned.export?.file ?? [])].map(
          (name) => `${name}.json`,
        ),
      ].sort(),
    )
    const patient = files.get('patient.json') as Row
    assert.deepEqual([patient.first_name, patient.ssn], ['Scheherazade', body.ssn])
    const counts = Object.fromEntries(
      ['emergency_contacts', 'insurances', 'appointments', 'appointment_history', 'emergency_accesses'].map((name) => [
        name,
        rowsOf(files, name).length,
      ]),
    )
    assert.deepEqual(counts, {
      emergency_contacts: 2,
      insurances: 1,
      appointments: 2,
      appointment_history: 2,
      emergency_accesses: 1,
    })
    assert.deepEqual(
      rowsOf(files, 'emergency_contacts').map(({ contact }) => (contact as Row).name),
      ['Contact 0', 'Contact 1'],
    )
    assert.match(JSON.stringify(rowsOf(files, 'insurances')[0]?.policy), /"POL-/)
    assert.deepEqual(
      [rowsOf(files, 'appointments')[0]?.notes, rowsOf(files, 'appointment_history')[0]?.reason],
      ['reason of the visit', 'booked by phone'],
    )
    assert.ok(
      rowsOf(files, 'access_log').some(
        ({ action, user_name }) => action === 'patient.register' && user_name === 'Test admin',
      ),
    )
    const all = JSON.stringify([...files])
    assert.ok(!all.includes(other) && !all.includes('Dunyazad') && !all.includes('sealed_') && !all.includes('key_id'))

    const printed = String(files.get('record.pdf'))
    for (const shown of ['Scheherazade', body.ssn, 'Contact 1', 'reason of the visit', 'booked by phone', 'Test admin'])
      assert.ok(printed.includes(shown), `${shown} is not in the PDF: ${printed}`)
  })

  it('is there for the patient, of the own record and of no other', async () => {
    const [patient_id, stranger] = [await person({ contacts: 1 }), await person()]
    const merged = await person({ contacts: 1 }, { first_name: 'Earlier' })
    await admin.call(mergeApi.merge, {
      params: { patient_id },
      body: { merged_patient_id: merged, reason: 'x', force: true },
    })
    const self = await api.person('patient', { patient_id })
    const files = await unzip((await download(self, patient_id)).rawPayload)
    assert.equal(rowsOf(files, 'emergency_contacts').length, 2)
    assert.deepEqual(
      rowsOf(files, 'merged_records').map(({ first_name }) => first_name),
      ['Earlier'],
    )
    assert.equal((await download(self, stranger)).statusCode, 404)
    assert.deepEqual(codeOf(await download(self, merged)), [409, patientMerged.code])
    assert.deepEqual(codeOf(await download(admin, merged)), [409, patientMerged.code])
    for (const role of ['nurse', 'staff', 'doctor', 'auditor'])
      assert.equal((await download(await api.person(role), patient_id)).statusCode, 403, role)
  })

  it('leaves an entry, and names no other patient in the log that it holds', async () => {
    const [patient_id, stranger] = [await person(), await person()]
    const intruder = await api.person('patient', { patient_id: stranger })
    assert.equal((await download(intruder, patient_id)).statusCode, 404)
    const files = await unzip((await fetchFor(admin, patient_id)).rawPayload)
    const denied = rowsOf(files, 'access_log').find(({ outcome }) => outcome === 'denied')
    assert.ok(denied)
    assert.deepEqual([denied.user_id, denied.user_name], [null, null])
    const entries = await api.rows(sql<{ action: string; outcome: string }>`
      select action, outcome from audit_logs where patient_id = ${patient_id} and action ~ 'export|disclosure' order by id`)
    assert.deepEqual(
      entries.map(({ action, outcome }) => `${action} ${outcome}`),
      ['patient.export denied', 'patient.export_link success', 'disclosure.record success', 'patient.export success'],
    )
  })

  it('is one at a time for a user, from whichever server, and frees its turn at its end', async () => {
    const patient_id = await person()
    const self = await api.person('patient', { patient_id })
    const make = () => self.call(exportApi.make_link, { params: { patient_id }, body: {} })
    const [first, second] = [await make(), await make()]
    await api.rows(sql`update patient_exports set running_until = now() + interval '1 minute' where id = ${first.id}`)
    const refused = await get(self, second.url)
    assert.deepEqual(codeOf(refused), [429, exportRunning.code])
    assert.ok(Number(refused.headers['retry-after']) > 0)
    assert.deepEqual(codeOf(await download(self, patient_id)), [429, exportRunning.code])
    // Somebody else has a turn of their own.
    assert.equal((await fetchFor(admin, patient_id)).statusCode, 200)
    // A server that died while it sent gives the turn back by the clock.
    await api.rows(sql`update patient_exports set running_until = now() where id = ${first.id}`)
    assert.equal((await get(self, second.url)).statusCode, 200)
    for (;;) {
      const running = await api.rows(
        sql`select from patient_exports where patient_id = ${patient_id} and running_until > now()`,
      )
      if (running.length === 0) break
    }
    const answers = await Promise.all([
      download(self, patient_id),
      download(self, patient_id),
      download(self, patient_id),
    ])
    const statuses = answers.map(({ statusCode }) => statusCode)
    assert.ok(statuses.includes(200) && statuses.every((status) => status === 200 || status === 429), statuses.join())
  })
})

describe('a link to a copy', () => {
  it('works once, for whoever asked for it, and for ten minutes', async () => {
    const patient_id = await person()
    const self = await api.person('patient', { patient_id })
    const other = await api.person('patient', { patient_id: await person() })
    const { id, url, expires_at } = await self.call(exportApi.make_link, { params: { patient_id }, body: {} })
    assert.equal(url, `/api/v1/patient-exports/${id}`)
    const left = Temporal.Instant.from(expires_at).epochMilliseconds - Date.now()
    assert.ok(left > 8 * 60_000 && left <= 10 * 60_000, `${left} ms`)
    for (const who of [other, admin]) assert.deepEqual(codeOf(await get(who, url)), [404, notFound.code])
    assert.equal((await api.app.http.inject({ method: 'GET', url })).statusCode, 401)
    assert.equal((await get(self, url)).statusCode, 200)
    assert.deepEqual(codeOf(await get(self, url)), [410, exportSpent.code])
    const late = await self.call(exportApi.make_link, { params: { patient_id }, body: {} })
    await api.rows(sql`update patient_exports set expires_at = now() where id = ${late.id}`)
    assert.deepEqual(codeOf(await get(self, late.url)), [410, exportSpent.code])
  })

  it('is fetched once by two who hold one session and ask together', async () => {
    const patient_id = await person()
    const self = await api.person('patient', { patient_id })
    const { url } = await self.call(exportApi.make_link, { params: { patient_id }, body: {} })
    const answers = await Promise.all([get(self, url), get(self, url), get(self, url)])
    assert.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
    assert.ok(answers.every(({ statusCode }) => [200, 410, 429].includes(statusCode)))
  })

  it('gives one copy also where another server has given it while this one still read', async () => {
    const patient_id = await person({ contacts: 1 })
    const { id, url } = await admin.call(exportApi.make_link, { params: { patient_id }, body: insurer })
    const owner = new pg.Client({ connectionString: api.owner_url })
    await owner.connect()
    try {
      await owner.query('begin')
      await owner.query('lock table emergency_contacts in access exclusive mode')
      const fetching = get(admin, url)
      const waiting = sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%emergency_contacts%'`
      while ((await api.rows(waiting)).length === 0);
      await owner.query('update patient_exports set used_at = now() where id = $1', [id])
      await owner.query('commit')
      assert.deepEqual(codeOf(await fetching), [410, exportSpent.code])
    } finally {
      await owner.end()
    }
    assert.deepEqual(await api.rows(sql`select from disclosures where patient_id = ${patient_id}`), [])
  })

  it('is not spent while the documents cannot be reached, and works once they can', async () => {
    const patient_id = await person()
    await clientOf(api).add(admin, patient_id)
    const { url } = await admin.call(exportApi.make_link, { params: { patient_id }, body: insurer })
    const { storage } = api.configuration
    assert.ok('folder' in storage)
    // What is in the place of the folder is none.
    renameSync(storage.folder, `${storage.folder}.away`)
    writeFileSync(storage.folder, '')
    assert.deepEqual(codeOf(await get(admin, url)), [503, unavailable.code])
    rmSync(storage.folder)
    renameSync(`${storage.folder}.away`, storage.folder)
    const copy = await get(admin, url)
    assert.deepEqual([copy.statusCode, copy.rawPayload.includes('Blood count')], [200, true])
  })

  it('is not spent by a copy that could not be read, and nothing is disclosed by it', async () => {
    const patient_id = await person({ contacts: 1 })
    const { id, url } = await admin.call(exportApi.make_link, { params: { patient_id }, body: insurer })
    const flip = sql`update emergency_contacts set sealed_contact = set_byte(sealed_contact, 20, get_byte(sealed_contact, 20) # 1) where patient_id = ${patient_id}`
    await api.rows(flip)
    assert.equal((await get(admin, url)).statusCode, 500)
    assert.equal((await api.rows(sql`select from disclosures where patient_id = ${patient_id}`)).length, 0)
    assert.equal(
      (await api.rows(sql`select from patient_exports where id = ${id} and running_until is null`)).length,
      1,
    )
    await api.rows(flip)
    assert.equal((await get(admin, url)).statusCode, 200)
  })
})
