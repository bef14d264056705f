// The folder of backups: what lies where. A backup is a folder of its own that gets its name last, when all of it is on the disk.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { BackupFailed } from './failures.ts'
import { ofText, readSealed, readSealedText, syncFolder, writeSealed } from './sealed-file.ts'

const common = {
  id: z.string(),
  openward_version: z.string(),
  postgres_version: z.string(),
  started_at: z.string(),
  /** The moment that the digests of the tables are of. */
  taken_at: z.string(),
  finished_at: z.string(),
  /** Under which the keys of this database lie. */
  master_key_ids: z.array(z.string()),
  tables: z.record(z.string(), z.object({ rows: z.int(), digest: z.string() })),
  documents: z.int(),
}
/** Of the embedded database: its files and its log. */
const ClusterManifest = z.object({
  ...common,
  restore_point: z.string(),
  timeline: z.int(),
  segment_bytes: z.int(),
  /** Of the log: the first that is needed, and the last that the restore point needs. */
  first_segment: z.int(),
  last_segment: z.int(),
  /** Of the embedded database, which answers on 127.0.0.1 only. */
  superuser_password: z.string(),
})
/** Of a database of one's own: the rows of its tables. */
const RowsManifest = z.object({
  ...common,
  /** In the order in which they were applied. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  /** In the order of their parts, with the columns that are not computed from others. */
  copied: z.array(z.object({ table: z.string(), columns: z.array(z.string()) })),
  /** The last number that each has given; null where it has given none. */
  sequences: z.record(z.string(), z.string().nullable()),
})
const Manifest = z.union([ClusterManifest, RowsManifest])
export type ClusterManifest = z.output<typeof ClusterManifest>
export type RowsManifest = z.output<typeof RowsManifest>
export type Manifest = z.output<typeof Manifest>

export const holdsRows = (manifest: Manifest): manifest is RowsManifest => 'copied' in manifest

export const idForm = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/
const documentForm = /^[0-9a-f]{32}$/

export const newBackupId = (now: Temporal.Instant) =>
  `${now.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')}-${randomBytes(4).toString('hex')}`

/** Where the parts of a backup lie, below the folder of backups. */
export type Part = 'manifest' | 'cluster' | 'audit' | 'documents' | `log/${string}` | `rows/${number}`
export const partName = (id: string, part: Part) => `backups/${id}/${part}`
/** While it is made. */
export const unfinishedName = (id: string, part: Part) => `backups/${id}.making/${part}`
/** Documents never change, so every backup that holds one shares it. */
export const documentName = (name: string) => `documents/${name.slice(0, 2)}/${name}`
const erasuresName = 'erasures'

export const writeManifest = (keyring: Keyring, root: string, manifest: Manifest) =>
  writeSealed(keyring, { root, name: partName(manifest.id, 'manifest') }, ofText(JSON.stringify(manifest)), {
    written_as: unfinishedName(manifest.id, 'manifest'),
  })

/** Gives a backup that is whole its name. */
export async function finishBackup(root: string, id: string): Promise<void> {
  const folder = join(root, 'backups')
  await syncFolder(join(folder, `${id}.making`))
  await rename(join(folder, `${id}.making`), join(folder, id))
  await syncFolder(folder)
}

/** What earlier runs that were killed have left. The caller holds the lock of backups. */
export async function removeUnfinished(root: string): Promise<void> {
  for (const name of await listFolder(join(root, 'backups')))
    if (name.endsWith('.making')) await rm(join(root, 'backups', name), { recursive: true, force: true })
}

/** When the backup of this id was begun. */
export const startOf = (id: string) =>
  Temporal.Instant.from(id.replace(/^(....)(..)(..T..)(..)(..Z).*$/, '$1-$2-$3:$4:$5'))

/** Ids of whole backups, oldest first. */
export async function listBackups(root: string): Promise<string[]> {
  const names = await listFolder(join(root, 'backups'))
  return names.filter((name) => idForm.test(name)).toSorted()
}

/** @throws BackupFailed */
export async function readManifest(keyring: Keyring, root: string, id: string): Promise<Manifest> {
  const text = await readSealedText(keyring, { root, name: partName(id, 'manifest') })
  const parsed = Manifest.safeParse(JSON.parse(text))
  if (!parsed.success)
    throw new BackupFailed(`the backup ${id} was made by a version that this one does not understand`)
  return parsed.data
}

/** Names of the segments of its log. */
export async function listLog(root: string, id: string): Promise<string[]> {
  const names = await listFolder(join(root, partName(id, 'log/')))
  return names.filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted()
}

export async function listStoredDocuments(root: string): Promise<Set<string>> {
  const names = new Set<string>()
  for (const folder of await listFolder(join(root, 'documents')))
    for (const name of await listFolder(join(root, 'documents', folder))) if (documentForm.test(name)) names.add(name)
  return names
}

export async function readDocumentNames(keyring: Keyring, root: string, id: string): Promise<string[]> {
  const text = await readSealedText(keyring, { root, name: partName(id, 'documents') })
  return text.split('\n').filter((name) => documentForm.test(name))
}

/** Removes all but the newest backups, and the documents that only those held. Returns how many it removed. */
export async function keepNewest(keyring: Keyring, root: string, keep: number): Promise<number> {
  const ids = await listBackups(root)
  const leaving = ids.slice(0, Math.max(0, ids.length - keep))
  if (leaving.length === 0) return 0
  const needed = new Set<string>()
  for (const id of ids.slice(leaving.length))
    for (const name of await readDocumentNames(keyring, root, id)) needed.add(name)
  for (const id of leaving) {
    // Without its name it is no backup any more, even when this is cut off.
    await rename(join(root, 'backups', id), join(root, 'backups', `${id}.making`))
    await rm(join(root, 'backups', `${id}.making`), { recursive: true, force: true })
  }
  for (const name of await listStoredDocuments(root))
    if (!needed.has(name)) await rm(join(root, documentName(name)), { force: true })
  return leaving.length
}

/** Records that were erased, of whatever time: a restored database must not bring them back. */
export async function readErasures(keyring: Keyring, root: string): Promise<string[]> {
  const isThere = (await listFolder(root)).includes(erasuresName)
  if (!isThere) return []
  const text = await readSealedText(keyring, { root, name: erasuresName })
  return text.split('\n').filter((id) => id !== '')
}

/** Adds to the list; nothing is ever taken from it. */
export async function addErasures(keyring: Keyring, root: string, ids: readonly string[]): Promise<void> {
  const known = new Set(await readErasures(keyring, root))
  const before = known.size
  for (const id of ids) known.add(id)
  if (known.size === before) return
  await writeSealed(keyring, { root, name: erasuresName }, ofText([...known].join('\n')))
}

export const readStoredDocument = (keyring: Keyring, root: string, name: string) =>
  readSealed(keyring, { root, name: documentName(name) })

export async function prepareRepository(root: string): Promise<void> {
  await mkdir(join(root, 'backups'), { recursive: true, mode: 0o700 })
  await mkdir(join(root, 'documents'), { recursive: true, mode: 0o700 })
}

async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
