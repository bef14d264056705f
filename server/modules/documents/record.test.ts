// Documents go where their record goes: into its copy, through merges and back, and through every rotation of keys.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import yauzl from 'yauzl'
import { startClamd } from './clamd.testing.ts'
import type { Document } from './document.contract.ts'
import { aPdf, aText, clientOf, type GivenFile } from './documents.testing.ts'
import { sql } from '#platform/database/sql.ts'
import { generateMasterKey, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { type Person, startTestApi, type TestApi, testMasterKey } from '../../testing.ts'
import { rotateMasterKey } from '../key-rotation/master-key.ts'
import { rotatePatientKeys } from '../key-rotation/patient-keys.ts'
import { openRotation } from '../key-rotation/rotation.testing.ts'
import { copiesOf } from '../patients/export.testing.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { nextPerson } from '../patients/people.testing.ts'

const threat = 'a-threat-that-the-stand-in-knows'

let clamd: Awaited<ReturnType<typeof startClamd>>
let api: TestApi
let client: ReturnType<typeof clientOf>
let admin: Person
before(async () => {
  clamd = await startClamd()
  api = await startTestApi({ clamd_url: clamd.url })
  client = clientOf(api)
  admin = await api.person('admin')
})
after(async () => {
  await api[Symbol.asyncDispose]()
  await clamd.stop()
})

const { download, fetchFor } = copiesOf(() => api)
const register = async () => (await admin.call(patientApi.register, { body: { ...nextPerson(), force: true } })).id

/** The files of documents in a copy, by their path. */
async function filesIn(zip: Buffer): Promise<Map<string, Buffer>> {
  const archive = await yauzl.fromBufferPromise(zip, { lazyEntries: true })
  const files = new Map<string, Buffer>()
  for await (const entry of archive.eachEntry()) {
    if (!entry.fileName.startsWith('documents/')) continue
    const stream = await archive.openReadStreamPromise(entry)
    files.set(entry.fileName, Buffer.concat(await stream.toArray()))
  }
  return files
}

type Kept = { document: Document; file: GivenFile }
async function add(patient_id: string, file: GivenFile, fields = {}): Promise<Kept> {
  return { document: await client.add(admin, patient_id, file, fields), file }
}
async function assertOpens(who: Person, { document, file }: Kept) {
  const answer = await client.content(who, document.id)
  assert.equal(answer.status, 200, answer.text)
  assert.ok(answer.bytes.equals(file.bytes), 'the bytes are others than those that were sent')
}
const pathOf = ({ document }: Kept) => `documents/${document.id}/${document.file_name}`

describe('the copy of a record', () => {
  it('holds the bytes of every clean document, those of merged records too; of no other, and of nobody else', async () => {
    const [patient_id, merged, stranger] = [await register(), await register(), await register()]
    const kept = [
      await add(patient_id, aText()),
      await add(patient_id, aPdf('', 300_000)),
      await add(merged, { ...aText(), name: 'Größe.txt' }),
    ]
    await add(stranger, aText())
    const deleted = await add(patient_id, aText())
    assert.equal((await client.ask(admin, 'DELETE', `/api/v1/documents/${deleted.document.id}`)).status, 204)
    const [infected, waiting] = [await add(patient_id, aText()), await add(patient_id, aText())]
    await api.rows(sql`update documents set status = 'infected', threat = ${threat} where id = ${infected.document.id}`)
    await api.rows(sql`update documents set status = 'scanning' where id = ${waiting.document.id}`)
    const body = { merged_patient_id: merged, reason: 'Registered twice', force: true }
    await admin.call(mergeApi.merge, { params: { patient_id }, body })

    const self = await api.person('patient', { patient_id })
    for (const answer of [await fetchFor(admin, patient_id), await download(self, patient_id)]) {
      assert.equal(answer.statusCode, 200, answer.body)
      const files = await filesIn(answer.rawPayload)
      assert.deepEqual([...files.keys()].toSorted(), kept.map(pathOf).toSorted())
      for (const one of kept) assert.ok(files.get(pathOf(one))?.equals(one.file.bytes), pathOf(one))
    }
  })
})

describe('a document of a record that is merged', () => {
  it('opens as part of the other record, and as part of its own again, with what was added meanwhile where it was put', async () => {
    const [patient_id, merged_patient_id] = [await register(), await register()]
    const [of_one, of_other] = [await add(patient_id, aText()), await add(merged_patient_id, aPdf('', 200_000))]
    const body = { merged_patient_id, reason: 'Registered twice', force: true }
    const { merge_id } = await admin.call(mergeApi.merge, { params: { patient_id }, body })
    const one = await api.person('patient', { patient_id })
    for (const kept of [of_one, of_other]) await assertOpens(one, kept)
    const meanwhile = await add(patient_id, aText())

    const undone = { merge_id: merge_id ?? '', reason: 'Two sisters' }
    await admin.call(mergeApi.unmerge, { params: { patient_id }, body: undone })
    const other = await api.person('patient', { patient_id: merged_patient_id })
    for (const kept of [of_one, meanwhile]) await assertOpens(one, kept)
    await assertOpens(other, of_other)
    assert.equal((await client.content(one, of_other.document.id)).status, 404)
    assert.equal((await client.content(other, of_one.document.id)).status, 404)
    const keys = await api.rows(
      sql`select from documents d join patient_keys k on k.id = d.key_id where k.patient_id <> d.patient_id`,
    )
    assert.equal(keys.length, 0)
  })

  it('opens in every order of merging, new keys and undoing', async () => {
    const [patient_id, merged_patient_id] = [await register(), await register()]
    const kept = [await add(patient_id, aText()), await add(merged_patient_id, aText())]
    const body = { merged_patient_id, reason: 'Registered twice', force: true }
    const { merge_id } = await admin.call(mergeApi.merge, { params: { patient_id }, body })
    await using rotation = await openRotation(api)
    assert.deepEqual(await rotatePatientKeys(rotation), { unfinished: [] })
    for (const one of kept) await assertOpens(admin, one)
    const undone = { merge_id: merge_id ?? '', reason: 'Two sisters' }
    await admin.call(mergeApi.unmerge, { params: { patient_id }, body: undone })
    assert.deepEqual(await rotatePatientKeys(rotation), { unfinished: [] })
    for (const one of kept) await assertOpens(admin, one)
  })
})

describe('new keys', () => {
  it('of patients and of the installation leave every document readable, while it is read and while others are added', async () => {
    const patient_id = await register()
    const kept = [await add(patient_id, aText()), await add(patient_id, aPdf('', 300_000))]
    const [first] = kept
    const replaced = await add(patient_id, aText(), { replaces: first?.document.id ?? '' })
    await using rotation = await openRotation(api)
    let is_done = false
    let reads = 0
    const load = async () => {
      do {
        for (const one of kept) await assertOpens(admin, one)
        kept.push(await add(patient_id, aText()))
        reads += 1
      } while (!is_done)
    }
    const loading = load()
    const outcome = await rotatePatientKeys(rotation)
    is_done = true
    await loading
    assert.deepEqual(outcome, { unfinished: [] })
    assert.ok(reads > 0)
    for (const one of [...kept, replaced]) await assertOpens(admin, one)
    const old = await api.rows(
      sql`select from documents d join patient_keys k on k.id = d.key_id where k.replaced_by is not null`,
    )
    assert.equal(old.length, 0)

    const newText = generateMasterKey()
    await using wrapping = await openRotation(api, { keyring: parseMasterKeys(`${newText},${testMasterKey}`) })
    assert.deepEqual(await rotateMasterKey(wrapping), { unfinished: [] })
    // As a server that was started anew, with the new key and without the old one.
    Object.assign(api.system.keys, { keyring: parseMasterKeys(newText) })
    for (const one of [...kept, replaced]) await assertOpens(admin, one)
  })
})
