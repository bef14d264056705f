// The photo of a patient is one of their documents, for as long as it is that.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { aText, clientOf, type GivenFile } from './documents.testing.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { contactDetailsOnly, patientApi } from '../patients/patient.contract.ts'
import { nextPerson } from '../patients/people.testing.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let client: ReturnType<typeof clientOf>
let admin: Person
let staff: Person
before(async () => {
  api = await startTestApi()
  client = clientOf(api)
  admin = await api.person('admin')
  staff = await api.person('staff')
})
after(async () => api[Symbol.asyncDispose]())

const png = (): GivenFile => ({
  bytes: Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    Buffer.from('IHDR'),
    randomBytes(400).map((byte) => byte & 15),
  ]),
  name: 'photo.png',
  type: 'image/png',
})
const register = async () => (await admin.call(patientApi.register, { body: { ...nextPerson(), force: true } })).id
const choose = (who: Person, patient_id: string, photo_document_id: string | null) =>
  who.call(patientApi.change, { params: { patient_id }, body: { photo_document_id } })
const photoOf = async (patient_id: string) =>
  (await admin.call(patientApi.read, { params: { patient_id } })).photo_document_id
/** What the refusal says of the member. */
async function refusal(work: Promise<unknown>): Promise<string | undefined> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Problem && error.kind.code === invalidRequest.code, String(error))
  assert.deepEqual(
    error.members.errors?.map(({ path }) => path),
    ['/body/photo_document_id'],
  )
  return error.members.errors?.[0]?.code
}

describe('the photo of a patient', () => {
  it('is chosen among their images, kept by what does not name it, and removed', async () => {
    const patient_id = await register()
    const params = { patient_id }
    const { id } = await client.add(staff, patient_id, png())
    const chosen = await choose(staff, patient_id, id)
    assert.deepEqual([chosen.photo_document_id, chosen.version], [id, 2])
    assert.equal((await choose(admin, patient_id, id)).version, 2, 'nothing changed')
    await admin.call(patientApi.change, { params, body: { occupation: 'Baker' } })
    assert.equal(await photoOf(patient_id), id)
    const [event] = await api.rows(sql<{ fields: string[] }>`
      select payload -> 'fields' as fields from events where type = 'patient.updated' and subject_id = ${patient_id} order by id limit 1`)
    assert.deepEqual(event?.fields, ['photo_document_id'])

    const body = nextPerson()
    const whole = await admin.call(patientApi.replace, { params, body: { ...body, photo_document_id: id } })
    assert.equal(whole.photo_document_id, id)
    assert.equal((await admin.call(patientApi.replace, { params, body })).photo_document_id, null)
    await choose(admin, patient_id, id)
    assert.equal((await choose(admin, patient_id, null)).photo_document_id, null)
  })

  it('is no document of another, none that is not there or no image, and none that is not clean', async () => {
    const [patient_id, stranger] = [await register(), await register()]
    const [text, image, foreign] = [
      await client.add(admin, patient_id, aText()),
      await client.add(admin, patient_id, png()),
      await client.add(admin, stranger, png()),
    ]
    const given = (id: string, who = admin) => refusal(choose(who, patient_id, id))
    assert.equal(await given(foreign.id), 'unknown_document')
    assert.equal(await given(randomUUID()), 'unknown_document')
    assert.equal(await given(text.id), 'not_an_image')
    // The reception adds documents and reads none: of those of others it is told nothing.
    assert.equal(await given(image.id, staff), 'unknown_document')
    assert.equal(await given(text.id, staff), 'unknown_document')
    const become = (status: string, threat: string | null = null) =>
      api.rows(
        sql`update documents set status = ${status}, threat = ${threat}, unscanned = false where id = ${image.id}`,
      )
    await become('scanning')
    assert.equal(await given(image.id), 'document_not_scanned')
    await become('infected', 'Test.Threat')
    assert.equal(await given(image.id), 'document_infected')
    await become('clean')
    assert.equal((await choose(admin, patient_id, image.id)).photo_document_id, image.id)
    assert.equal(await photoOf(stranger), null)
  })

  it('is for others to choose than the patients themselves', async () => {
    const patient_id = await register()
    const own = await api.person('patient', { patient_id })
    const { id } = await client.add(own, patient_id, png())
    await assert.rejects(choose(own, patient_id, id), refusedWith(contactDetailsOnly, '/body/photo_document_id'))
    await choose(admin, patient_id, id)
    assert.equal((await own.call(patientApi.read, { params: { patient_id } })).photo_document_id, id)
  })

  it('is none once the document is taken out of the record', async () => {
    const patient_id = await register()
    const { id } = await client.add(admin, patient_id, png())
    await choose(admin, patient_id, id)
    assert.equal((await client.ask(admin, 'DELETE', `/api/v1/documents/${id}`)).status, 204)
    assert.equal(await photoOf(patient_id), null)
    assert.equal(await refusal(choose(admin, patient_id, id)), 'unknown_document')
  })

  it('may come from a record that was merged, whose own it is again when that is undone', async () => {
    const [patient_id, merged_patient_id] = [await register(), await register()]
    const { id } = await client.add(admin, merged_patient_id, png())
    await choose(admin, merged_patient_id, id)
    const body = { merged_patient_id, reason: 'Registered twice', force: true }
    const { merge_id } = await admin.call(mergeApi.merge, { params: { patient_id }, body })
    assert.deepEqual([await photoOf(patient_id), await photoOf(merged_patient_id)], [null, id])
    await choose(admin, patient_id, id)
    assert.equal(await photoOf(patient_id), id)
    const undone = { merge_id: merge_id ?? '', reason: 'Two sisters' }
    await admin.call(mergeApi.unmerge, { params: { patient_id }, body: undone })
    assert.deepEqual([await photoOf(patient_id), await photoOf(merged_patient_id)], [null, id])
  })
})
