// The embedded database in backups, with a PostgreSQL of its own.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/database/embedded/embedded.ts'
import { migrate } from '#platform/database/migrate.ts'
import { generateMasterKey, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { openStorage } from '#platform/storage/storage.ts'
import { testAppPassword } from '../../testing.ts'
import { BackupFailed } from './failures.ts'
import { copyLog, followBackup, type FollowOptions, readFollowing } from './follow.ts'
import { connectOwner, lockBackups, segmentName, slotName } from './log.ts'
import { makeBackup } from './make.ts'
import { markMoment } from './moment.ts'
import { type ClusterManifest, holdsRows, listBackups, listLog, partName } from './repository.ts'
import { restoreCluster } from './restore-cluster.ts'
import { readSealed, writeSealed } from './sealed-file.ts'

const log = () => undefined
const refused = (words: RegExp) => (error: unknown) => error instanceof BackupFailed && words.test(error.message)

describe('backups of the embedded database', () => {
  const directory = mkdtempSync(join(tmpdir(), 'openward-cluster-'))
  const root = join(directory, 'backups')
  const state = join(directory, 'backup.json')
  const keyring = parseMasterKeys(generateMasterKey())
  const superuser_password = randomBytes(16).toString('hex')
  let database: EmbeddedPostgres
  let client: pg.Client
  let options: FollowOptions
  let manifest: ClusterManifest

  before(async () => {
    database = await startEmbeddedPostgres({ directory: join(directory, 'postgres'), superuser_password, log })
    const { superuser_url: owner_url, data_directory: cluster_directory } = database
    await migrate({ owner_url, app_password: testAppPassword })
    client = await connectOwner(owner_url)
    options = { owner_url, cluster_directory, data_directory: directory, keyring, root }
    manifest = await make()
  })
  after(async () => {
    await client.end()
    await database.stop()
    rmSync(directory, { recursive: true })
  })

  async function make(follow?: (made: ClusterManifest) => Promise<void>): Promise<ClusterManifest> {
    const { owner_url, cluster_directory } = options
    const storage = openStorage({ storage: { folder: join(directory, 'documents') } })
    const embedded = { cluster_directory, superuser_password }
    const source = { owner_url, embedded, data_directory: directory, storage, openward_version: '1.0.0' }
    const made = await makeBackup({ source, keyring, root, ...(follow && { follow }), log })
    assert.ok(!holdsRows(made))
    return made
  }
  const follow = (made: ClusterManifest) => followBackup(options, made)
  const slots = async () =>
    (
      await client.query<{ slot_name: string; wal_status: string }>(
        'select slot_name, wal_status from pg_replication_slots',
      )
    ).rows
  const noteNext = async (next_segment: number) =>
    writeFileSync(state, JSON.stringify({ ...(await readFollowing(directory)), next_segment }))

  it('have PostgreSQL keep its log only where somebody copies it', async () => {
    assert.deepEqual(await slots(), [])
    assert.equal(await copyLog(options), undefined)
    await follow(await make(follow))
    assert.deepEqual(await slots(), [{ slot_name: slotName, wal_status: 'reserved' }])
  })

  it('are continued by one process at a time, and by none that does not know which', async () => {
    const known = await make(follow)
    await client.query(`select pg_logical_emit_message(true, 'test', 'written behind the backup')`)
    const there = (await listLog(root, known.id)).length
    const other = await connectOwner(options.owner_url)
    assert.ok(await lockBackups(other))
    assert.equal(await copyLog(options), undefined)
    await other.end()
    assert.equal((await listLog(root, known.id)).length, there)

    const text = readFileSync(state, 'utf8')
    for (const unreadable of ['{', '{}']) {
      writeFileSync(state, unreadable)
      assert.equal(await copyLog(options), undefined)
    }
    writeFileSync(state, text)
    assert.equal((await copyLog(options))?.id, known.id)
    assert.ok((await listLog(root, known.id)).length > there)
  })

  it('are continued later where the server is stopped meanwhile, and promise no moment that is not copied', async () => {
    const known = await make(follow)
    await client.query(`select pg_logical_emit_message(true, 'test', 'written behind the backup')`)
    const there = await listLog(root, known.id)
    const before = await readFollowing(directory)
    assert.deepEqual(await copyLog(options, AbortSignal.abort()), before)
    assert.deepEqual(await listLog(root, known.id), there)
    assert.ok(((await copyLog(options))?.log_at ?? '') > (before?.log_at ?? ''))
    assert.ok((await listLog(root, known.id)).length > there.length)
  })

  it('say that a new one is needed where the one that is continued is gone, or its log has a gap', async () => {
    const { id } = await make(follow)
    const folder = join(root, 'backups', id)
    renameSync(folder, `${folder}.gone`)
    await assert.rejects(
      copyLog(options),
      refused(new RegExp(`${id}, behind which the log goes, is gone: make a new one`)),
    )
    renameSync(`${folder}.gone`, folder)

    await noteNext(0)
    const gap = segmentName(0, manifest)
    await assert.rejects(copyLog(options), refused(new RegExp(`has a gap at ${gap}: .*Make a new backup`)))
    // The new one is begun all the same, and continued.
    const made = await make(follow)
    assert.equal((await copyLog(options))?.id, made.id)
  })

  it('are not continued while the disk refuses what the one before lacks', async () => {
    const { id } = await make(follow)
    const folder = join(root, 'backups', id, 'log')
    renameSync(folder, join(directory, 'log'))
    writeFileSync(folder, '')
    await noteNext(manifest.last_segment)
    await assert.rejects(make(follow), { code: 'EEXIST' })
    assert.equal((await readFollowing(directory))?.id, id)
    rmSync(folder)
    renameSync(join(directory, 'log'), folder)
    assert.notEqual((await make(follow)).id, id)
  })

  it('have PostgreSQL keep its log anew where it has given it up', async () => {
    await make(follow)
    const set = async (timeout: string) => {
      await client.query(`alter system set idle_replication_slot_timeout = '${timeout}'`)
      await client.query('select pg_reload_conf()')
    }
    await set('1s')
    while ((await slots())[0]?.wal_status !== 'lost') await client.query('select pg_sleep(0.1); checkpoint')
    await set('0')
    const { id } = await make(follow)
    assert.deepEqual(await slots(), [{ slot_name: slotName, wal_status: 'reserved' }])
    assert.equal((await copyLog(options))?.id, id)
  })

  it('are none while writing does not pause, or where the moment cannot be marked', async () => {
    await client.query('begin')
    await client.query('lock table patients in row exclusive mode')
    await assert.rejects(markMoment(options.owner_url, 'busy', 2), refused(/did not pause for a moment: try again/))
    await client.query('rollback')
    await assert.rejects(markMoment(options.owner_url, 'x'.repeat(64)), /too long for restore point/)
    const moment = await markMoment(options.owner_url, 'quiet', 1)
    assert.equal((await moment.digest())['public.patients']?.rows, 0)
    await moment.close()
  })

  it('are none of a database that lies partly elsewhere', async () => {
    const { uid, gid } = statSync(options.cluster_directory)
    const elsewhere = join(dirname(options.cluster_directory), 'elsewhere')
    mkdirSync(elsewhere)
    chownSync(elsewhere, uid, gid)
    const known = await listBackups(root)
    await client.query(`create tablespace elsewhere location '${elsewhere}'`)
    await assert.rejects(make(), refused(/pg_tblspc\/\d+ is a link: a backup holds what lies in its folder only/))
    await client.query('drop tablespace elsewhere')
    assert.deepEqual(await listBackups(root), known)
  })

  it('are restored to what was backed up or not at all, and what PostgreSQL says of it is told', async () => {
    const restore = (changed: Partial<Parameters<typeof restoreCluster>[0]>) => {
      const restored = join(directory, 'restored')
      rmSync(restored, { recursive: true, force: true })
      const usual = { keyring, root, manifest, directory: restored, at: undefined, is_verified: false, log }
      return restoreCluster({ ...usual, ...changed })
    }
    const tables = { ...manifest.tables, 'public.patients': { rows: 99, digest: '0:0' } }
    await assert.rejects(
      restore({ manifest: { ...manifest, tables }, is_verified: true }),
      refused(/is not what was backed up: public\.patients has 0 rows, and had 99$/),
    )
    await (await restore({ is_verified: true })).stop()

    const segment = { root, name: partName(manifest.id, `log/${segmentName(manifest.first_segment, manifest)}`) }
    let bytes = 0
    for await (const part of readSealed(keyring, segment)) bytes += part.length
    assert.equal(bytes, manifest.segment_bytes)
    await writeSealed(
      keyring,
      segment,
      (async function* () {
        yield Buffer.alloc(bytes)
      })(),
    )
    for (const at of [undefined, Temporal.Now.instant()])
      await assert.rejects(restore({ at }), /The embedded PostgreSQL did not start .*(checkpoint|WAL)/s)
  })
})
