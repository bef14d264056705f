// Under which account PostgreSQL runs. It refuses to run as root, so a root process starts it under another uid,
// which must own the cluster's folder and be able to walk to it and to the programs.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, lchownSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { EmbeddedDatabaseUnavailable } from './failures.ts'

export type Account = {
  uid: number
  gid: number
  /** The account cannot walk to its files by itself: it gets the capability to, and no other. */
  needs_capability: boolean
}

/** Says as whom PostgreSQL is to run on the cluster in `directory`: undefined means as this process. Throws EmbeddedDatabaseUnavailable. */
export function prepareAccount(
  directory: string,
  data_directory: string,
  programs_folder: string,
): Account | undefined {
  const own_uid = process.getuid?.()
  if (own_uid === undefined) return undefined
  if (own_uid !== 0) {
    const { uid } = statSync(directory)
    if (uid === own_uid) return undefined
    throw new EmbeddedDatabaseUnavailable(
      `${directory} belongs to uid ${uid} and this process runs as uid ${own_uid}; give it to one of them with chown -R`,
    )
  }
  // A cluster keeps the account that it was made with, even when a "postgres" account appears on the machine later.
  const owner = statSync(data_directory, { throwIfNoEntry: false }) ?? statSync(directory)
  const { uid, gid } = owner.uid === 0 ? findAccount() : owner
  // The folder around the cluster, and the data directory around that, stay root's: PostgreSQL may pass through, and no more.
  openForPassing(dirname(directory), uid, gid)
  openForPassing(directory, uid, gid)
  give(data_directory, uid, gid)
  const blocked = blockingFolder(programs_folder, uid, gid) ?? blockingFolder(directory, uid, gid)
  if (blocked !== undefined && !canGrantCapability(uid, gid)) {
    throw new EmbeddedDatabaseUnavailable(
      `this process is root, PostgreSQL therefore runs as uid ${uid}, and uid ${uid} may not enter ${blocked}; ` +
        `allow it (chmod o+x ${blocked}), or run OpenWard as an ordinary user`,
    )
  }
  return { uid, gid, needs_capability: blocked !== undefined }
}

/** Gives to the account what root owns: what root just made, or all of a cluster that root restored from a backup. */
export function give(path: string, uid: number, gid: number) {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.uid === uid) return
  if (found.isDirectory()) {
    for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' }))
      lchownSync(join(path, entry), uid, gid)
  }
  // Last, so that an interrupted round is done again.
  chownSync(path, uid, gid)
}

/** How to run a program as that account: file, arguments and the identity options of `spawn`. */
export function commandAs(account: Account | undefined, file: string, args: string[]) {
  if (account === undefined) return { file, args, identity: {} }
  const { uid, gid } = account
  if (!account.needs_capability) return { file, args, identity: { uid, gid } }
  return { file: 'setpriv', args: [...capabilityArguments(uid, gid), file, ...args], identity: {} }
}

/** The first folder on the way that this uid may not enter; undefined when it may enter all, the last included. */
export function blockingFolder(path: string, uid: number, gid: number): string | undefined {
  const folders = [realpathSync(path)]
  for (let folder = folders[0] ?? '/'; dirname(folder) !== folder; folder = dirname(folder))
    folders.push(dirname(folder))
  return folders.reverse().find((folder) => !mayEnter(statSync(folder), uid, gid))
}

function mayEnter(folder: Stats, uid: number, gid: number) {
  if (folder.uid === uid) return (folder.mode & 0o100) !== 0
  if (folder.gid === gid) return (folder.mode & 0o010) !== 0
  return (folder.mode & 0o001) !== 0
}

function findAccount() {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => {
      const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' })
      return status === 0 ? Number(stdout) : 0
    })
    if (uid && gid) return { uid, gid }
  }
  throw new EmbeddedDatabaseUnavailable(
    'this process is root, PostgreSQL refuses to run as root, and there is no account "postgres" or "nobody" to run it as',
  )
}

function openForPassing(folder: string, uid: number, gid: number) {
  const found = statSync(folder)
  if (found.uid !== 0 || (found.mode & 0o067) !== 0 || mayEnter(found, uid, gid)) return
  chownSync(folder, 0, gid)
  chmodSync(folder, 0o710)
}

function canGrantCapability(uid: number, gid: number) {
  return spawnSync('setpriv', [...capabilityArguments(uid, gid), 'true'], { cwd: '/' }).status === 0
}

function capabilityArguments(uid: number, gid: number) {
  const only = '-all,+dac_override'
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${only}`,
    `--ambient-caps=${only}`,
    `--bounding-set=${only}`,
  ]
}
