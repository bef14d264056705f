import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { it } from 'node:test'
import { newStorageName } from '#platform/storage/storage.ts'
import { clientOf, storedFiles } from '../modules/documents/documents.testing.ts'
import { startTestApi } from '../testing.ts'
import { printDifferences } from './documents.ts'

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
