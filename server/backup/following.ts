// What servers do for backups every few minutes, and how old the newest is. Of the embedded database they copy the log.
import type { Configuration } from '#platform/configuration.ts'
import { BackupFailed } from '#platform/backup/failures.ts'
import { copyLog, type FollowOptions, readFollowing } from '#platform/backup/follow.ts'
import { connectOwner, lockBackups } from '#platform/backup/log.ts'
import { addErasures, listBackups, startOf } from '#platform/backup/repository.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import type { Measure } from '#platform/http/health.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Log } from '#platform/logging.ts'
import type { Check } from '#platform/module.ts'
import { findErased } from '#modules/patients'
import { type Place, readBackupKeyring } from '../place.ts'

const copyEveryMilliseconds = 5 * 60_000
/** Three copies late. */
const logLateMinutes = 15
/** The most that the proposed change of the HIPAA Security Rule allows (90 FR 898, 164.308(a)(13)). */
const backupLateHours = 48

/** What following needs, where the database is the embedded one and a folder for backups is named. @throws ConfigurationError */
export function followOptions(
  configuration: Configuration,
  place: Omit<Place, 'keyring'>,
): (FollowOptions & { keyring: Keyring }) | undefined {
  const { backup_directory: root, data_directory } = configuration
  const { owner_url, cluster_directory } = place
  if (root === undefined || cluster_directory === undefined) return undefined
  return { owner_url, cluster_directory, data_directory, root, keyring: readBackupKeyring(configuration) }
}

type Noting = Pick<FollowOptions, 'owner_url' | 'keyring' | 'root'>

/** What a server needs for its part in backups, where a folder for them is named. @throws ConfigurationError */
export function servedBackups(
  configuration: Configuration,
  place: Omit<Place, 'keyring'>,
): FollowOptions | Noting | undefined {
  const followed = followOptions(configuration, place)
  const { backup_directory: root } = configuration
  if (followed || root === undefined) return followed
  return { owner_url: place.owner_url, root, keyring: readBackupKeyring(configuration) }
}

export function startFollowing(options: FollowOptions | Noting, log: Log): Repeated {
  const work = async (stopped: AbortSignal) => {
    try {
      await ('cluster_directory' in options ? copyAll(options, stopped) : noteBetweenBackups(options))
    } catch (error) {
      if (!(error instanceof BackupFailed)) throw error
      log.error(`backups: ${error.message}`)
    }
  }
  return repeat({ name: 'backup.log', every_ms: copyEveryMilliseconds, work, log })
}

/** The log, and who was erased. @throws BackupFailed */
export async function copyAll(
  options: FollowOptions,
  stopped?: AbortSignal,
): Promise<Awaited<ReturnType<typeof copyLog>>> {
  const state = await copyLog(options, stopped)
  if (state) await noteErasures(options)
  return state
}

/** A backup notes them itself. */
async function noteBetweenBackups(options: Noting) {
  const client = await connectOwner(options.owner_url)
  try {
    if (await lockBackups(client)) await noteErasures(options)
  } finally {
    await client.end()
  }
}

/** @throws BackupFailed */
export async function noteErasures({ owner_url, keyring, root }: Noting) {
  const client = await connectOwner(owner_url)
  try {
    const { text } = findErased()
    const { rows } = await client.query<{ id: string }>(text)
    await addErasures(
      keyring,
      root,
      rows.map(({ id }) => id),
    )
  } finally {
    await client.end()
  }
}

/** Undefined where a database of one's own is backed up by other means: no folder is named. */
export function backupCheck(configuration: Configuration): (() => Promise<Check>) | undefined {
  const { backup_directory: root, data_directory, database_url, production } = configuration
  if (database_url !== undefined) return root === undefined ? undefined : () => checkOwn(root)
  return async () => {
    if (root === undefined)
      return production
        ? { status: 'degraded', detail: 'No backups are made: set OPENWARD_BACKUP_DIR' }
        : { status: 'ok', detail: 'No backups are made: OPENWARD_BACKUP_DIR is not set' }
    const known = await readFollowing(data_directory)
    if (!known || known.root !== root)
      return { status: 'degraded', detail: 'There is no backup yet: run `openward backup`' }
    const { backup_hours, log_minutes } = agesOf(known)
    const detail = `The newest backup is ${Math.round(backup_hours)} hours old, its log ${Math.round(log_minutes)} minutes`
    return { status: backup_hours > backupLateHours || log_minutes > logLateMinutes ? 'degraded' : 'ok', detail }
  }
}

/** By the folder, which every server has, and not by a state that only one of them would. */
async function checkOwn(root: string): Promise<Check> {
  let hours: number | undefined
  try {
    hours = await ageOfNewest(root)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { status: 'degraded', detail: `OPENWARD_BACKUP_DIR cannot be read: ${code}` }
  }
  if (hours === undefined) return { status: 'degraded', detail: 'There is no backup yet: run `openward backup`' }
  const detail = `The newest backup is ${Math.round(hours)} hours old`
  return { status: hours > backupLateHours ? 'degraded' : 'ok', detail }
}

/** In hours. */
async function ageOfNewest(root: string): Promise<number | undefined> {
  const newest = (await listBackups(root)).at(-1)
  return newest === undefined ? undefined : minutesSince(startOf(newest)) / 60
}

export function backupMeasures({ data_directory, database_url, backup_directory }: Configuration): Measure[] {
  const read = async (age: 'backup_hours' | 'log_minutes', seconds: number) => {
    if (database_url !== undefined) {
      const hours = age === 'log_minutes' || !backup_directory ? undefined : await ageOfNewest(backup_directory)
      return hours && hours * seconds
    }
    const known = await readFollowing(data_directory)
    return known && agesOf(known)[age] * seconds
  }
  return [
    {
      name: 'openward_backup_age_seconds',
      help: 'Since the moment that the newest backup was taken of; absent where there is none',
      read: () => read('backup_hours', 3600),
    },
    {
      name: 'openward_backup_log_age_seconds',
      help: 'Since the newest moment that can be restored; absent where there is no backup',
      read: () => read('log_minutes', 60),
    },
  ]
}

function agesOf({ backup_at, log_at }: { backup_at: string; log_at: string }) {
  return {
    backup_hours: minutesSince(Temporal.Instant.from(backup_at)) / 60,
    log_minutes: minutesSince(Temporal.Instant.from(log_at)),
  }
}

const minutesSince = (at: Temporal.Instant) => at.until(Temporal.Now.instant()).total('minutes')
