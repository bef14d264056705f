import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupFailed } from '#platform/backup/failures.ts'
import type { FollowOptions } from '#platform/backup/follow.ts'
import { keepNewest } from '#platform/backup/repository.ts'
import type { Configuration } from '#platform/configuration.ts'
import { createLog } from '#platform/logging.ts'
import { copyAll, followOptions } from '../backup/following.ts'
import { backUp } from '../backup/making.ts'
import { keyFile, openDatabase, type Place, readBackupKeyring } from '../place.ts'
import { type Command, CommandFailed, configurationHere } from './command.ts'

const usage = `openward backup [--to DIR] [--keep COUNT]
openward backup --log

Makes a backup of the database and of the documents, while servers go on, sealed under the backup key (OPENWARD_BACKUP_KEY). It lies in
OPENWARD_BACKUP_DIR. Of the embedded database servers add what was written since, every five minutes, so that any moment after it can be
restored. With DATABASE_URL it leads to the moment at which it was begun: for any other, use the tools of PostgreSQL or your provider's.
  --to DIR      another folder, for a copy to take away; nothing is added to that later
  --keep COUNT  removes all but so many of the newest backups there, when this one is done
  --log         adds what was written since, now, as servers do
Neither the master key nor the backup key is in a backup: keep both apart from it. Without either nobody can restore it.
Exit codes: 0 done, 1 not done, 2 wrong words, 75 another one is running.`

export const backupCommand: Command = {
  summary: 'makes a backup of database and documents while servers go on',
  usage,
  async run(words) {
    const { to, keep, log } = readWords(words)
    const configuration = configurationHere()
    const isEmbedded = configuration.database_url === undefined
    if (log && !isEmbedded)
      throw new CommandFailed(
        'DATABASE_URL is set: nothing is added to a backup of a database of your own. Make a new one: `openward backup`',
      )
    const root = to === undefined ? configuration.backup_directory : resolve(to)
    if (root === undefined) throw new CommandFailed('say where: set OPENWARD_BACKUP_DIR, or name a folder with --to', 2)
    if (isEmbedded && !existsSync(resolve(configuration.data_directory, 'postgres')))
      throw new CommandFailed(`there is no database in ${configuration.data_directory}: nothing to back up`)
    await (log ? addLog(configuration) : backup(configuration, root, keep)).catch((error: unknown) => {
      throw error instanceof BackupFailed ? new CommandFailed(error.message) : error
    })
  },
}

async function backup(configuration: Configuration, root: string, keep: number | undefined) {
  const started_at = performance.now()
  const keyring = readBackupKeyring(configuration)
  await withDatabase(configuration, async (_options, place) => {
    const manifest = await backUp(configuration, place, root, say)
    const removed = keep === undefined ? 0 : await keepNewest(keyring, root, keep)
    const seconds = Math.round((performance.now() - started_at) / 1000)
    const rows = Object.values(manifest.tables).reduce((sum, table) => sum + table.rows, 0)
    process.stdout.write(
      `${manifest.id}: ${Object.keys(manifest.tables).length} tables with ${rows} rows, ${manifest.documents} documents, in ${seconds} s` +
        `${removed === 0 ? '' : `; ${removed} older removed`}\n`,
    )
    if (configuration.backup_keys === undefined)
      say(
        `its key is ${keyFile(configuration, 'backup.key')}, made for development: without a copy of it, and of master.key, elsewhere nobody can restore this`,
      )
  })
}

async function addLog(configuration: Configuration) {
  await withDatabase(configuration, async (options) => {
    if (!options) throw new CommandFailed('the log is copied to OPENWARD_BACKUP_DIR only: set it', 2)
    const state = await copyAll(options)
    if (!state)
      throw new CommandFailed(
        'there is no backup yet to add to, or another process is adding: `openward backup` makes one',
        75,
      )
    process.stdout.write(`${state.id}: everything up to ${state.log_at}\n`)
  })
}

async function withDatabase(
  configuration: Configuration,
  work: (options: FollowOptions | undefined, place: Omit<Place, 'keyring'>) => Promise<void>,
) {
  const place = await openDatabase(configuration, createLog('warn'))
  try {
    await work(followOptions(configuration, place), place)
  } finally {
    await place.close()
  }
}

const say = (line: string) => void process.stderr.write(`${line}\n`)

function readWords(words: string[]): { to: string | undefined; keep: number | undefined; log: boolean } {
  try {
    const { values } = parseArgs({
      args: words,
      options: { to: { type: 'string' }, keep: { type: 'string' }, log: { type: 'boolean', default: false } },
    })
    const { to, keep, log } = values
    if (keep !== undefined && !/^[1-9]\d{0,5}$/.test(keep)) throw new Error('--keep takes a number from 1 up')
    if (log && (to !== undefined || keep !== undefined)) throw new Error('--log stands alone')
    return { to, keep: keep === undefined ? undefined : Number(keep), log }
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}
