import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { it } from 'node:test'
import { newStorageName } from '#platform/storage/storage.ts'
import { clientOf, storedFiles } from '../modules/documents/documents.testing.ts'
import { startTestApi } from '../testing.ts'
import { printAltered, printDifferences } from './documents.ts'

it('openward documents names each document without a file, each file without a record, and how many there are', async () => {
  await using api = await startTestApi()
  let printed = ''
  const compare = () => {
    printed = ''
    return printDifferences(api.system, (text) => void (printed += text))
  }
  assert.equal(await compare(), true)
  assert.equal(printed, '0 documents, 0 files: 0 missing, 0 unknown\n')

  const { id } = await clientOf(api).add(await api.person('admin'), await api.patient())
  const [path = ''] = storedFiles(api)
  rmSync(path)
  const name = newStorageName()
  await api.system.storage.write(
    name,
    (async function* () {
      yield Buffer.from('of a record that was lost')
    })(),
  )
  assert.equal(await compare(), false)
  assert.equal(printed, `missing ${id}\nunknown ${name}\n1 documents, 1 files: 1 missing, 1 unknown\n`)
})

it('openward documents --contents names each document that is not what was uploaded, deleted ones included', async () => {
  await using api = await startTestApi()
  let printed = ''
  const read = () => {
    printed = ''
    return printAltered(api.system, (text) => void (printed += text))
  }
  const client = clientOf(api)
  const [admin, patient_id] = [await api.person('admin'), await api.patient()]
  const { id, size_bytes } = await client.add(admin, patient_id)
  const [path = ''] = storedFiles(api)
  const other = await client.add(admin, patient_id)
  assert.equal(await read(), true)
  assert.equal(printed, `2 documents with ${size_bytes + other.size_bytes} bytes read: 0 altered\n`)

  const bytes = readFileSync(path)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  writeFileSync(path, bytes)
  assert.equal((await client.ask(admin, 'DELETE', `/api/v1/documents/${id}`)).status, 204)
  assert.equal(await read(), false)
  assert.match(printed, new RegExp(`^altered ${id}\\n2 documents with \\d+ bytes read: 1 altered\\n$`))
})
