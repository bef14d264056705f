// What `openward doctor` looks at beside the database: folders, the document store, the scanner, backups.
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { Configuration } from '#platform/configuration.ts'
import { readFollowing } from '#platform/backup/follow.ts'
import { publishToFile } from '#platform/audit/publish.ts'
import { openScanner } from '#platform/scanning/scanner.ts'
import { openStorage } from '#platform/storage/storage.ts'
import { rootsFile, rootsFileElsewhere } from '#modules/audit-trail'
import { emergencyCopyCheck } from '#modules/emergency-copies'
import { backupCheck } from '../backup/following.ts'

/** What is wrong, and what to do; undefined when nothing is. */
export type Finding = string | undefined

const leastFreeBytes = 2 * 1024 ** 3

export function examineFolder(folder: string): Finding {
  if (!existsSync(folder)) return undefined
  try {
    accessSync(folder, constants.R_OK | constants.W_OK)
  } catch {
    return `this user cannot write to ${folder}: give it to the user that runs OpenWard`
  }
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  return free < leastFreeBytes ? `${Math.floor(free / 1024 ** 2)} MiB are free: make room, 2 GiB at least` : undefined
}

export async function examineReach(variable: string, address: string, usualPort: number): Promise<Finding> {
  const { hostname, port } = new URL(address)
  const reached = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || usualPort, timeout: 3000 })
    const end = (is_reached: boolean) => {
      socket.destroy()
      resolve(is_reached)
    }
    socket
      .on('connect', () => end(true))
      .on('error', () => end(false))
      .on('timeout', () => end(false))
  })
  return reached ? undefined : `${hostname} does not answer: start it, or mend ${variable}`
}

export async function examineStore(configuration: Configuration): Promise<Finding> {
  const { storage } = configuration
  if ('folder' in storage) {
    // It is made with the first document; until then what it will lie in counts.
    let folder = storage.folder
    while (!existsSync(folder)) folder = dirname(folder)
    return examineFolder(folder)
  }
  const { status } = await openStorage(configuration).check()
  return status === 'ok'
    ? undefined
    : `the container ${storage.container} of ${storage.account} does not answer: mend STORAGE_URL, or grant this machine's identity "Storage Blob Data Contributor" on it`
}

export async function examineScanner(configuration: Configuration): Promise<Finding> {
  const scanner = openScanner(configuration)
  if (!scanner)
    return configuration.production ? 'there is none, so that no documents are taken: set CLAMD_URL' : undefined
  const { status, detail } = await scanner.check()
  return status === 'ok'
    ? undefined
    : `${detail}: start clamd and freshclam, or mend CLAMD_URL; documents wait until then`
}

export async function examineBackups(configuration: Configuration): Promise<Finding> {
  const { backup_directory, data_directory } = configuration
  const known = await readFollowing(data_directory)
  if (known && !existsSync(known.root)) return `${known.root} is not there: mount it, or mend OPENWARD_BACKUP_DIR`
  const place = backup_directory === undefined ? undefined : examineFolder(backup_directory)
  if (place) return place
  const check = await backupCheck(configuration)?.()
  return !check || check.status === 'ok'
    ? undefined
    : `${check.detail}: ${configuration.database_url === undefined ? 'a server adds to it every five minutes while it runs, and ' : ''}\`openward backup\` makes a new one`
}

const mostBehindMinutes = 10

/** The roots that were published here, and those elsewhere; that both are of this log is proved with the log. */
export async function examineRootsCopy(configuration: Configuration): Promise<Finding> {
  const folder = configuration.audit_roots_directory
  const file = rootsFileElsewhere(configuration)
  if (folder === undefined || file === undefined) return undefined
  if (!existsSync(folder)) return `${folder} is not there: mount it, or mend OPENWARD_AUDIT_ROOTS_DIR`
  const place = examineFolder(folder)
  if (place) return place
  const [here, there] = await Promise.all([rootsFile(configuration), file].map(findLastRoot))
  if (!here || here.tree_size <= (there?.tree_size ?? 0)) return undefined
  const since = there?.sealed_at ?? here.sealed_at
  const behind = (there ? Temporal.Instant.from(here.sealed_at) : Temporal.Now.instant()).since(since).total('minutes')
  return behind <= mostBehindMinutes
    ? undefined
    : `the newest root there is ${Math.round(behind)} minutes behind: start a server, or run \`openward audit seal\``
}

async function findLastRoot(file: string) {
  return existsSync(file) ? publishToFile(file).last() : undefined
}

export async function examineEmergencyCopies(configuration: Configuration): Promise<Finding> {
  const { emergency } = configuration
  const place = emergency && examineFolder(emergency.directory)
  if (place) return place
  const check = await emergencyCopyCheck(configuration)?.()
  return !check || check.status === 'ok'
    ? undefined
    : `${check.detail}: a server with OPENWARD_EMERGENCY_DIR makes them every five minutes while it runs`
}
