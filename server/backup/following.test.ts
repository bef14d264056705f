import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { readErasures } from '#platform/backup/repository.ts'
import { readConfiguration } from '#platform/configuration.ts'
import { sql } from '#platform/database/sql.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import { startTestApi } from '../testing.ts'
import { backupCheck, servedBackups, startFollowing } from './following.ts'

test('a server of a database of its own adds who was erased to the folder of backups', async () => {
  await using api = await startTestApi()
  const root = mkdtempSync(join(tmpdir(), 'openward-backups-'))
  const backup_keys = randomBytes(32).toString('base64')
  const configuration = { ...api.configuration, backup_directory: root, backup_keys, database_url: api.owner_url }
  const place = { owner_url: api.owner_url, cluster_directory: undefined, close: async () => undefined }
  assert.equal(servedBackups({ ...configuration, backup_directory: undefined }, place), undefined)
  const gone = await api.patient()
  await api.patient()
  await api.rows(sql`update patients set erased_at = now() where id = ${gone}`)
  const options = servedBackups(configuration, place)
  assert.ok(options)
  const following = startFollowing(options, api.system.log)
  try {
    const known = () => readErasures(parseMasterKeys(backup_keys), root)
    while ((await known()).length === 0) await wait(20)
    assert.deepEqual(await known(), [gone])
  } finally {
    await following.stop()
    rmSync(root, { recursive: true })
  }
})

test('a folder for backups that cannot be read is told as such', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'openward-unreadable-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const configuration = readConfiguration({ DATABASE_URL: 'postgres://127.0.0.1/none' })
  const check = backupCheck({ ...configuration, backup_directory: root })
  assert.deepEqual(await check?.(), {
    status: 'degraded',
    detail: 'There is no backup yet: run `openward backup`',
  })
  writeFileSync(join(root, 'backups'), 'no folder')
  assert.deepEqual(await check?.(), { status: 'degraded', detail: 'OPENWARD_BACKUP_DIR cannot be read: ENOTDIR' })
})
