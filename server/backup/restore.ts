// Restores an installation where there is none: database, documents, published roots; what was erased stays erased.
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Configuration } from '#platform/configuration.ts'
import { unbundle } from '#platform/backup/bundle.ts'
import { BackupFailed } from '#platform/backup/failures.ts'
import {
  type ClusterManifest,
  holdsRows,
  listBackups,
  type Manifest,
  partName,
  readDocumentNames,
  readErasures,
  readManifest,
  readStoredDocument,
  type RowsManifest,
} from '#platform/backup/repository.ts'
import { restoreCluster } from '#platform/backup/restore-cluster.ts'
import { assertRestorable, restoreRows, unmarkRestored } from '#platform/backup/restore-rows.ts'
import { readSealed } from '#platform/backup/sealed-file.ts'
import { type Keyring, kekIds } from '#platform/encryption/keyring.ts'
import { createLog } from '#platform/logging.ts'
import { openStorage, type Storage } from '#platform/storage/storage.ts'
import { tracedStorage } from '#platform/tracing/traced-storage.ts'
import { openTracing, within } from '#platform/tracing/tracing.ts'
import { openAuditSealing } from '#modules/audit-trail'
import { compareFiles, verifyDocuments } from '#modules/documents'
import { eraseAgain } from '#modules/patients'
import { keyFile, openKeyring, passwordFile, readBackupKeyring, readKeyring } from '../place.ts'
import { openSystem, type OpenSystem } from '../system.ts'
import { ownVersion } from '../version.ts'
import { settleTransactions } from './settle.ts'

export type RestoreOptions = {
  configuration: Configuration
  root: string
  /** Undefined: the newest that fits. */
  id: string | undefined
  at: Temporal.Instant | undefined
  is_verified: boolean
  say: (line: string) => void
}

export type Restored = {
  manifest: Manifest
  tables: number
  rows: number
  documents: number
  erased_again: number
  findings: string[]
}

/** @throws BackupFailed, ConfigurationError */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { configuration } = options
  const tracing = await openTracing(configuration, ownVersion(), createLog(configuration.log_level))
  const span = tracing?.begin('restore', 'inside')
  try {
    return await within(span, () => {
      const storage = openStorage(configuration)
      return restoreTo(span ? tracedStorage(storage, (name) => span.child(name, 'client')) : storage, options)
    })
  } finally {
    await tracing?.close()
  }
}

async function restoreTo(storage: Storage, options: RestoreOptions): Promise<Restored> {
  const { configuration, root, id, at } = options
  const master = masterKeyring(configuration)
  const keyring = readBackupKeyring(configuration)
  if (configuration.database_url !== undefined && at !== undefined)
    throw new BackupFailed(
      'a backup of a database of its own leads to its own moment and to no other: name one by --backup, without --at',
    )
  assertEmpty(configuration)
  const manifest = await chooseBackup(keyring, root, id, at)
  assertFits(configuration, manifest)
  assertKeysFit(configuration, manifest, master)
  const restoring = { ...options, storage, keyring, master }
  const restored = holdsRows(manifest)
    ? await restoreOwn(restoring, manifest, configuration.database_url ?? '')
    : await restoreEmbedded(restoring, manifest)
  const tables = Object.values(manifest.tables)
  return { manifest, tables: tables.length, rows: tables.reduce((sum, { rows }) => sum + rows, 0), ...restored }
}

type Restoring = RestoreOptions & { storage: Storage; keyring: Keyring; master: Keyring | undefined }
type Outcome = Omit<Restored, 'manifest' | 'tables' | 'rows'>

async function restoreEmbedded(restoring: Restoring, manifest: ClusterManifest): Promise<Outcome> {
  const { configuration, storage, keyring, root, at, is_verified, say } = restoring
  const { data_directory } = configuration
  const directory = join(data_directory, 'postgres.restoring')
  await rm(directory, { recursive: true, force: true })
  await mkdir(data_directory, { recursive: true, mode: 0o700 })
  try {
    await unbundle(readSealed(keyring, { root, name: partName(manifest.id, 'audit') }), data_directory)
    const database = await restoreCluster({ keyring, root, manifest, directory, at, is_verified, log: say })
    let outcome: Outcome
    try {
      const documents = await restoreDocuments(storage, keyring, root, manifest, say)
      outcome = { documents, ...(await complete(restoring, database.superuser_url)) }
    } finally {
      await database.stop()
    }
    await mkdir(dirname(keyFile(configuration, passwordFile)), { recursive: true, mode: 0o700 })
    await writeFile(keyFile(configuration, passwordFile), `${manifest.superuser_password}\n`, { mode: 0o600 })
    // From here on it is an installation; before, a server finds none.
    await rename(directory, join(data_directory, 'postgres'))
    return outcome
  } catch (error) {
    for (const name of ['postgres.restoring', ...auditFolders])
      await rm(join(data_directory, name), { recursive: true, force: true })
    throw error
  }
}

async function restoreOwn(restoring: Restoring, manifest: RowsManifest, owner_url: string): Promise<Outcome> {
  const { configuration, storage, keyring, root, is_verified, say } = restoring
  const { data_directory } = configuration
  await assertRestorable(owner_url, manifest)
  const directory = join(data_directory, 'restoring')
  await rm(directory, { recursive: true, force: true })
  await mkdir(data_directory, { recursive: true, mode: 0o700 })
  try {
    await unbundle(readSealed(keyring, { root, name: partName(manifest.id, 'audit') }), directory)
    const documents = await restoreDocuments(storage, keyring, root, manifest, say)
    const settle = settleTransactions
    const left_out = await restoreRows({ owner_url, keyring, root, manifest, is_verified, settle, log: say })
    for (const name of auditFolders)
      if (existsSync(join(directory, name))) await rename(join(directory, name), join(data_directory, name))
    const { erased_again, findings } = await complete(restoring, owner_url)
    // Until here no server begins on it.
    await unmarkRestored(owner_url)
    const unknown = left_out.map((table) => `the table ${table} is none of OpenWard's and was left out`)
    return { documents, erased_again, findings: [...unknown, ...findings] }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** What a database needs that lies there again: later migrations, who was erased since, and a look at all of it. */
async function complete(
  { configuration, storage, keyring, master, root, is_verified, say }: Restoring,
  owner_url: string,
): Promise<Omit<Outcome, 'documents'>> {
  // What it asks of the store is in the trace of the restore, and in no other.
  const opened = await openSystem({
    configuration: { ...configuration, trace_endpoint: undefined },
    keyring: await openKeyring(configuration, master, owner_url),
    owner_url,
    log: createLog('warn'),
    pool_size: 4,
    is_restoring: true,
  })
  const system = { ...opened, storage }
  try {
    const { erased, left } = await eraseAgain(system, await readErasures(keyring, root))
    const unerased = left.map(
      (id) =>
        `${id} was erased since, but was one with another record at this moment: undo that merge, assign what was written meanwhile (POST /api/v1/patients/{patient_id}/unmerge), then erase it`,
    )
    const findings = is_verified ? await verify(system, say) : []
    return { erased_again: erased, findings: [...unerased, ...findings] }
  } finally {
    await opened.close()
  }
}

/** Development makes a master key at the first start; one that is made now opens nothing. */
function masterKeyring(configuration: Configuration): Keyring | undefined {
  const isGiven = configuration.master_keys !== undefined || existsSync(keyFile(configuration, 'master.key'))
  if (!isGiven && configuration.kms_urls.length === 0)
    throw new BackupFailed(
      `give the master key of the backup's time, which no backup holds: OPENWARD_MASTER_KEY, or ${keyFile(configuration, 'master.key')}`,
    )
  if (configuration.backup_keys === undefined && !existsSync(keyFile(configuration, 'backup.key')))
    throw new BackupFailed(
      `give the backup key, which no backup holds: OPENWARD_BACKUP_KEY, or ${keyFile(configuration, 'backup.key')}`,
    )
  return readKeyring(configuration)
}

const auditFolders = ['audit', 'audit-spool']

function assertEmpty({ data_directory, database_url }: Configuration) {
  const there = [...(database_url === undefined ? ['postgres'] : []), ...auditFolders].filter((name) =>
    existsSync(join(data_directory, name)),
  )
  if (there.length > 0)
    throw new BackupFailed(
      `${data_directory} holds ${there.join(' and ')}: a restore goes into an empty directory. Name another one in OPENWARD_DATA_DIR, or move these away`,
    )
}

async function chooseBackup(
  keyring: Keyring,
  root: string,
  id: string | undefined,
  at: Temporal.Instant | undefined,
): Promise<Manifest> {
  const ids = await listBackups(root)
  if (ids.length === 0) throw new BackupFailed(`there is no whole backup in ${root}`)
  if (id !== undefined && !ids.includes(id))
    throw new BackupFailed(`there is no backup ${id}; there are ${ids.join(', ')}`)
  for (const candidate of id === undefined ? ids.toReversed() : [id]) {
    const manifest = await readManifest(keyring, root, candidate)
    if (at === undefined || Temporal.Instant.compare(manifest.taken_at, at) <= 0) return manifest
  }
  throw new BackupFailed(`${id ?? 'every backup'} is younger than ${at?.toString()}: name a later moment`)
}

function assertFits({ database_url }: Configuration, manifest: Manifest) {
  const isOwn = database_url !== undefined
  if (isOwn && !holdsRows(manifest))
    throw new BackupFailed(
      `the backup ${manifest.id} is one of the embedded database, and DATABASE_URL is set: restore it without DATABASE_URL`,
    )
  if (!isOwn && holdsRows(manifest))
    throw new BackupFailed(
      `the backup ${manifest.id} is one of a database of its own: name an empty one in DATABASE_URL`,
    )
}

function assertKeysFit({ kms_urls }: Configuration, { id, master_key_ids }: Manifest, master: Keyring | undefined) {
  if (kms_urls.length > 0 || !master) return
  const known = new Set<string>(kekIds(master))
  const missing = master_key_ids.filter((key) => !known.has(key))
  if (missing.length > 0)
    throw new BackupFailed(
      `the keys in the backup ${id} lie under the master key ${missing.join(' and ')}, and the ids of those given are ${[...known].join(', ')}: give the master key of its time`,
    )
}

/** Those that are there already are left: a document never changes, and the verification reads it. */
async function restoreDocuments(
  storage: Storage,
  keyring: Keyring,
  root: string,
  { id }: Manifest,
  say: RestoreOptions['say'],
): Promise<number> {
  const there = new Set<string>()
  for await (const name of storage.list()) there.add(name)
  const names = await readDocumentNames(keyring, root, id)
  say(`writing ${names.length} documents`)
  for (const name of names) if (!there.has(name)) await storage.write(name, readStoredDocument(keyring, root, name))
  return names.length
}

/** A sentence for everything that is not as it was. */
async function verify(system: OpenSystem, say: RestoreOptions['say']): Promise<string[]> {
  say('reading every document')
  const { missing, altered } = await verifyDocuments(system)
  const { unknown_files } = await compareFiles(system)
  say('verifying the audit log')
  const sealing = await openAuditSealing(system)
  await sealing.seal()
  const { is_whole } = await sealing.verify()
  return [
    ...missing.map((id) => `the file of the document ${id} is missing`),
    ...altered.map((id) => `the document ${id} is not what was uploaded`),
    ...unknown_files.map((name) => `no record knows the file ${name}`),
    ...(is_whole ? [] : ['the audit log is not whole: `openward audit verify` names the first entry']),
  ]
}
