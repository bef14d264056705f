import type { System } from '#platform/context.ts'
import { compareFiles } from '#modules/documents'
import { type Command, CommandFailed, withSystem } from './command.ts'

const usage = `openward documents

Compares the document store (STORAGE_URL) with the database, and prints a line for each that has no counterpart:
  missing ID      a document whose file is not in the store: put it back from a backup of the store
  unknown NAME    a file that no record knows: where the database was restored, it may belong to what was lost since; else remove it
Changes nothing. Uploads may go on meanwhile. What an upload leaves behind that was cut off is removed by the server itself.
Exit codes: 0 nothing is missing or unknown, 1 something is.`

export const documentsCommand: Command = {
  summary: 'compares the document store with the database',
  usage,
  async run(words) {
    if (words.length > 0) throw new CommandFailed(`documents takes no words\n\n${usage}`, 2)
    const print = (text: string) => process.stdout.write(text)
    if (!(await withSystem((system) => printDifferences(system, print)))) process.exitCode = 1
  },
}

/** Whether there are none. */
export async function printDifferences(system: System, print: (text: string) => void): Promise<boolean> {
  const { documents, files, missing_files, unknown_files } = await compareFiles(system)
  for (const id of missing_files) print(`missing ${id}\n`)
  for (const name of unknown_files) print(`unknown ${name}\n`)
  print(`${documents} documents, ${files} files: ${missing_files.length} missing, ${unknown_files.length} unknown\n`)
  return missing_files.length + unknown_files.length === 0
}
