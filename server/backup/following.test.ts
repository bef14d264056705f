import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { readErasures } from '#platform/backup/repository.ts'
import { sql } from '#platform/database/sql.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import { startTestApi } from '../testing.ts'
import { servedBackups, startFollowing } from './following.ts'

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
