// The document store in Azure Blob Storage, against Azurite: what is kept, what is not there, and what happens while it is away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ContentMissing } from '#platform/storage/failures.ts'
import { newStorageName, openStorage } from '#platform/storage/storage.ts'
import { aPdf, aText, clientOf } from '../../server/modules/documents/documents.testing.ts'
import { sweepFiles } from '../../server/modules/documents/sweeping.ts'
import { startTestApi, type TestApi } from '../../server/testing.ts'
import { account, type Azurite, startAzurite } from './azurite.ts'

const container = 'documents'

let azurite: Azurite
let api: TestApi
before(async () => {
  azurite = await startAzurite(container)
  const { connection_string } = azurite
  api = await startTestApi({ storage: { account, container, connection_string } })
})
after(async () => {
  await api?.[Symbol.asyncDispose]()
  await azurite[Symbol.asyncDispose]()
})

const names = async () => {
  const all: string[] = []
  for await (const name of api.system.storage.list()) all.push(name)
  return all
}

test('a file comes back as it was, is there once, and is gone when it is removed', async () => {
  const storage = openStorage(api.configuration)
  const name = newStorageName()
  const content = Buffer.alloc(3_000_001, 'abcdefg')
  const parts = async function* () {
    for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536)
  }
  await storage.write(name, parts())
  await assert.rejects(storage.write(name, parts()), 'nothing is written over')
  const read: Buffer[] = []
  for await (const part of await storage.read(name)) read.push(part)
  assert.ok(Buffer.concat(read).equals(content))
  assert.ok((await names()).includes(name))
  await storage.remove(name)
  await storage.remove(name)
  await assert.rejects(storage.read(name), ContentMissing)
})

test('what breaks off on its way is not there', async () => {
  const storage = openStorage(api.configuration)
  const name = newStorageName()
  const broken = new Error('the line was cut')
  await assert.rejects(
    storage.write(
      name,
      (async function* () {
        yield Buffer.alloc(2_500_000)
        throw broken
      })(),
    ),
    (error) => error === broken,
  )
  assert.ok(!(await names()).includes(name))
})

test('documents are added, fetched and refused as in a folder', async () => {
  const client = clientOf(api)
  const admin = await api.person('admin')
  const patient_id = await api.patient()
  const file = aPdf('', 400_000)
  const { id } = await client.add(admin, patient_id, file)
  assert.ok((await client.content(admin, id)).bytes.equals(file.bytes))
  const had = (await names()).length
  const refused = await client.upload(admin, { patient_id, title: 'x' }, aPdf('/S /JavaScript'))
  assert.equal(refused.status, 415)
  assert.equal((await names()).length, had)
})

test('while it is away uploads and downloads are told to come again, and nothing is lost', async () => {
  const client = clientOf(api)
  const admin = await api.person('admin')
  const patient_id = await api.patient()
  const file = aText()
  const { id } = await client.add(admin, patient_id, file)
  await azurite.goAway()
  assert.equal((await api.system.storage.check()).status, 'degraded')
  const upload = await client.upload(admin, { patient_id, title: 'x' }, aText())
  assert.deepEqual([upload.status, upload.json['code']], [503, 'storage_unavailable'], upload.text)
  assert.equal((await client.content(admin, id)).status, 503)
  assert.equal((await client.ask(admin, 'GET', `/api/v1/documents/${id}`)).status, 200)
  await azurite.comeBack()
  assert.ok((await client.content(admin, id)).bytes.equals(file.bytes))
  await sweepFiles(api.system)
})
