// Makes a backup of an embedded database while servers go on: its files, as much of its log as makes them whole, the documents,
// and a manifest that says what it must hold.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { storedKekIds } from '#platform/encryption/stored-keys.ts'
import { ContentMissing } from '#platform/storage/failures.ts'
import type { Storage } from '#platform/storage/storage.ts'
import { bundleFolder, bundleText } from './bundle.ts'
import { BackupFailed } from './failures.ts'
import {
  closeSegment,
  connectOwner,
  copySegments,
  keepLog,
  lockBackups,
  position,
  readLogPlace,
  segmentOf,
} from './log.ts'
import { markMoment } from './moment.ts'
import {
  documentName,
  finishBackup,
  listStoredDocuments,
  type Manifest,
  newBackupId,
  partName,
  prepareRepository,
  removeUnfinished,
  unfinishedName,
  writeManifest,
} from './repository.ts'
import { ofText, writeSealed } from './sealed-file.ts'

export type BackupSource = {
  owner_url: string
  /** PostgreSQL's own data directory. */
  cluster_directory: string
  /** Holds `audit` and `audit-spool`. */
  data_directory: string
  superuser_password: string
  storage: Storage
  openward_version: string
}

export type BackupOptions = {
  source: BackupSource
  keyring: Keyring
  root: string
  /** Where the log is copied from here on, and PostgreSQL keeps it until it is: told of the backup before another can begin. */
  follow?: (manifest: Manifest) => Promise<void>
  log: (line: string) => void
}

/** @throws BackupFailed */
export async function makeBackup({ source, keyring, root, follow, log }: BackupOptions): Promise<Manifest> {
  const started_at = Temporal.Now.instant()
  await prepareRepository(root)
  const client = await connectOwner(source.owner_url)
  try {
    if (!(await lockBackups(client))) throw new BackupFailed('another backup is being made: wait until it is done')
    await removeUnfinished(root)
    const id = newBackupId(started_at)
    const place = await readLogPlace(client)
    await mkdir(join(root, unfinishedName(id, 'log/')), { recursive: true, mode: 0o700 })
    const write = (part: 'cluster' | 'audit' | 'documents', content: AsyncIterable<Buffer>) =>
      writeSealed(keyring, { root, name: partName(id, part) }, content, { written_as: unfinishedName(id, part) })

    await keepLog(client, follow === undefined)
    // Older than the database that it lies beside, so that the log of every restored database continues it.
    await write('audit', bundleFolder(source.data_directory, isAudit))
    log('copying the files of the database')
    const files: { first_segment?: number } = {}
    const { bytes } = await write('cluster', clusterFiles(client, source.cluster_directory, files, place))
    const { first_segment = 0 } = files

    const moment = await markMoment(source.owner_url, id)
    try {
      const until = await closeSegment(client, place)
      const last_segment = segmentOf(moment.at - 1n, place)
      if (last_segment >= until) throw new Error('the log does not reach the moment that was marked')
      const { cluster_directory } = source
      await copySegments({ keyring, root, id, cluster_directory, is_unfinished: true, ...place }, first_segment, until)
      log('reading what every table holds')
      const tables = await moment.digest()
      log('copying documents')
      const documents = await copyDocuments(source.storage, keyring, root)
      await write('documents', ofText(documents.join('\n')))
      const manifest: Manifest = {
        id,
        openward_version: source.openward_version,
        postgres_version: await textOf(client, `current_setting('server_version')`),
        started_at: started_at.toString(),
        taken_at: moment.taken_at,
        finished_at: Temporal.Now.instant().toString(),
        restore_point: id,
        ...place,
        first_segment,
        last_segment: until - 1,
        superuser_password: source.superuser_password,
        master_key_ids: await storedKekIds(client),
        tables,
        documents: documents.length,
      }
      await writeManifest(keyring, root, manifest)
      await finishBackup(root, id)
      await follow?.(manifest)
      log(`${Math.ceil(bytes / 1024 ** 2)} MiB of database, ${documents.length} documents`)
      return manifest
    } finally {
      await moment.close()
    }
  } finally {
    await client.end()
  }
}

const isAudit = (path: string) => /^(audit|audit-spool)(\/|$)/.test(path)

/** The files while PostgreSQL goes on writing them; last what makes it know that they are a backup. */
async function* clusterFiles(
  client: pg.Client,
  folder: string,
  files: { first_segment?: number },
  place: Parameters<typeof segmentOf>[1],
): AsyncGenerator<Buffer> {
  files.first_segment = segmentOf(await position(client, `pg_backup_start('openward', true)`), place)
  yield* bundleFolder(folder, isOfCluster, ['global/pg_control'])
  const { rows } = await client.query<{ labelfile: string; spcmapfile: string }>(
    'select labelfile, spcmapfile from pg_backup_stop(wait_for_archive => false)',
  )
  const { labelfile = '', spcmapfile = '' } = rows[0] ?? {}
  if (spcmapfile !== '') throw new BackupFailed('the database has tablespaces outside of its folder: drop them')
  yield* bundleText('backup_label', labelfile)
}

/** What PostgreSQL makes anew at every start, as pg_basebackup leaves it out; the log is copied by itself. */
const emptied =
  /^(pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/(?!archive_status$|summaries$)/
const leftOut =
  /(^|\/)(pgsql_tmp[^/]*|pg_internal\.init[^/]*)$|^(postmaster\.(pid|opts)|backup_label.*|tablespace_map.*|postgresql\.auto\.conf\.tmp|recovery\.signal|standby\.signal)$/

const isOfCluster = (path: string) => !emptied.test(path) && !leftOut.test(path)

/** Those that are there, after the database was: then no document of it lacks its file but one that was erased meanwhile. */
async function copyDocuments(storage: Storage, keyring: Keyring, root: string): Promise<string[]> {
  const stored = await listStoredDocuments(root)
  const names: string[] = []
  for await (const name of storage.list()) {
    if (!stored.has(name)) {
      try {
        await writeSealed(keyring, { root, name: documentName(name) }, await storage.read(name))
      } catch (error) {
        if (error instanceof ContentMissing) continue
        throw error
      }
    }
    names.push(name)
  }
  return names
}

async function textOf(client: pg.Client, expression: string): Promise<string> {
  const { rows } = await client.query<{ value: string }>(`select ${expression} as value`)
  return rows[0]?.value ?? ''
}
