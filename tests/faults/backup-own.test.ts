// BR-01 to BR-05 with DATABASE_URL: a hospital in a PostgreSQL of its own, whose owner is no superuser, is backed up while it works and restored in another PostgreSQL.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { expectStatus, nextPerson, uploadText } from '../hospital.ts'
import { runOpenward, type ServerProcess, startServer, stopServer, temporaryDirectory, until } from '../processes.ts'

const newKey = () => randomBytes(32).toString('base64')
const directory = temporaryDirectory()
const at = (name: string) => join(directory.path, name)
const backups = at('backups')
const canary = `Quetzalcoatl${randomBytes(6).toString('hex')}`
const documentText = `Findings of ${canary}, nothing unusual.\n`.repeat(4000)
const environment = {
  OPENWARD_MASTER_KEY: newKey(),
  OPENWARD_BACKUP_KEY: newKey(),
  OPENWARD_BACKUP_DIR: backups,
}

let [here, elsewhere]: Cluster[] = []
let hospital_url: string
let server: ServerProcess
let caller: Caller
type Patient = { id: string; patient_number: string }

/** An empty database of someone who may make roles, and nothing else beyond it. */
async function emptyDatabase(cluster: Cluster | undefined, name: string): Promise<string> {
  if (!cluster) throw new Error('there is no PostgreSQL')
  const { rowCount } = await cluster.owner.query(`select from pg_roles where rolname = 'hospital'`)
  if (rowCount === 0) await cluster.owner.query(`create role hospital login createrole password 'made-up'`)
  await cluster.owner.query(`create database ${name} owner hospital`)
  const url = new URL(cluster.url)
  Object.assign(url, { username: 'hospital', password: 'made-up', pathname: `/${name}` })
  return url.href
}

function folder(name: string): string {
  mkdirSync(at(name), { recursive: true })
  return at(name)
}
const openward = (name: string, database_url: string, words: string[], own: Record<string, string> = {}) =>
  runOpenward(
    { data_directory: folder(name), environment: { ...environment, DATABASE_URL: database_url, ...own } },
    ...words,
  )
async function succeeds(name: string, database_url: string, ...words: string[]): Promise<string> {
  const { code, output } = await openward(name, database_url, words)
  assert.equal(code, 0, output)
  return output
}
const backUp = async () => /^(\S+): /m.exec(await succeeds('hospital', hospital_url, 'backup'))?.[1] ?? ''
const register = async (changes = {}) =>
  expectStatus(201, await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), ...changes })) as Patient

async function sql<Row extends pg.QueryResultRow>(database_url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database_url })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}
/** Looked at without the program that made the backup: every row of every table that a restored installation leaves as it was. */
async function rowsOf(database_url: string) {
  const names = await sql<{ name: string }>(
    database_url,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname in ('public', 'pgboss')
        and tablename not in ('users', 'sessions', 'events', 'event_relays', 'audit_logs', 'audit_leaves', 'audit_roots', 'doctor_states', 'resource_states')
      order by 1`,
  )
  const text = names.map(
    ({ name }) =>
      `select '${name}' as name, count(*)::int as rows, md5(string_agg(t::text, '|' order by t::text)) as digest from ${name} t`,
  )
  return sql<{ name: string; rows: number }>(database_url, text.join(' union all '))
}

/** What guards the rows: references and exclusions that hold for all of them, triggers, indexes, rules of row-level security. */
const guardsOf = (database_url: string) =>
  sql(
    database_url,
    `select conrelid::regclass::text as of, conname as name, pg_get_constraintdef(oid) as what, convalidated as is_on from pg_constraint
      where connamespace = 'public'::regnamespace
     union all select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled = 'O' from pg_trigger where not tgisinternal
     union all select tablename, indexname, indexdef, true from pg_indexes where schemaname in ('public', 'pgboss')
     union all select polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid), true from pg_policy
     order by 1, 2, 3`,
  )
const isEmpty = async (database_url: string) =>
  (await sql(database_url, `select from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`))
    .length === 0
const partsOf = async (one: ServerProcess) => {
  const answer = await fetch(`http://127.0.0.1:${one.port}/health/ready`)
  return ((await answer.json()) as { parts: Record<string, { status: string }> }).parts
}

/** Killed as soon as that holds. */
async function killRestore(name: string, database_url: string, holds: () => Promise<boolean>) {
  const program = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'server/cli/main.ts')
  const child = spawn(process.execPath, [program, 'restore', backups, '--verify'], {
    cwd: folder(name),
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      OPENWARD_DATA_DIR: at(name),
      OPENWARD_TIMEZONE: 'UTC',
      ...environment,
      DATABASE_URL: database_url,
    },
    stdio: 'ignore',
  })
  await until('the moment has come', holds)
  child.kill('SIGKILL')
  await once(child, 'close')
}

let patient: Patient
let document_id: string
let gone: Patient
before(async () => {
  ;[here, elsewhere] = await Promise.all([startCluster(), startCluster()])
  hospital_url = await emptyDatabase(here, 'hospital')
  server = await startServer({
    data_directory: folder('hospital'),
    environment: { ...environment, DATABASE_URL: hospital_url },
  })
  caller = await signIn(server.port)
  await succeeds('hospital', hospital_url, 'demo')
  patient = await register({ first_name: canary })
  document_id = await uploadText(caller, patient.id, canary, documentText)
  gone = await register({ first_name: 'Forgotten' })
  const long_ago = `created_at = created_at - interval '20 years', updated_at = updated_at - interval '20 years'`
  await sql(hospital_url, `update patients set ${long_ago} where id = '${gone.id}'`)
})
after(async () => {
  await stopServer(server)
  await here?.stop()
  await elsewhere?.stop()
  await directory.remove()
})

test('a hospital in a database of its own is backed up while people write, and restored in another PostgreSQL', async (t) => {
  assert.equal((await partsOf(server))['backups']?.status, 'degraded')
  const written: Patient[] = []
  const end = new AbortController()
  const writing = (async () => {
    while (!end.signal.aborted) written.push(await register())
  })()
  const made = await succeeds('hospital', hospital_url, 'backup')
  end.abort()
  await writing
  t.diagnostic(made)
  assert.ok(written.length > 3)
  assert.equal((await partsOf(server))['backups']?.status, 'ok')
  await succeeds('hospital', hospital_url, 'erase', gone.patient_number, '--reason', 'asked for', '--yes')
  await stopServer(server)
  await backUp()

  const restored_url = await emptyDatabase(elsewhere, 'restored')
  const id = /^(\S+): /m.exec(made)?.[1] ?? ''
  const told = await succeeds('restored', restored_url, 'restore', backups, '--backup', id, '--verify')
  t.diagnostic(told)
  assert.match(told, /^\d+ tables with \d{4,} rows are what was backed up at .*Documents and audit log are whole\.$/m)
  assert.match(told, /1 records that were erased since are erased again/)
  const restored = await startServer({
    data_directory: at('restored'),
    environment: { ...environment, DATABASE_URL: restored_url },
  })
  try {
    const own = await signIn(restored.port)
    const statusOf = async (who: Patient) => (await own.ask('GET', `/api/v1/patients/${who.id}`)).status
    assert.deepEqual([await statusOf(patient), await statusOf(gone)], [200, 410])
    assert.equal((await own.ask('GET', `/api/v1/documents/${document_id}/content`)).text, documentText)
    // Who was registered up to some moment is there, and nobody after it.
    const found: number[] = []
    for (const one of written) found.push(await statusOf(one))
    assert.deepEqual(
      found,
      found.toSorted((one, other) => one - other),
    )
    const { backups: made_there, audit_log } = await partsOf(restored)
    assert.deepEqual([made_there?.status, audit_log?.status], ['ok', 'ok'])
    // Transactions have smaller numbers there: what is written now is told and sealed all the same.
    expectStatus(201, await own.ask('POST', '/api/v1/patients', nextPerson()))
    await until('the relays have told it', async () => {
      const behind = `select from event_relays r join events e on (e.recorded_xid, e.id) > (r.settled_xid, r.event_id)`
      return (await sql(restored_url, behind)).length === 0
    })
    await succeeds('restored', restored_url, 'audit', 'seal')
    await succeeds('restored', restored_url, 'audit', 'verify')
    const [{ unsealed } = { unsealed: -1 }] = await sql<{ unsealed: number }>(
      restored_url,
      `select count(*)::int as unsealed from audit_logs e where timestamp < now() - interval '1 minute'
         and not exists (select from audit_leaves l where l.entry_id = e.id)`,
    )
    assert.equal(unsealed, 0)
  } finally {
    await stopServer(restored)
  }
})

test('nothing of anyone, and neither key, lies in the rows of a backup', () => {
  const files = readdirSync(backups, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  assert.ok(files.length > 100)
  const secrets = [canary, environment.OPENWARD_MASTER_KEY, environment.OPENWARD_BACKUP_KEY]
  for (const file of files) {
    const bytes = readFileSync(join(file.parentPath, file.name))
    for (const secret of secrets) {
      assert.ok(!bytes.includes(secret), file.name)
      assert.ok(!bytes.includes(Buffer.from(secret, 'base64')), file.name)
    }
  }
})

test('a restore that is killed leaves an empty database, and the next one brings every row and every guard of it', async () => {
  await sql(
    hospital_url,
    `create table notes_of_it (id bigserial, text text); insert into notes_of_it (text) values ('ours')`,
  )
  await backUp()
  await sql(hospital_url, 'drop table notes_of_it')
  const url = await emptyDatabase(here, 'again')
  const writing = `select from pg_stat_activity where datname = 'again' and query like 'copy %'`
  await killRestore('again', url, async () => (await sql(here?.url ?? '', writing)).length > 0)
  assert.deepEqual(readdirSync(at('again')), ['documents', 'restoring'])
  await until('PostgreSQL has taken it back', () => isEmpty(url))

  const { code, output } = await openward('again', url, ['restore', backups, '--verify'])
  // What no migration makes is told, and everything else is there.
  assert.equal(code, 1, output)
  assert.match(output, /the table public\.notes_of_it is none of OpenWard's and was left out/)
  assert.match(output, /restored, and 1 thing is not as they were/)
  const rows = await rowsOf(url)
  assert.ok(rows.length > 80 && rows.some((one) => one.name === 'public.patients' && one.rows > 100))
  assert.deepEqual(rows, await rowsOf(hospital_url))
  assert.deepEqual(await guardsOf(url), await guardsOf(hospital_url))
  const given = `select schemaname, sequencename, last_value from pg_sequences order by 1, 2`
  assert.deepEqual(await sql(url, given), await sql(hospital_url, given))
})

test('a restore that is killed when all rows are there leaves a database on which no server begins', async () => {
  const url = await emptyDatabase(here, 'unfinished')
  const marked = `select to_regclass('openward.unfinished_restore') as mark`
  await killRestore('unfinished', url, async () => (await sql<{ mark: unknown }>(url, marked))[0]?.mark !== null)
  const served = await openward('unfinished', url, ['serve'])
  assert.notEqual(served.code, 0)
  assert.match(served.output, /was cut off before it was done: drop the database, make it anew/)
  const restored = await openward('another', url, ['restore', backups])
  assert.equal(restored.code, 1)
  assert.match(restored.output, /the database unfinished is not empty/)
})

test('what is altered, cut off, of other keys, of a later version or no place for it is refused, and nothing is left behind', async () => {
  // Of nobody: what a restore puts back are references that hold.
  await sql(
    hospital_url,
    `alter table patient_tokens drop constraint patient_tokens_patient_id_fkey;
     insert into patient_tokens (patient_id, kind, key_version, token) values (uuidv7(), 'phone', 1, 'nobody')`,
  )
  const id = await backUp()
  const rows = join(backups, 'backups', id, 'rows')
  const url = await emptyDatabase(elsewhere, 'refused')
  const refuse = async (words: RegExp, own: Record<string, string> = {}, more: string[] = []) => {
    const { code, output } = await openward('refused', url, ['restore', backups, '--backup', id, ...more], own)
    assert.equal(code, 1, output)
    assert.match(output, words)
    assert.deepEqual(
      readdirSync(at('refused')).filter((name) => name !== 'documents'),
      [],
    )
    assert.ok(await isEmpty(url))
  }
  const [largest = ''] = readdirSync(rows).toSorted(
    (one, other) => readFileSync(join(rows, other)).length - readFileSync(join(rows, one)).length,
  )
  const whole = readFileSync(join(rows, largest))
  const altered = Buffer.from(whole)
  const middle = Math.floor(whole.length / 2)
  altered[middle] = (altered[middle] ?? 0) ^ 1
  writeFileSync(join(rows, largest), altered)
  await refuse(new RegExp(`rows/${largest} was altered or cut off`))
  writeFileSync(join(rows, largest), whole.subarray(0, middle))
  await refuse(new RegExp(`rows/${largest} was altered or cut off`))
  writeFileSync(join(rows, largest), whole)
  await refuse(
    /PostgreSQL refuses what the backup \S+ holds with 23503 \(patient_tokens, patient_tokens_patient_id_fkey\)/,
  )

  await refuse(/under the backup key/, { OPENWARD_BACKUP_KEY: newKey() })
  await refuse(/under the master key/, { OPENWARD_MASTER_KEY: newKey() })
  await refuse(/leads to its own moment/, {}, ['--at', '2026-03-14T09:26:53Z'])
  await refuse(/the database hospital is not empty: a restore goes into an empty one/, { DATABASE_URL: hospital_url })
  await refuse(/name an empty one in DATABASE_URL/, { DATABASE_URL: '' })
  await refuse(/the database does not answer \(ECONNREFUSED\)/, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })

  await sql(hospital_url, `insert into schema_migrations (name, checksum) values ('9999_later', 'of a later version')`)
  const later = await backUp()
  await sql(hospital_url, `delete from schema_migrations where name = '9999_later'`)
  await refuse(/has the migration 9999_later, which this version of OpenWard does not have/, {}, ['--backup', later])
})

test('a backup by somebody from whom row-level security hides rows is none', async () => {
  await here?.owner.query(`create role reader login password 'made-up' in role pg_read_all_data`)
  const url = new URL(hospital_url)
  url.username = 'reader'
  const before_it = readdirSync(join(backups, 'backups')).filter((name) => !name.endsWith('.making'))
  const { code, output } = await openward('reader', url.href, ['backup'])
  assert.equal(code, 1, output)
  assert.match(output, /row-level security.*DATABASE_URL must name the owner of the database/)
  const after_it = readdirSync(join(backups, 'backups')).filter((name) => !name.endsWith('.making'))
  assert.deepEqual(after_it, before_it)
})
