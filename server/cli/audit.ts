// `openward audit`: `verify` stands apart from the server, with the database and public keys alone; `seal` does what a server does.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readPublishedRoots } from '#platform/audit/publish.ts'
import { parseRoots, parseTrustedKeys, type SignedRoot } from '#platform/audit/root.ts'
import { PurgeRefused } from '#platform/audit/purge.ts'
import { isStatable } from '#platform/audit/purge-statement.ts'
import { AuditForkError } from '#platform/audit/seal.ts'
import { describeVerdict } from '#platform/audit/verdict.ts'
import { openPool, type Pool } from '#platform/database/connection.ts'
import { createLog } from '#platform/logging.ts'
import { openAuditSealing, openRootsCopy, purgeStoredLog, verifyStoredLog } from '#modules/audit-trail'
import { openDatabase } from '../place.ts'
import { type Command, CommandFailed, configurationWithoutKeys, withSystem } from './command.ts'

const usage = `openward audit verify [--keys FILE] [--from FILE] [--to FILE] [--outside FILE]
openward audit seal
openward audit purge --by NAME --reason TEXT [--older-than YEARS] [--yes]

verify proves that the audit log is whole, or names the first entry that was altered, removed, swapped, added or back-dated.
It only reads, and needs no master key: DATABASE_URL may name the owner of the database or its openward_app_….
  --keys FILE     public keys kept elsewhere (a copy of audit/keys.txt), trusted in place of those in the database
  --from FILE     a signed root kept from before: the log must continue it
  --to FILE       a signed root at which to end
  --outside FILE  roots kept elsewhere (a copy of audit/roots.txt): they betray a cut tail or a rewritten log
                  (those of OPENWARD_AUDIT_ROOTS_DIR are compared anyway)
seal seals what has been written since the last root, as servers do every two seconds: for after commands without a server.
purge deletes the entries that were sealed before OPENWARD_AUDIT_RETENTION_YEARS, under a signed statement that verify tells of from then
on; without --yes it only counts them. It needs the master key and the owner of the database. Refused while a patient of one of
them is under legal hold, and while the log is not whole.
  --by NAME, --reason TEXT  stand in the statement for everyone to read: name no patient
  --older-than YEARS        more years than must be
Exit codes: 0 whole, sealed or purged, 1 not whole or refused, 2 wrong words.`

export const auditCommand: Command = {
  summary: 'verify, seal, purge: proves that the audit log is whole; purges what is old enough',
  usage,
  async run(words) {
    const { positionals, values } = readWords(words)
    const verb = positionals.join(' ')
    const { by, reason, 'older-than': years, yes, ...files } = values
    const purges = [by, reason, years, yes].some((value) => value !== undefined)
    if (verb === 'verify' && !purges) await verify(files)
    else if (verb === 'purge' && Object.keys(files).length === 0) await purge({ by, reason, years, yes })
    else if (verb === 'seal' && Object.keys(values).length === 0) await seal()
    else throw new CommandFailed(`say what to do with the audit log\n\n${usage}`, 2)
  },
}

async function verify(files: { keys?: string; from?: string; to?: string; outside?: string }) {
  const [from] = rootsOf(files.from)
  const [to] = rootsOf(files.to)
  const outside = { from, to, roots: await rootsOfMany(files.outside), keys: keysOf(files.keys) }
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
      'this role does not see the whole log: connect as the owner of the database or as its openward_app_…',
    )
}

async function seal() {
  await withSystem(async (system) => {
    const sealing = await openAuditSealing(system)
    const { sealed } = await sealing.seal().catch((error: unknown) => {
      throw error instanceof AuditForkError ? new CommandFailed(error.message) : error
    })
    process.stdout.write(sealed === 0 ? 'There was nothing to seal.\n' : `Sealed: ${sealed}\n`)
    const copy = openRootsCopy(system)
    await copy?.copy()
    const { status = 'ok', detail } = copy?.check() ?? {}
    if (status !== 'ok') throw new CommandFailed(detail ?? 'the roots are not copied')
  })
}

type PurgeWords = Record<'by' | 'reason' | 'years', string | undefined> & { yes: boolean | undefined }

async function purge({ by = '', reason = '', years, yes = false }: PurgeWords) {
  if (!isStatable(by) || !isStatable(reason))
    throw new CommandFailed(`say who and why with --by and --reason, one line each\n\n${usage}`, 2)
  if (years !== undefined && !/^[1-9]\d{0,2}$/.test(years))
    throw new CommandFailed('--older-than takes a number of years', 2)
  await withSystem(async (system, place, { audit_retention_years }) => {
    const kept_years = years === undefined ? audit_retention_years : Number(years)
    const purged = await purgeStoredLog(system, place.owner_url, { kept_years, by, reason, dry_run: !yes }).catch(
      (error: unknown) => {
        throw error instanceof PurgeRefused ? new CommandFailed(error.message) : error
      },
    )
    if (!purged)
      process.stdout.write(`No entry was sealed more than ${kept_years} years ago: there is nothing to purge.\n`)
    else {
      const { entries, first_seq, last_seq, sealed_at, statement } = purged
      const range = `${entries} entries, ${first_seq} to ${last_seq}, sealed until ${sealed_at}`
      process.stdout.write(
        statement
          ? `Purged: ${range}\n\n${statement}\nKeep this statement with the copies of the roots.\n`
          : `To purge: ${range}. Nothing was done: say --yes to purge them for ever.\n`,
      )
    }
  })
}

function readWords(words: string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        keys: text,
        from: text,
        to: text,
        outside: text,
        by: text,
        reason: text,
        'older-than': text,
        yes: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new CommandFailed(`${error instanceof Error ? error.message : 'the words are not understood'}\n\n${usage}`, 2)
  }
}

function rootsOf(path: string | undefined) {
  return path === undefined ? [] : certainlySome(path, understood(path, parseRoots))
}

/** Of a file that has grown for years. */
async function rootsOfMany(path: string | undefined) {
  if (path === undefined) return []
  const roots = await readPublishedRoots(path).catch((error: unknown) => {
    throw new CommandFailed(`${path} cannot be read: ${(error as Error).message}`, 2)
  })
  return certainlySome(path, roots)
}

function certainlySome(path: string, roots: SignedRoot[]) {
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
