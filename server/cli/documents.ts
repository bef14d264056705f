import { parseArgs } from 'node:util'
import type { System } from '#platform/context.ts'
import { compareFiles, verifyDocuments } from '#modules/documents'
import { type Command, CommandFailed, withSystem } from './command.ts'

const usage = `openward documents [--contents]

Compares the document store (STORAGE_URL) with the database, and prints a line for each that has no counterpart:
  missing ID      a document whose file is not in the store: put it back from a backup of the store
  unknown NAME    a file that no record knows: where the database was restored, it may belong to what was lost since; else remove it
--contents also reads every document to its end, which takes the master key and its time:
  altered ID      its content is not what was uploaded, or cannot be opened: put it back from a backup of the store
Changes nothing. Uploads may go on meanwhile. What an upload leaves behind that was cut off is removed by the server itself.
Exit codes: 0 nothing is missing, unknown or altered, 1 something is.`

export const documentsCommand: Command = {
  summary: 'compares the document store with the database',
  usage,
  async run(words) {
    const isRead = readWords(words)
    const print = (text: string) => process.stdout.write(text)
    const isWhole = await withSystem(async (system) => {
      const isSame = await printDifferences(system, print)
      return (isRead ? await printAltered(system, print) : true) && isSame
    })
    if (!isWhole) process.exitCode = 1
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

/** Whether there are none. */
export async function printAltered(
  system: Pick<System, 'pool' | 'storage' | 'keys'>,
  print: (text: string) => void,
): Promise<boolean> {
  const { documents, bytes, altered } = await verifyDocuments(system)
  for (const id of altered) print(`altered ${id}\n`)
  print(`${documents} documents with ${bytes} bytes read: ${altered.length} altered\n`)
  return altered.length === 0
}

function readWords(words: string[]): boolean {
  try {
    return parseArgs({ args: words, options: { contents: { type: 'boolean', default: false } } }).values.contents
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}
