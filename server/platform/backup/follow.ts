// Goes on copying the log behind the newest backup, so that the newest moment that can be restored is minutes old.
import { readFile } from 'node:fs/promises'
import { writeFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { BackupFailed } from './failures.ts'
import { closeSegment, connectOwner, copySegments, lockBackups, readLogPlace, releaseLog } from './log.ts'
import { type ClusterManifest, listBackups } from './repository.ts'

/** What this data directory knows of its backups. A restored one knows nothing: it begins with a backup of its own. */
const Following = z.object({
  root: z.string(),
  id: z.string(),
  timeline: z.int(),
  next_segment: z.int(),
  backup_at: z.string(),
  /** How far the log has been copied. */
  log_at: z.string(),
})
export type Following = z.output<typeof Following>

const stateFile = (data_directory: string) => join(data_directory, 'backup.json')

/** Undefined too where it cannot be read: health and doctor then ask for a backup, which writes it anew; a server goes on meanwhile. */
export async function readFollowing(data_directory: string): Promise<Following | undefined> {
  const text = await readFile(stateFile(data_directory), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return Following.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

function writeFollowing(data_directory: string, state: Following) {
  const path = stateFile(data_directory)
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export type FollowOptions = {
  owner_url: string
  cluster_directory: string
  data_directory: string
  keyring: Keyring
  root: string
}

/**
 * From now on the log is copied behind this backup. The one before gets what it lacks up to here, so that between the two no moment is lost.
 * The caller holds the lock of backups.
 */
export async function followBackup(options: FollowOptions, manifest: ClusterManifest): Promise<void> {
  const { cluster_directory, data_directory, keyring, root } = options
  const { id, timeline, segment_bytes, last_segment, taken_at } = manifest
  const known = await readFollowing(data_directory)
  if (known?.root === root && known.timeline === timeline && (await listBackups(root)).includes(known.id)) {
    const before = { keyring, root, id: known.id, cluster_directory, is_unfinished: false, timeline, segment_bytes }
    await copySegments(before, known.next_segment, last_segment + 1).catch((error: unknown) => {
      // Its gap ends it, and does not touch the new one.
      if (!(error instanceof BackupFailed)) throw error
    })
  }
  writeFollowing(data_directory, {
    root,
    id,
    timeline,
    next_segment: last_segment + 1,
    backup_at: taken_at,
    log_at: taken_at,
  })
}

/**
 * Copies what was written since the last time, or the part of it that is copied when it is stopped. Undefined where there is no backup yet,
 * or another process is at it.
 * @throws BackupFailed where the log cannot be continued: only a new backup helps
 */
export async function copyLog(options: FollowOptions, stopped?: AbortSignal): Promise<Following | undefined> {
  const { owner_url, cluster_directory, data_directory, keyring, root } = options
  const known = await readFollowing(data_directory)
  if (!known || known.root !== root) return undefined
  const client = await connectOwner(owner_url)
  try {
    if (!(await lockBackups(client))) return undefined
    if (!(await listBackups(root)).includes(known.id))
      throw new BackupFailed(
        `the backup ${known.id}, behind which the log goes, is gone: make a new one with \`openward backup\``,
      )
    const place = await readLogPlace(client)
    if (place.timeline !== known.timeline)
      throw new BackupFailed('the database was restored since the last backup: make a new one with `openward backup`')
    // What commits from here on may come later than the segment that is closed now.
    const log_at = Temporal.Now.instant().toString()
    const until = await closeSegment(client, place)
    const { id } = known
    const next_segment = await copySegments(
      { keyring, root, id, cluster_directory, is_unfinished: false, ...place },
      known.next_segment,
      until,
      stopped,
    )
    const state = { ...known, next_segment, log_at: next_segment === until ? log_at : known.log_at }
    writeFollowing(data_directory, state)
    await releaseLog(client, next_segment, place)
    return state
  } finally {
    await client.end()
  }
}
