import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BackupFailed } from '#platform/backup/failures.ts'
import { restore } from '../backup/restore.ts'
import { type Command, CommandFailed, configurationHere } from './command.ts'

const usage = `openward restore FROM [--verify] [--at INSTANT] [--backup ID]

Restores database and documents from a folder of backups into an empty OPENWARD_DATA_DIR: the newest backup, and after it everything that
was written since and copied. With DATABASE_URL the rows go into that database, which must be empty, and nothing comes after them.
Needs the master key and the backup key of its time. Who was erased since is erased again.
  --verify      compares every row with what was backed up, reads every document to its end, verifies the audit log
  --at INSTANT  as everything was at this moment, such as 2026-03-14T09:26:53Z, and not later; of the embedded database
  --backup ID   from this backup
What is altered, cut off or missing is named, and nothing is left behind. Exit codes: 0 restored, 1 not restored, or restored with what
--verify has found, 2 wrong words.`

export const restoreCommand: Command = {
  summary: 'FROM: restores database and documents where there are none',
  usage,
  async run(words) {
    const { from, id, at, is_verified } = readWords(words)
    const started_at = performance.now()
    const restored = await restore({
      configuration: configurationHere(),
      root: resolve(from),
      id,
      at,
      is_verified,
      say: (line) => void process.stderr.write(`${line}\n`),
    }).catch((error: unknown) => {
      throw error instanceof BackupFailed ? new CommandFailed(error.message) : error
    })
    const { manifest, tables, rows, documents, erased_again, findings } = restored
    const seconds = Math.round((performance.now() - started_at) / 1000)
    const compared = is_verified
      ? `${tables} tables with ${rows} rows are what was backed up at ${manifest.taken_at}. `
      : ''
    const again = erased_again === 0 ? '' : `${erased_again} records that were erased since are erased again. `
    process.stdout.write(
      `${compared}${again}Restored ${manifest.id} with ${documents} documents in ${seconds} s.` +
        `${is_verified && findings.length === 0 ? ' Documents and audit log are whole.' : ''}\n`,
    )
    for (const finding of findings) process.stdout.write(`${finding}\n`)
    if (findings.length > 0)
      throw new CommandFailed(
        `restored, and ${findings.length} ${findings.length === 1 ? 'thing is' : 'things are'} not as they were`,
      )
  },
}

function readWords(words: string[]) {
  try {
    const { positionals, values } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { verify: { type: 'boolean', default: false }, at: { type: 'string' }, backup: { type: 'string' } },
    })
    const [from, ...more] = positionals
    if (from === undefined || more.length > 0) throw new Error('name the folder of backups')
    return { from, id: values.backup, at: readInstant(values.at), is_verified: values.verify }
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}

function readInstant(text: string | undefined): Temporal.Instant | undefined {
  if (text === undefined) return undefined
  try {
    return Temporal.Instant.from(text)
  } catch {
    throw new Error(`--at ${text} is no instant: write it like 2026-03-14T09:26:53Z`)
  }
}
