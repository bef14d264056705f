import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { generateMasterKey, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { newStorageName, openStorage, type Storage } from '#platform/storage/storage.ts'
import { createTestDatabase, dropTestDatabase, startTestApi, type TestApi } from '../../testing.ts'
import { BackupFailed } from './failures.ts'
import { connectOwner, lockBackups } from './log.ts'
import { makeBackup } from './make.ts'
import { holdsRows, listBackups, listStoredDocuments, readDocumentNames, type RowsManifest } from './repository.ts'
import { restoreRows } from './restore-rows.ts'
import { ofText } from './sealed-file.ts'
import { listTables } from './table-digests.ts'

const directory = mkdtempSync(join(tmpdir(), 'openward-rows-'))
const root = join(directory, 'backups')
const keyring = parseMasterKeys(generateMasterKey())
const log = () => undefined
const refused = (words: RegExp) => (error: unknown) => error instanceof BackupFailed && words.test(error.message)

let api: TestApi
let storage: Storage
let empty_url: string
let manifest: RowsManifest
before(async () => {
  api = await startTestApi()
  for (let count = 0; count < 3; count += 1) await api.patient()
  storage = openStorage({ storage: { folder: join(directory, 'documents') } })
  empty_url = await createTestDatabase()
  const client = await connectOwner(empty_url)
  await client.query('drop schema public, openward, pgboss cascade; create schema public')
  await client.end()
})
after(async () => {
  await api[Symbol.asyncDispose]()
  await dropTestDatabase(empty_url)
  rmSync(directory, { recursive: true })
})

const make = (from: Storage) => {
  const { owner_url } = api
  const { data_directory } = api.configuration
  const source = { owner_url, embedded: undefined, data_directory, storage: from, openward_version: '1.0.0' }
  return makeBackup({ source, keyring, root, log })
}

test('a document that is erased while a backup is made is in none of it, and ends nothing', async () => {
  const [kept, erased] = [newStorageName(), newStorageName()]
  for (const name of [kept, erased]) await storage.write(name, ofText('content'))
  const meanwhile: Storage = {
    ...storage,
    async *list() {
      for await (const name of storage.list()) {
        if (name === erased) await storage.remove(name)
        yield name
      }
    },
  }
  const made = await make(meanwhile)
  assert.ok(holdsRows(made))
  manifest = made
  assert.equal(made.documents, 1)
  assert.deepEqual(await readDocumentNames(keyring, root, made.id), [kept])
  assert.deepEqual(await listStoredDocuments(root), new Set([kept]))
})

test('a document that cannot be read ends the backup, which would lack it', async () => {
  const known = await listBackups(root)
  const name = newStorageName()
  const path = join(directory, 'documents', name.slice(0, 2), name)
  mkdirSync(path, { recursive: true })
  try {
    await assert.rejects(make(storage), { code: 'EISDIR' })
  } finally {
    rmSync(path, { recursive: true })
  }
  assert.deepEqual(await listBackups(root), known)
})

test('two backups are not made at once', async () => {
  const known = await listBackups(root)
  const other = await connectOwner(api.owner_url)
  try {
    assert.ok(await lockBackups(other))
    await assert.rejects(make(storage), refused(/another backup is being made: wait until it is done/))
  } finally {
    await other.end()
  }
  assert.deepEqual(await listBackups(root), known)
})

test('a manifest that does not agree with the rows beside it is refused, and the database stays empty', async () => {
  const restore = async (changed: RowsManifest) =>
    restoreRows({
      owner_url: empty_url,
      keyring,
      root,
      manifest: changed,
      is_verified: true,
      settle: async () => undefined,
      log,
    })
  const { tables, copied } = manifest
  const { 'public.patients': patients } = tables
  assert.equal(patients?.rows, 3)
  const other: Record<string, RowsManifest> = {
    'holds 3 rows of public\\.patients, and should hold 4': {
      ...manifest,
      tables: { ...tables, 'public.patients': { ...patients, rows: 4 } },
    },
    'is not what was backed up: public\\.patients has other values than it had$': {
      ...manifest,
      tables: { ...tables, 'public.patients': { ...patients, digest: '0:0' } },
    },
    'with 42703 \\(column "gone" of relation "patients" does not exist\\)': {
      ...manifest,
      copied: copied.map((one) => (one.table === 'public.patients' ? { ...one, columns: ['gone'] } : one)),
    },
  }
  for (const [words, changed] of Object.entries(other)) {
    await assert.rejects(restore(changed), refused(new RegExp(words)), words)
    const client = await connectOwner(empty_url)
    assert.deepEqual(await listTables(client), [])
    await client.end()
  }
  assert.deepEqual(await restore(manifest), [])
  const numbers = sql`select patient_number from patients order by id`
  const client = await connectOwner(empty_url)
  try {
    assert.deepEqual((await client.query(numbers.text)).rows, await api.rows(numbers))
  } finally {
    await client.end()
  }
})
