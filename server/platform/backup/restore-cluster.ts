// Puts the embedded database of a backup together: its files, its log, and PostgreSQL's own recovery from the one by the other.
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/database/embedded/embedded.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { unbundle } from './bundle.ts'
import { BackupFailed } from './failures.ts'
import { connectOwner, segmentName } from './log.ts'
import { type ClusterManifest, listLog, partName } from './repository.ts'
import { readSealed } from './sealed-file.ts'
import { compareDigests, digestTables, listTables } from './table-digests.ts'

export type ClusterRestore = {
  keyring: Keyring
  root: string
  manifest: ClusterManifest
  /** Will hold `cluster`, as the embedded database expects it. */
  directory: string
  /** Undefined: as far as the log goes. */
  at: Temporal.Instant | undefined
  /** Compare every row at the moment that the backup was taken of, before the log is followed further. */
  is_verified: boolean
  log: (line: string) => void
}

const day_ms = 86_400_000

/** The database, running. @throws BackupFailed */
export async function restoreCluster(restore: ClusterRestore): Promise<EmbeddedPostgres> {
  const { keyring, root, manifest, directory, at, is_verified, log } = restore
  const cluster = join(directory, 'cluster')
  log('writing the files of the database')
  await unbundle(readSealed(keyring, { root, name: partName(manifest.id, 'cluster') }), cluster)
  await writeLog(restore, join(cluster, 'pg_wal'))
  await writeFile(join(cluster, 'recovery.signal'), '', { mode: 0o600 })
  const settings = join(cluster, 'postgresql.auto.conf')
  const own = await readFile(settings, 'utf8')
  if (is_verified) {
    const target = { recovery_target_name: manifest.restore_point, recovery_target_action: 'pause', hot_standby: 'on' }
    await writeFile(settings, own + recoverySettings(target))
    log('recovering the moment of the backup, and comparing every row')
    await withStarted(restore, (database) => compareRows(database, manifest))
  }
  const target = at === undefined ? {} : { recovery_target_time: postgresTime(at) }
  // Without readers PostgreSQL says that it is ready when the recovery is done, and not before.
  await writeFile(
    settings,
    own + recoverySettings({ ...target, recovery_target_action: 'promote', hot_standby: 'off' }),
  )
  log(at === undefined ? 'following the log to its end' : `following the log to ${at.toString()}`)
  let database: EmbeddedPostgres
  try {
    database = await start(restore)
  } catch (error) {
    throw targetNotReached(error, at)
  }
  await writeFile(settings, own)
  return database
}

async function writeLog({ keyring, root, manifest }: ClusterRestore, folder: string) {
  const there = new Set(await listLog(root, manifest.id))
  const last = Math.max(manifest.last_segment, ...[...there].map((name) => numberOf(name, manifest)))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (let number = manifest.first_segment; number <= last; number += 1) {
    const segment = segmentName(number, manifest)
    const name = partName(manifest.id, `log/${segment}`)
    if (!there.has(segment))
      throw new BackupFailed(
        `the log of changes has a gap: ${name} is missing. Use another backup, or put the file back`,
      )
    await pipeline(
      readSealed(keyring, { root, name }),
      createWriteStream(join(folder, segment), { mode: 0o600, flush: true }),
    )
  }
}

function numberOf(name: string, { segment_bytes }: ClusterManifest): number {
  const perPart = 0x1_0000_0000 / segment_bytes
  return Number.parseInt(name.slice(8, 16), 16) * perPart + Number.parseInt(name.slice(16), 16)
}

/** The segments lie where PostgreSQL looks for its own log, so there is nothing to fetch. */
function recoverySettings(settings: Record<string, string>): string {
  const lines = Object.entries({ restore_command: 'exit 1', ...settings }).map(
    ([name, value]) => `${name} = '${value}'\n`,
  )
  return `\n${lines.join('')}`
}

const start = ({ directory, manifest }: ClusterRestore) =>
  startEmbeddedPostgres({
    directory,
    superuser_password: manifest.superuser_password,
    recovery_patience_ms: day_ms,
    log: () => undefined,
  })

/** Names of zones, Z among them, are not known yet where PostgreSQL reads this. */
const postgresTime = (at: Temporal.Instant) => at.toString({ smallestUnit: 'microsecond' }).replace('Z', '+00')

async function withStarted(restore: ClusterRestore, work: (database: EmbeddedPostgres) => Promise<void>) {
  const database = await start(restore)
  try {
    await work(database)
  } finally {
    await database.stop()
  }
}

async function compareRows({ superuser_url }: EmbeddedPostgres, manifest: ClusterManifest) {
  const client = await connectOwner(superuser_url)
  try {
    for (let state = ''; state !== 'paused'; await wait(50)) {
      const { rows } = await client.query<{ state: string }>('select pg_get_wal_replay_pause_state() as state')
      state = rows[0]?.state ?? ''
    }
    const differences = compareDigests(manifest.tables, await digestTables(client, await listTables(client)))
    if (differences.length > 0)
      throw new BackupFailed(`the restored database is not what was backed up: ${differences.join('; ')}`)
  } finally {
    await client.end()
  }
}

function targetNotReached(error: unknown, at: Temporal.Instant | undefined): unknown {
  if (at === undefined || !(error instanceof Error)) return error
  if (!error.message.includes('recovery ended before configured recovery target was reached')) return error
  return new BackupFailed(
    `the log of this backup does not reach ${at.toString()}: name an earlier moment, or leave --at out to follow it to its end`,
    { cause: error },
  )
}
