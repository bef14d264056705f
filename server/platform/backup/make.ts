// Makes a backup while servers go on: what the database holds, the documents, and a manifest that says what must be there.
import type pg from 'pg'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { storedKekIds } from '#platform/encryption/stored-keys.ts'
import { ContentMissing } from '#platform/storage/failures.ts'
import type { Storage } from '#platform/storage/storage.ts'
import { bundleFolder } from './bundle.ts'
import { type ClusterSource, copyCluster } from './copy-cluster.ts'
import { copyRows } from './copy-rows.ts'
import { BackupFailed } from './failures.ts'
import { connectOwner, lockBackups } from './log.ts'
import {
  type ClusterManifest,
  documentName,
  finishBackup,
  holdsRows,
  listStoredDocuments,
  type Manifest,
  newBackupId,
  type Part,
  partName,
  prepareRepository,
  removeUnfinished,
  unfinishedName,
  writeManifest,
} from './repository.ts'
import { ofText, writeSealed } from './sealed-file.ts'

export type BackupSource = {
  owner_url: string
  /** Undefined: a database of one's own. */
  embedded: Omit<ClusterSource, 'owner_url'> | undefined
  /** Holds `audit` and `audit-spool`. */
  data_directory: string
  storage: Storage
  openward_version: string
}

export type BackupOptions = {
  source: BackupSource
  keyring: Keyring
  root: string
  /** Where the log is copied from here on, and PostgreSQL keeps it until it is: told of the backup before another can begin. */
  follow?: (manifest: ClusterManifest) => Promise<void>
  log: (line: string) => void
}

/** What copies the database has to go by. */
export type Copying = {
  client: pg.Client
  keyring: Keyring
  root: string
  id: string
  write: (part: Part, content: AsyncIterable<Buffer>) => Promise<{ bytes: number }>
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
    const write: Copying['write'] = (part, content) =>
      writeSealed(keyring, { root, name: partName(id, part) }, content, { written_as: unfinishedName(id, part) })
    const copying = { client, keyring, root, id, write, log }

    // Older than the database that it lies beside, so that the log of every restored database continues it.
    await write('audit', bundleFolder(source.data_directory, isAudit))
    const { owner_url, embedded } = source
    const { content, bytes } = embedded
      ? await copyCluster({ owner_url, ...embedded }, copying, follow !== undefined)
      : await copyRows(copying)
    log('copying documents')
    const documents = await copyDocuments(source.storage, keyring, root)
    await write('documents', ofText(documents.join('\n')))
    const manifest: Manifest = {
      id,
      openward_version: source.openward_version,
      postgres_version: await textOf(client, `current_setting('server_version')`),
      started_at: started_at.toString(),
      finished_at: Temporal.Now.instant().toString(),
      master_key_ids: await storedKekIds(client),
      documents: documents.length,
      ...content,
    }
    await writeManifest(keyring, root, manifest)
    await finishBackup(root, id)
    if (!holdsRows(manifest)) await follow?.(manifest)
    log(`${Math.ceil(bytes / 1024 ** 2)} MiB of database, ${documents.length} documents`)
    return manifest
  } finally {
    await client.end()
  }
}

const isAudit = (path: string) => /^(audit|audit-spool)(\/|$)/.test(path)

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
