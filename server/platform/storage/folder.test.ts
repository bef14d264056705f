import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { StorageUnavailable } from './failures.ts'
import { newStorageName, openStorage } from './storage.ts'

let folder: string
const content = async function* () {
  yield Buffer.from('sealed')
}

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'openward-store-'))))
afterEach(() => rmSync(folder, { recursive: true }))

describe('the document store in a folder', () => {
  it('knows names of its own only, and never follows another one', async () => {
    const storage = openStorage({ storage: { folder } })
    for (const name of ['../../etc/passwd', '0123', `${newStorageName()}/x`, 'A'.repeat(32)]) {
      await assert.rejects(storage.write(name, content()), RangeError)
      await assert.rejects(storage.read(name), RangeError)
    }
    assert.deepEqual(readdirSync(folder), [])
  })

  it('lists its files and nothing else that lies beside them', async () => {
    const storage = openStorage({ storage: { folder } })
    const name = newStorageName()
    await storage.write(name, content())
    mkdirSync(join(folder, 'lost+found'))
    writeFileSync(join(folder, 'lost+found', newStorageName()), '')
    writeFileSync(join(folder, name.slice(0, 2), 'notes.txt'), '')
    assert.deepEqual(await Array.fromAsync(storage.list()), [name])
  })

  it('that is a file is not one without documents', async () => {
    const place = join(folder, 'file')
    writeFileSync(place, '')
    await assert.rejects(Array.fromAsync(openStorage({ storage: { folder: place } }).list()), StorageUnavailable)
  })
})

describe('the document store in a container', () => {
  it('that does not answer is told as such', async () => {
    const connection_string = 'AccountName=hospital;AccountKey=eA==;BlobEndpoint=http://127.0.0.1:1/hospital'
    const storage = openStorage({ storage: { account: 'hospital', container: 'documents', connection_string } })
    assert.deepEqual(await storage.check(), {
      status: 'degraded',
      detail: 'The container of documents does not answer',
    })
  })
})
