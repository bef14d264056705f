import { type FileHandle, open } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { Problem } from '#platform/contract/problem.ts'
import type { System } from '#platform/context.ts'
import { importPatients } from '#modules/patients'
import { type Command, CommandFailed, withSystem } from './command.ts'

const usage = `openward import FILE [--dry-run] [--verbose]

Registers the patients of a CSV file: UTF-8, separated by commas or semicolons, the first line names the columns.
Needed: first_name, last_name, date_of_birth, gender, phone_primary. Known: external_id, middle_name, phone_secondary, email,
line1, line2, city, state, postal_code, country, ssn, national_id, blood_type, marital_status, occupation, preferred_language.
Every row that is refused is printed with its line, column and reason. Safe to run again: rows that were registered are
known. A server may run meanwhile.
  --dry-run   checks every row and registers nobody
  --verbose   prints warnings about registered rows too, and how far it is
Exit codes: 0 every row is registered or known, 1 some were refused, 2 wrong words or a file that cannot be imported.`

export const importCommand: Command = {
  summary: 'FILE: registers the patients of a CSV file',
  usage,
  async run(words) {
    const { positionals, values } = parseArgs({
      args: words,
      allowPositionals: true,
      options: { 'dry-run': { type: 'boolean' }, verbose: { type: 'boolean' } },
    })
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new CommandFailed(`name one file\n\n${usage}`, 2)
    const { 'dry-run': dry_run = false, verbose = false } = values
    const print = (text: string) => process.stdout.write(text)
    await using file = await openFile(path)
    const { rows_refused } = await withSystem(async (system) => {
      // A long file may be read while keys are rotated.
      const following = system.keys.follow(system.log)
      try {
        return await importFile(system, file, { dry_run, verbose, print })
      } finally {
        await following.stop()
      }
    })
    if (rows_refused > 0) process.exitCode = 1
  },
}

/** Imports and prints. @throws CommandFailed for a file that cannot be imported */
export async function importFile(
  system: System,
  file: FileHandle,
  { dry_run, verbose, print }: { dry_run: boolean; verbose: boolean; print: (text: string) => void },
) {
  let warnings = 0
  const counts = await importPatients(system, file.readableWebStream(), {
    dry_run,
    onFinding({ line, field, reason, refused }) {
      if (!refused) warnings += 1
      if (refused || verbose) print(`line ${line}${field === null ? '' : `, ${field}`}: ${reason}\n`)
    },
    onProgress: (rows) => verbose && print(`${rows} rows so far\n`),
  }).catch((error: unknown) => {
    throw error instanceof Problem ? new CommandFailed(sayWhy(error), 2) : error
  })
  const { rows_total, rows_accepted, rows_known, rows_refused } = counts
  const verb = dry_run ? 'fit to be registered' : 'registered'
  print(`${rows_total} rows: ${rows_accepted} ${verb}, ${rows_known} known, ${rows_refused} refused\n`)
  if (warnings > 0 && !verbose) print(`${warnings} of the ${verb} may be here already: --verbose names their lines\n`)
  return counts
}

/** @throws CommandFailed for what is no file that this process may read */
export async function openFile(path: string) {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code})`
    throw new CommandFailed(`${path} ${why}`, 2)
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new CommandFailed(`${path} is no file`, 2)
}

function sayWhy({ message, members }: Problem): string {
  return (members.errors ?? []).map((error) => error.message).join('\n') || message
}
