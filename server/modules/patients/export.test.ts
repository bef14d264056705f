import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import yauzl from 'yauzl'
import { exportApi } from './export.contract.ts'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { ownedTables } from './owned-tables.ts'
import { patientMerged } from './patient.contract.ts'
import { nextPerson } from './people.testing.ts'
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

const everything = { contacts: 2, insurances: 1, appointments: 2, glass: 1 }
const person = (rows = {}, body = {}) => addPerson(api, admin, doctor, rows, body)

async function download(who: Person, patient_id: string) {
  const url = exportApi.export.path.replace('{patient_id}', patient_id)
  return api.app.http.inject({ method: 'GET', url, headers: { authorization: `Bearer ${who.token}` } })
}

type Row = Record<string, unknown>
async function unzip(bytes: Buffer): Promise<Map<string, unknown>> {
  const archive = await yauzl.fromBufferPromise(bytes, { lazyEntries: true })
  const files = new Map<string, unknown>()
  for await (const entry of archive.eachEntry()) {
    files.set(entry.fileName, JSON.parse(await text(await archive.openReadStreamPromise(entry))))
  }
  return files
}
const rowsOf = (files: Map<string, unknown>, name: string) => (files.get(`${name}.json`) ?? []) as Row[]

describe('an export of a patient', () => {
  it('is complete, in the clear, and holds nobody else', async () => {
    const body = { ...nextPerson(), first_name: 'Scheherazade' }
    const patient_id = await person(everything, body)
    const other = await person(everything, { first_name: 'Dunyazad' })
    const answer = await download(admin, patient_id)
    assert.equal(answer.statusCode, 200, answer.body)
    assert.equal(answer.headers['content-type'], 'application/zip')
    assert.match(String(answer.headers['content-disposition']), /^attachment; filename="PT-\d{8}-\d+\.zip"$/)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const files = await unzip(answer.rawPayload)

    assert.deepEqual(
      [...files.keys()].sort(),
      ['about', 'merged_records', 'patient', ...ownedTables.flatMap((owned) => owned.export?.file ?? [])]
        .map((name) => `${name}.json`)
        .sort(),
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
    assert.equal((await download(self, merged)).statusCode, 404)
    assert.deepEqual(
      [(await download(admin, merged)).statusCode, (await download(admin, merged)).json<{ code: string }>().code],
      [409, patientMerged.code],
    )
    for (const role of ['nurse', 'staff', 'doctor', 'auditor'])
      assert.equal((await download(await api.person(role), patient_id)).statusCode, 403, role)
  })

  it('leaves an entry, and names no other patient in the log that it holds', async () => {
    const [patient_id, stranger] = [await person(), await person()]
    const intruder = await api.person('patient', { patient_id: stranger })
    assert.equal((await download(intruder, patient_id)).statusCode, 404)
    const files = await unzip((await download(admin, patient_id)).rawPayload)
    const denied = rowsOf(files, 'access_log').find(({ outcome }) => outcome === 'denied')
    assert.ok(denied)
    assert.deepEqual([denied.user_id, denied.user_name], [null, null])
    const entries = await api.rows(
      sql<{
        outcome: string
      }>`select outcome from audit_logs where action = 'patient.export' and patient_id = ${patient_id} order by id`,
    )
    assert.deepEqual(
      entries.map(({ outcome }) => outcome),
      ['denied', 'success'],
    )
  })
})
