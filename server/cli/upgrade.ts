import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupFailed } from '#platform/backup/failures.ts'
import { createLog } from '#platform/logging.ts'
import { upgrade, UpgradeRefused, UpgradeStuck, UpgradeUndone } from '../backup/upgrade.ts'
import { type Command, CommandFailed, configurationHere } from './command.ts'

const usage = `openward upgrade [--to DIR]

Brings the embedded database to the version of this program, with the servers stopped: makes a backup in OPENWARD_BACKUP_DIR, applies the
migrations that are missing, and asks a server of this version whether it is ready. Where that fails, the database is put back as it was, and
compared to the row; start the former version again then. Documents are not touched.
  --to DIR  the backup goes into this folder instead
With DATABASE_URL there is no way back in place: \`openward backup\` or a snapshot first, then \`openward migrate\`.
Exit codes: 0 upgraded, or nothing was to be done; 1 not upgraded, and all is as it was; 2 wrong words; 3 the
database could not be put back; 75 a server runs.`

export const upgradeCommand: Command = {
  summary: 'backs up, migrates, looks, and puts the database back where that fails',
  usage,
  async run(words) {
    const to = readWords(words)
    const configuration = configurationHere()
    if (configuration.database_url !== undefined)
      throw new CommandFailed(
        'DATABASE_URL is set: run `openward backup`, or make a snapshot as you do it there, and then `openward migrate`; to go back, restore it into another database',
      )
    const root = to === undefined ? configuration.backup_directory : resolve(to)
    if (root === undefined)
      throw new CommandFailed('say where the backup goes: set OPENWARD_BACKUP_DIR, or name a folder with --to', 2)
    const { migrations, backup_id } = await upgrade({
      configuration,
      root,
      log: createLog('fatal'),
      say: (line) => void process.stderr.write(`${line}\n`),
    }).catch((error: unknown) => {
      throw toldAs(error)
    })
    process.stdout.write(
      migrations.length === 0
        ? 'The database is up to date: nothing is to be done.\n'
        : `Upgraded by ${migrations.length} ${migrations.length === 1 ? 'migration' : 'migrations'}, to ${migrations.at(-1)}. The backup of before is ${backup_id}.\n`,
    )
  },
}

function toldAs(error: unknown): unknown {
  if (error instanceof UpgradeRefused) return new CommandFailed(error.message, 75)
  if (error instanceof BackupFailed) return new CommandFailed(`${error.message}. Nothing was changed`)
  if (error instanceof UpgradeStuck)
    return new CommandFailed(
      `${error.message}.\nStart no server. Move the folder postgres of the data directory away, and audit and audit-spool with it, and run ` +
        `\`openward restore\` with the former version and --backup ${error.backup_id}`,
      3,
    )
  if (error instanceof UpgradeUndone)
    return new CommandFailed(
      `${error.message}. The database is as it was before. Start the former version, and make a backup with it.\n` +
        `The database on which it failed lies in ${error.left_in}: it holds what the other holds, so remove it when nobody needs it`,
    )
  return error
}

function readWords(words: string[]): string | undefined {
  try {
    return parseArgs({ args: words, options: { to: { type: 'string' } } }).values.to
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}
