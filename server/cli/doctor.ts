// `openward doctor`: looks at the installation part by part and says what to do about each that is not well.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { Configuration } from '#platform/configuration.ts'
import { isOpenLine } from '#platform/database/address.ts'
import { appRole, appUrl, readMigrations, refuseUnfinished } from '#platform/database/migrate.ts'
import { deriveSecrets, kekIds } from '#platform/encryption/keyring.ts'
import { assertMasterKeyOpens } from '#platform/encryption/stored-keys.ts'
import { createLog } from '#platform/logging.ts'
import { openAuditSealing } from '#modules/audit-trail'
import { openPlace, type Place } from '../place.ts'
import { openSystem } from '../system.ts'
import { type Command, CommandFailed, configurationHere } from './command.ts'
import {
  examineBackups,
  examineEmergencyCopies,
  examineFolder,
  examineReach,
  examineRootsCopy,
  examineScanner,
  examineStore,
  type Finding,
} from './doctor-parts.ts'

const usage = `openward doctor [--json]

Looks at the installation and says what to do: Node.js, configuration, disk space, database, its version and settings, clock,
master key or key vault, migrations, the role that serves requests, the audit log and the copy of its roots, the document store, backups and emergency copies; mail, Redis and the
virus scanner where they are configured. Mends nothing.
  --json   one line of JSON for each: name, is_well, and what to do
Exit codes: 0 all is well, 1 something is not.`

/** One-time codes are accepted within 30 s, and instants of the database and of servers are compared. */
const mostSkewSeconds = 5
/** Servers seal every two seconds; what commands write is sealed when one starts. */
const mostUnsealedMinutes = 10

export type Report = (name: string, examine: () => Promise<Finding>) => Promise<boolean>

export const doctorCommand: Command = {
  summary: 'looks at the installation and says what to do',
  usage,
  async run(words) {
    const asJson = readWords(words)
    let faults = 0
    const report: Report = async (name, examine) => {
      const finding = await examine().catch((error: unknown) =>
        error instanceof Error ? error.message : 'it could not be examined',
      )
      const is_well = finding === undefined
      const line = is_well ? `ok    ${name}` : `WRONG ${name}: ${finding}`
      process.stdout.write(`${asJson ? JSON.stringify({ name, is_well, what_to_do: finding ?? null }) : line}\n`)
      if (!is_well) faults += 1
      return is_well
    }
    await examineThisMachine(report)
    if (faults > 0) throw new CommandFailed(`${faults} ${faults === 1 ? 'thing is' : 'things are'} wrong`)
  },
}

function readWords(words: string[]): boolean {
  try {
    return parseArgs({ args: words, options: { json: { type: 'boolean', default: false } } }).values.json
  } catch {
    throw new CommandFailed(`${words.join(' ')} is not understood\n\n${usage}`, 2)
  }
}

async function examineThisMachine(report: Report) {
  await report('Node.js', async () => {
    return Number(process.versions.node.split('.')[0]) >= 26
      ? undefined
      : `this is ${process.version}: start OpenWard with \`npx openward\`, which brings its own`
  })
  let configuration: Configuration | undefined
  await report('configuration', async () => void (configuration = configurationHere()))
  if (configuration) await examineInstallation(report, configuration)
}

export async function examineInstallation(report: Report, known: Configuration) {
  await report('data directory', async () => examineFolder(known.data_directory))
  await report('document store', () => examineStore(known))
  await report('virus scanner', () => examineScanner(known))
  await report('backups', () => examineBackups(known))
  await report('audit roots elsewhere', () => examineRootsCopy(known))
  await report('emergency copies', () => examineEmergencyCopies(known))
  await report('mail server', async () => (known.smtp_url ? examineReach('SMTP_URL', known.smtp_url, 25) : undefined))
  await report('Redis', async () => (known.redis_url ? examineReach('REDIS_URL', known.redis_url, 6379) : undefined))
  if (!known.database_url && !existsSync(join(known.data_directory, 'postgres'))) {
    await report('database', async () => 'there is none yet: `openward serve` makes it, or DATABASE_URL names one')
    return
  }
  await report('line to the database', async () =>
    known.production && known.database_url && isOpenLine(known.database_url)
      ? 'it leads to another machine and is not encrypted: add sslmode=verify-full to DATABASE_URL, or sslmode=disable if nobody can read along'
      : undefined,
  )
  let place: Place | undefined
  const name = known.kms_urls.length > 0 ? 'database and key vault' : 'database'
  await report(name, async () => void (place = await openPlace(known, createLog('silent'))))
  if (!place) return
  try {
    await examineDatabase(report, known, place)
  } finally {
    await place.close()
  }
}

async function examineDatabase(report: Report, configuration: Configuration, place: Place) {
  const owner = new pg.Client({ connectionString: place.owner_url, connectionTimeoutMillis: 5000 })
  owner.on('error', () => undefined)
  try {
    await owner.connect()
    await report('version of the database', async () => {
      const version = await one(owner, `select current_setting('server_version_num')::int`)
      return Number(version) >= 180_000 ? undefined : 'PostgreSQL 18 or later is needed: point DATABASE_URL to one'
    })
    await report('durability of the database', async () => {
      const off = await one(
        owner,
        `select string_agg(name, ' and ') from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes') and setting = 'off'`,
      )
      return off === null
        ? undefined
        : `${off} is off: turn it on, or acknowledged records are lost when the power fails`
    })
    await report('clock', async () => {
      const before = Date.now()
      const there = Number(await one(owner, `select extract(epoch from clock_timestamp())`)) * 1000
      const skew = Math.abs(there - (before + Date.now()) / 2) / 1000
      return skew <= mostSkewSeconds
        ? undefined
        : `this machine and the database are ${Math.round(skew)} s apart: let both follow the same time server`
    })
    if (!(await report('migrations', () => examineMigrations(owner)))) return
    if (
      !(await report('master key', async () => {
        await assertMasterKeyOpens(owner, place.keyring)
        return undefined
      }))
    )
      return
    await report('keys of patients', async () => {
      const { rows } = await owner.query<{ kek_id: string; count: string }>(
        `select kek_id, count(*) as count from patient_keys where wrapped is not null and kek_id <> all($1) group by kek_id`,
        [kekIds(place.keyring)],
      )
      return rows.length === 0
        ? undefined
        : rows
            .map(
              ({ kek_id, count }) =>
                `${count} lie under the master key ${kek_id}, which is not configured: add it behind the newest one and run \`openward keys rotate --kek\``,
            )
            .join('; ')
    })
    if (configuration.kms_urls.length > 0) await report('key vault', () => examineVault(owner, configuration))
    await report('interrupted rotations', async () => {
      const kinds = await one(
        owner,
        `select string_agg('--' || kind, ' ') from key_rotations where finished_at is null`,
      )
      return kinds === null ? undefined : `run \`openward keys rotate\` again with ${kinds}`
    })
    if (!(await report('role that serves requests', () => examineRole(owner, place)))) return
    await report('audit log', () => examineAudit(configuration, place))
    await report('sealing of the audit log', async () => {
      const minutes = await one(
        owner,
        `select extract(epoch from clock_timestamp() - min(timestamp))::float8 / 60 from audit_logs
          where recorded_xid >= coalesce((select horizon from audit_roots order by tree_size desc limit 1), '0'::xid8)
            and recorded_xid < pg_snapshot_xmax(pg_current_snapshot())`,
      )
      return Number(minutes ?? 0) <= mostUnsealedMinutes
        ? undefined
        : `the oldest entry that is not sealed is ${Math.round(Number(minutes))} minutes old: start a server, or run \`openward audit seal\``
    })
  } finally {
    await owner.end().catch(() => undefined)
  }
}

/** That the vault answers is shown by now: the keys that it wrapped are open. */
export async function examineVault(
  owner: Pick<pg.Client, 'query'>,
  { kms_urls: [newest = ''] }: Pick<Configuration, 'kms_urls'>,
): Promise<Finding> {
  const unused = await one(owner, 'select id from master_keys where used_at is null')
  if (unused)
    return `its key ${unused} is known and not used yet: run \`openward keys rotate --kek\` once every server runs with OPENWARD_KMS_URL`
  const wrappedBy = String(await one(owner, 'select vault_key from master_keys order by number desc limit 1'))
  return wrappedBy === newest || wrappedBy.startsWith(`${newest}/`)
    ? undefined
    : `the newest key is wrapped by ${wrappedBy}, and OPENWARD_KMS_URL names ${newest} first: run \`openward keys rotate --kek\``
}

/** The one value of a query; undefined where there is no row. */
async function one(client: Pick<pg.Client, 'query'>, text: string, values: string[] = []) {
  const { rows } = await client.query<(string | number | null)[]>({ text, values, rowMode: 'array' })
  return rows[0]?.[0]
}

async function examineMigrations(owner: pg.Client): Promise<Finding> {
  if ((await one(owner, `select to_regclass('public.schema_migrations')`)) === null)
    return 'there are none yet: run `openward migrate`'
  await refuseUnfinished(owner)
  const { rows } = await owner.query<{ name: string; checksum: string }>('select name, checksum from schema_migrations')
  const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]))
  const here = readMigrations()
  const missing = here.filter(({ name }) => !applied.has(name)).map(({ name }) => name)
  if (missing.length > 0) return `${missing.join(', ')} missing: run \`openward migrate\``
  const edited = here.filter(({ name, checksum }) => applied.get(name) !== checksum).map(({ name }) => name)
  if (edited.length > 0) return `${edited.join(', ')} edited since: restore the files that were released`
  const unknown = [...applied.keys()].filter((name) => !here.some((migration) => migration.name === name))
  return unknown.length === 0
    ? undefined
    : `${unknown.join(', ')} not known here: a newer OpenWard has been at work, run that one`
}

async function examineRole(owner: pg.Client, { keyring, owner_url }: Place): Promise<Finding> {
  const role = appRole(String(await one(owner, 'select current_database()')))
  const wrong = await one(
    owner,
    `select case when rolsuper or rolbypassrls then 'passes row-level security by'
                 when exists (select from pg_class where pg_has_role(pg_roles.oid, relowner, 'usage')) then 'owns tables' end
       from pg_roles where rolname = $1`,
    [role],
  )
  if (wrong === undefined) return `${role} does not exist: run \`openward migrate\``
  if (wrong !== null) return `${role} ${wrong}: take that from it`
  for (const secret of deriveSecrets(keyring, 'database role')) {
    const client = new pg.Client({
      connectionString: appUrl(owner_url, secret.toString('base64url')),
      connectionTimeoutMillis: 5000,
    })
    client.on('error', () => undefined)
    const isIn = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => undefined)
    if (isIn) return undefined
  }
  return `${role} cannot sign in with the password of this master key: run \`openward migrate\`, which sets it`
}

async function examineAudit(configuration: Configuration, place: Place): Promise<Finding> {
  const system = await openSystem({
    ...place,
    configuration,
    log: createLog('silent'),
    pool_size: 2,
    migrated: true,
    unsafe_fsync_off: true,
  })
  try {
    const sealing = await openAuditSealing(system)
    const { is_whole } = await sealing.verify()
    return is_whole ? undefined : 'it is not whole: `openward audit verify` names the first entry that was altered'
  } finally {
    await system.close()
  }
}
