import { parseArgs } from 'node:util'
import { Problem } from '#platform/contract/problem.ts'
import { StorageUnavailable } from '#platform/storage/failures.ts'
import { openTree } from '#platform/storage/tree.ts'
import { openTracedTree } from '#platform/tracing/traced-tree.ts'
import { duckdbStatements, runNow, synapseStatements, verifyStanding } from '#modules/warehouse'
import { type Command, CommandFailed, configurationHere, withSystem } from './command.ts'

const usage = `openward warehouse run | verify | views

  run               writes what has changed since the last run to WAREHOUSE_URL, or everything where that is needed
    --full          everything
    --new-key       everything, under a new key of pseudonyms: nobody's pseudonym stays what it was
  verify            reads every file of the runs that count, and compares it with its manifest
  views --for duckdb | synapse [--at PLACE]
                    prints the statements of views that show of every row the newest; PLACE is a folder, or an address that
                    Synapse reads (abfss://…); WAREHOUSE_URL unless said

A server may run at the same time; of several who write one does, and the others are told.
Exit codes: 0 done, 1 a file is missing or altered, 2 wrong words, 75 try again later.`

export const warehouseCommand: Command = {
  summary: 'run, verify, views: what happened, as Parquet and without names',
  usage,
  async run(words) {
    const { positionals, values } = readWords(words)
    const [verb, ...rest] = positionals
    if (rest.length > 0) throw new CommandFailed(`${rest.join(' ')} is not understood\n\n${usage}`, 2)
    if (verb === 'run') await write(values['full'] === true, values['new-key'] === true)
    else if (verb === 'verify') await verify()
    else if (verb === 'views') views(values['for'], values['at'])
    else throw new CommandFailed(`say what to do with the warehouse\n\n${usage}`, 2)
  },
}

function readWords(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        full: { type: 'boolean' },
        'new-key': { type: 'boolean' },
        for: { type: 'string' },
        at: { type: 'string' },
      },
    })
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}

async function write(isFull: boolean, isKeyNew: boolean) {
  const { signal } = new AbortController()
  const run = await withSystem((system, _place, { warehouse }) =>
    runNow(system, openTracedTree(warehouse.place, system.tracing), {
      full: isFull,
      new_key: isKeyNew,
      signal,
      tell: (table, rows) => process.stdout.write(`${table.padEnd(26)}${rows}\n`),
    }),
  ).catch((error: unknown) => {
    if (error instanceof Problem) throw new CommandFailed(error.message, 75)
    throw error
  })
  const what = run.is_full ? `all written anew (${run.reason})` : 'what has changed'
  process.stdout.write(`Run ${run.number}: ${what}, ${run.rows_written} rows as of ${run.as_of}\n`)
}

async function verify() {
  const { place } = configurationHere().warehouse
  const { files, missing, altered } = await verifyStanding(openTree(place)).catch((error: unknown) => {
    if (error instanceof StorageUnavailable) throw new CommandFailed(error.message, 75)
    throw error
  })
  for (const path of missing) process.stdout.write(`missing: ${path}\n`)
  for (const path of altered) process.stdout.write(`altered: ${path}\n`)
  process.stdout.write(`${files} files looked at\n`)
  if (missing.length + altered.length > 0)
    throw new CommandFailed(
      'the warehouse is not as its manifests say: write it anew with `openward warehouse run --full`',
    )
}

function views(dialect: string | undefined, at: string | undefined) {
  if (dialect !== 'duckdb' && dialect !== 'synapse') throw new CommandFailed(`say --for duckdb or --for synapse`, 2)
  const { place } = configurationHere().warehouse
  const here =
    'folder' in place
      ? place.folder
      : `abfss://${place.container}@${place.account}.dfs.core.windows.net/${place.path}`.replace(/\/$/, '')
  const statements = dialect === 'duckdb' ? duckdbStatements(at ?? here) : synapseStatements(at ?? here)
  const end = dialect === 'duckdb' ? ';\n\n' : '\ngo\n\n'
  process.stdout.write(statements.map((statement) => `${statement}${end}`).join(''))
}
