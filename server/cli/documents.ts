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
    const { documents, files, missing_files, unknown_files } = await withSystem((system) => compareFiles(system))
    const lines = [...missing_files.map((id) => `missing ${id}`), ...unknown_files.map((name) => `unknown ${name}`)]
    process.stdout.write(lines.map((line) => `${line}\n`).join(''))
    process.stdout.write(
      `${documents} documents, ${files} files: ${missing_files.length} missing, ${unknown_files.length} unknown\n`,
    )
    if (lines.length > 0) process.exitCode = 1
  },
}
