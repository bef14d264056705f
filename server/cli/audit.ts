// `openward audit`: `verify` stands apart from the server, with the database and public keys alone; `seal` does what a server does.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseRoots, parseTrustedKeys } from '#platform/audit/root.ts'
import { AuditForkError } from '#platform/audit/seal.ts'
import { describeVerdict } from '#platform/audit/verdict.ts'
import { openPool, type Pool } from '#platform/database/connection.ts'
import { createLog } from '#platform/logging.ts'
import { openAuditSealing, verifyStoredLog } from '#modules/audit-trail'
import { openDatabase } from '../place.ts'
import { type Command, CommandFailed, configurationWithoutKeys, withSystem } from './command.ts'

const usage = `openward audit verify [--keys FILE] [--from FILE] [--to FILE] [--outside FILE]
openward audit seal

verify proves that the audit log is whole, or names the first entry that was altered, removed, swapped, added or back-dated.
It only reads, and needs no master key: DATABASE_URL may name the owner of the database or openward_app.
  --keys FILE     public keys kept elsewhere (a copy of audit/keys.txt), trusted in place of those in the database
  --from FILE     a signed root kept from before: the log must continue it
  --to FILE       a signed root at which to end
  --outside FILE  roots kept elsewhere (a copy of audit/roots.txt): they betray a cut tail or a rewritten log
seal seals what has been written since the last root, as servers do every two seconds: for after commands without a server.
Exit codes: 0 whole or sealed, 1 not whole, 2 wrong words.`

export const auditCommand: Command = {
  summary: 'verify, seal: proves that the audit log is whole',
  usage,
  async run(words) {
    const { positionals, values } = readWords(words)
    const verb = positionals.join(' ')
    if (verb === 'verify') await verify(values)
    else if (verb === 'seal' && Object.keys(values).length === 0) await seal()
    else throw new CommandFailed(`say what to do with the audit log\n\n${usage}`, 2)
  },
}

async function verify(files: { keys?: string; from?: string; to?: string; outside?: string }) {
  const [from] = rootsOf(files.from)
  const [to] = rootsOf(files.to)
  const outside = { from, to, roots: rootsOf(files.outside), keys: keysOf(files.keys) }
  const configuration = configurationWithoutKeys()
  if (!configuration.database_url && !existsSync(join(configuration.data_directory, 'postgres')))
    throw new CommandFailed(
      `there is no database in ${configuration.data_directory}: set DATABASE_URL or OPENWARD_DATA_DIR`,
    )
  const log = createLog('warn')
  const database = await openDatabase(configuration, log)
  const pool = openPool({
    url: database.owner_url,
    size: 1,
    name: 'openward audit',
    on_error: (error) => log.warn({ err: error }, 'a database connection broke'),
  })
  try {
    await requireSight(pool)
    const verdict = await verifyStoredLog(pool, configuration, outside)
    process.stdout.write(`${describeVerdict(verdict).join('\n')}\n`)
    if (!verdict.is_whole) process.exitCode = 1
  } finally {
    await pool.end()
    await database.close()
  }
}

/** To a role that row-level security hides entries from, a whole log would look robbed. */
async function requireSight(pool: Pool) {
  const { rows } = await pool.query<{ is_there: boolean; sees: boolean }>(`
    select log is not null as is_there,
           case when log is not null then not row_security_active(log) or pg_has_role('openward_app', 'usage') end as sees
      from to_regclass('public.audit_logs') as log`)
  if (!rows[0]?.is_there) throw new CommandFailed('this database holds no audit log')
  if (!rows[0].sees)
    throw new CommandFailed(
      'this role does not see the whole log: connect as the owner of the database or as openward_app',
    )
}

async function seal() {
  await withSystem(async (system) => {
    const sealing = await openAuditSealing(system)
    const { sealed } = await sealing.seal().catch((error: unknown) => {
      throw error instanceof AuditForkError ? new CommandFailed(error.message) : error
    })
    process.stdout.write(sealed === 0 ? 'There was nothing to seal.\n' : `Sealed: ${sealed}\n`)
  })
}

function readWords(words: string[]) {
  const file = { type: 'string' } as const
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: { keys: file, from: file, to: file, outside: file },
    })
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}

function rootsOf(path: string | undefined) {
  if (path === undefined) return []
  const roots = understood(path, parseRoots)
  if (roots.length > 0) return roots
  throw new CommandFailed(`${path} holds no signed root`, 2)
}

function keysOf(path: string | undefined): string[] | undefined {
  if (path === undefined) return undefined
  const lines = understood(path, (text) => {
    const keys = text.split('\n').map((line) => line.trim())
    return keys.filter((line) => line !== '' && parseTrustedKeys([line]).size > 0)
  })
  if (lines.length > 0) return lines
  throw new CommandFailed(`${path} holds no public key of an audit log`, 2)
}

function understood<T>(path: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(path, 'utf8'))
  } catch {
    throw new CommandFailed(`${path} cannot be read, or holds something else`, 2)
  }
}
