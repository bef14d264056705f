import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { generateMasterKey, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { BackupFailed } from './failures.ts'
import {
  documentName,
  keepNewest,
  listBackups,
  listStoredDocuments,
  newBackupId,
  partName,
  prepareRepository,
  readManifest,
} from './repository.ts'
import { ofText, writeSealed } from './sealed-file.ts'

const root = mkdtempSync(join(tmpdir(), 'openward-repository-'))
after(() => rmSync(root, { recursive: true }))
const keyring = parseMasterKeys(generateMasterKey())
const write = (name: string, text: string) => writeSealed(keyring, { root, name }, ofText(text))

/** Begun at that hour, of these documents. */
async function backupOf(hour: string, ...documents: string[]): Promise<string> {
  const id = newBackupId(Temporal.Instant.from(`2026-03-14T${hour}:00:00Z`))
  await write(partName(id, 'documents'), documents.join('\n'))
  for (const name of documents) await write(documentName(name), 'content')
  return id
}

describe('the folder of backups', () => {
  beforeEach(async () => {
    for (const folder of ['backups', 'documents']) rmSync(join(root, folder), { recursive: true, force: true })
    await prepareRepository(root)
  })

  it('keeps the newest backups, and the documents that one of them has', async () => {
    const [old, shared, recent] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)]
    await backupOf('01', old, shared)
    const kept = [await backupOf('02', shared), await backupOf('03', shared, recent)]
    assert.equal(await keepNewest(keyring, root, 3), 0)
    assert.equal((await listStoredDocuments(root)).size, 3)
    assert.equal(await keepNewest(keyring, root, 2), 1)
    assert.deepEqual(await listBackups(root), kept)
    assert.deepEqual(await listStoredDocuments(root), new Set([shared, recent]))
    assert.ok(!existsSync(join(root, documentName(old))))
  })

  it('gives up no document while it is not known which ones are needed', async () => {
    await backupOf('01', 'a'.repeat(32))
    const id = await backupOf('02', 'b'.repeat(32))
    rmSync(join(root, partName(id, 'documents')))
    await assert.rejects(keepNewest(keyring, root, 1), BackupFailed)
    assert.equal((await listBackups(root)).length, 2)
    assert.equal((await listStoredDocuments(root)).size, 2)
  })

  it('tells of a manifest of another version', async () => {
    const id = await backupOf('01')
    await write(partName(id, 'manifest'), JSON.stringify({ id, of: 'a later form' }))
    await assert.rejects(
      readManifest(keyring, root, id),
      (error: unknown) =>
        error instanceof BackupFailed &&
        error.message === `the backup ${id} was made by a version that this one does not understand`,
    )
  })

  it('has no backup where it is not there, and is not taken for empty where it cannot be read', async () => {
    assert.deepEqual(await listBackups(join(root, 'nowhere')), [])
    mkdirSync(join(root, 'other'))
    writeFileSync(join(root, 'other', 'backups'), '')
    await assert.rejects(listBackups(join(root, 'other')), { code: 'ENOTDIR' })
  })
})
