// BR-01 to BR-05, PE-10 and rows 11, 39 and 40: a hospital is backed up while it works, lost, and restored on an empty machine.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startCollector } from '../../server/platform/tracing/collector.testing.ts'
import { type Caller, signIn } from '../caller.ts'
import { expectStatus, nextPerson, uploadText } from '../hospital.ts'
import {
  embeddedPostmaster,
  embeddedUrl,
  runOpenward,
  type ServerProcess,
  signalIfAlive,
  startServer,
  stopServer,
  temporaryDirectory,
  until,
} from '../processes.ts'

const newKey = () => randomBytes(32).toString('base64')
const directory = temporaryDirectory()
const at = (name: string) => join(directory.path, name)
const backups = at('backups')
const environment = {
  OPENWARD_MASTER_KEY: newKey(),
  OPENWARD_BACKUP_KEY: newKey(),
  OPENWARD_BACKUP_DIR: backups,
}
const canary = `Quetzalcoatl${randomBytes(6).toString('hex')}`
const documentText = `Findings of ${canary}, nothing unusual.\n`.repeat(4000)

const hospital = at('hospital')
let server: ServerProcess
let caller: Caller
type Patient = { id: string; patient_number: string }

async function openward(data_directory: string, words: string[], own: Record<string, string> = {}) {
  mkdirSync(data_directory, { recursive: true })
  return runOpenward({ data_directory, environment: { ...environment, ...own } }, ...words)
}
async function succeeds(data_directory: string, ...words: string[]): Promise<string> {
  const { code, output } = await openward(data_directory, words)
  assert.equal(code, 0, output)
  return output
}
const register = async (changes = {}) =>
  expectStatus(201, await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), ...changes })) as Patient

async function sql<Row extends pg.QueryResultRow>(data_directory: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: embeddedUrl(data_directory) })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}
/** Looked at without the program that made the backup. */
async function fingerprint(data_directory: string) {
  // Not users: that they have signed in since stands there.
  const tables = [
    'patients',
    'patient_keys',
    'appointments',
    'departments',
    'documents',
    'resource_assignments',
    'doctors',
  ]
  const found: Record<string, unknown> = {}
  for (const table of tables) {
    const [row] = await sql(
      data_directory,
      `select count(*)::int as rows, md5(string_agg(t::text, '|' order by t::text)) as digest from ${table} t`,
    )
    found[table] = row
  }
  return found
}
/** With the database running as long as the work takes. */
async function withServer<T>(data_directory: string, work: (caller: Caller) => Promise<T>): Promise<T> {
  const own = await startServer({ data_directory, environment })
  try {
    return await work(await signIn(own.port))
  } finally {
    await stopServer(own)
  }
}
const wholeBackups = () => readdirSync(join(backups, 'backups')).filter((name) => !name.endsWith('.making'))
const isLeft = (data_directory: string) =>
  readdirSync(data_directory).filter((name) => !['keys', 'documents'].includes(name))

let patient: Patient
let document_id: string
before(async () => {
  mkdirSync(hospital)
  server = await startServer({ data_directory: hospital, environment })
  caller = await signIn(server.port)
  await succeeds(hospital, 'demo')
  patient = await register({ first_name: canary })
  document_id = await uploadText(caller, patient.id, canary, documentText)
})
after(async () => {
  await stopServer(server)
  await directory.remove()
})

test('a hospital is backed up while people write, and restored on an empty machine to the row', async (t) => {
  let written = 0
  const end = new AbortController()
  const writing = (async () => {
    for (; !end.signal.aborted; written += 1) await register()
  })()
  await using collector = await startCollector()
  const made = await openward(hospital, ['backup'], { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  assert.equal(made.code, 0, made.output)
  t.diagnostic(made.output)
  // The trace tells what it asked of the document store, and nothing of whose.
  const callsOf = (work: string) => {
    const own = collector.spans.find(({ name }) => name === work)
    assert.ok(own, `${work} is in the traces`)
    return new Set(collector.spans.filter(({ parentSpanId }) => parentSpanId === own.spanId).map(({ name }) => name))
  }
  assert.deepEqual(callsOf('backup'), new Set(['documents list', 'documents read']))
  assert.ok(!collector.text().includes(canary))
  end.abort()
  await writing
  assert.ok(written > 3)
  const late = await register({ first_name: 'Late' })
  await succeeds(hospital, 'backup', '--log')
  const expected = await fingerprint(hospital)

  const empty = at('empty')
  const { code, output: told } = await openward(empty, ['restore', backups, '--verify'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  })
  assert.equal(code, 0, told)
  t.diagnostic(told)
  assert.deepEqual(callsOf('restore'), new Set(['documents list', 'documents read', 'documents write']))
  assert.deepEqual(
    collector.spans.filter(({ name, parentSpanId }) => name.startsWith('documents ') && parentSpanId === undefined),
    [],
  )
  assert.ok(!collector.text().includes(canary))
  assert.match(told, /^\d+ tables with \d{4,} rows are what was backed up at .*Documents and audit log are whole\.$/m)
  await withServer(empty, async (restored) => {
    assert.deepEqual(await fingerprint(empty), expected)
    for (const { id } of [patient, late]) expectStatus(200, await restored.ask('GET', `/api/v1/patients/${id}`))
    const content = await restored.ask('GET', `/api/v1/documents/${document_id}/content`)
    assert.equal(content.text, documentText)
    const parts = JSON.parse((await restored.ask('GET', '/health/ready')).text) as { parts: Record<string, unknown> }
    assert.match(JSON.stringify(parts.parts['backups']), /There is no backup yet/)
    assert.deepEqual(parts.parts['audit_log'], { status: 'ok' })
    // It goes on from here with backups of its own.
    await succeeds(empty, 'backup')
    await succeeds(empty, 'backup', '--log')
  })
})

test('nothing of anyone, and neither key, lies in a backup', () => {
  const files = readdirSync(backups, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  assert.ok(files.length > 8)
  const secrets = [canary, environment.OPENWARD_MASTER_KEY, environment.OPENWARD_BACKUP_KEY]
  for (const file of files) {
    const bytes = readFileSync(join(file.parentPath, file.name))
    for (const secret of secrets) {
      assert.ok(!bytes.includes(secret), file.name)
      assert.ok(!bytes.includes(Buffer.from(secret, 'base64')), file.name)
    }
  }
})

test('an accident is undone by restoring the second before it, and who was erased since stays erased', async () => {
  const gone = await register({ first_name: 'Forgotten' })
  const id = /^(\S+): /m.exec(await succeeds(hospital, 'backup'))?.[1] ?? ''
  const kept = await register()
  const appointments = await sql(hospital, 'select count(*)::int as count from appointments')
  await sql(hospital, 'select pg_sleep(1.1)')
  const moment = Temporal.Now.instant().toString()
  await sql(hospital, 'select pg_sleep(1.1)')
  await sql(
    hospital,
    `update patients set created_at = created_at - interval '20 years', updated_at = updated_at - interval '20 years' where id = '${gone.id}'`,
  )
  await succeeds(hospital, 'erase', gone.patient_number, '--reason', 'asked for', '--yes')
  await sql(hospital, 'set session_replication_role = replica; delete from appointments')
  const later = await register()
  await succeeds(hospital, 'backup', '--log')

  const told = await succeeds(at('second-before'), 'restore', backups, '--backup', id, '--at', moment, '--verify')
  assert.match(told, /1 records that were erased since are erased again/)
  await withServer(at('second-before'), async (restored) => {
    assert.deepEqual(await sql(at('second-before'), 'select count(*)::int as count from appointments'), appointments)
    const status = async (who: Patient) => (await restored.ask('GET', `/api/v1/patients/${who.id}`)).status
    assert.deepEqual([await status(kept), await status(later), await status(gone)], [200, 404, 410])
  })

  const future = Temporal.Now.instant().add({ hours: 1 }).toString()
  const refused = await openward(at('future'), ['restore', backups, '--backup', id, '--at', future])
  assert.equal(refused.code, 1)
  assert.match(refused.output, /does not reach/)
  assert.deepEqual(isLeft(at('future')), [])
})

test('what is altered, missing, or sealed under other keys is refused by name, and nothing is left behind', async () => {
  const id = wholeBackups().toSorted().at(-1) ?? ''
  const folder = join(backups, 'backups', id)
  const refuse = async (words: RegExp, own: Record<string, string> = {}) => {
    const { code, output } = await openward(at('refused'), ['restore', backups, '--backup', id, '--verify'], own)
    assert.equal(code, 1, output)
    assert.match(output, words)
    assert.deepEqual(isLeft(at('refused')), [])
  }
  const cluster = join(folder, 'cluster')
  const whole = readFileSync(cluster)
  const altered = Buffer.from(whole)
  const middle = Math.floor(whole.length / 2)
  altered[middle] = (altered[middle] ?? 0) ^ 1
  writeFileSync(cluster, altered)
  await refuse(/cluster was altered or cut off/)
  writeFileSync(cluster, whole)

  const [segment = ''] = readdirSync(join(folder, 'log')).toSorted()
  renameSync(join(folder, 'log', segment), at(segment))
  await refuse(new RegExp(`${segment} is missing`))
  renameSync(at(segment), join(folder, 'log', segment))

  await refuse(/under the backup key/, { OPENWARD_BACKUP_KEY: newKey() })
  await refuse(/under the master key/, { OPENWARD_MASTER_KEY: newKey() })

  await refuse(/one of the embedded database, and DATABASE_URL is set/, { DATABASE_URL: 'postgres://nowhere.example/' })
  const full = await openward(hospital, ['restore', backups])
  assert.equal(full.code, 1)
  assert.match(full.output, /holds postgres and audit: a restore goes into an empty directory/)
})

test('a backup that is killed leaves none that counts, and neither does the end of PostgreSQL', async () => {
  const before_it = wholeBackups()
  const program = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'server/cli/main.ts')
  const child = spawn(process.execPath, [program, 'backup'], {
    cwd: hospital,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      OPENWARD_DATA_DIR: hospital,
      OPENWARD_TIMEZONE: 'UTC',
      ...environment,
    },
    stdio: 'ignore',
  })
  const making = () => readdirSync(join(backups, 'backups')).filter((name) => name.endsWith('.making'))
  await until('it has begun', () =>
    making().some((name) => existsSync(join(backups, 'backups', name, 'cluster.unfinished'))),
  )
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.deepEqual(wholeBackups(), before_it)
  assert.equal(making().length, 1)

  const [killed] = making()
  const struck = openward(hospital, ['backup'])
  await until('another has begun', () =>
    making().some((name) => name !== killed && existsSync(join(backups, 'backups', name, 'cluster.unfinished'))),
  )
  signalIfAlive(embeddedPostmaster(hospital) ?? 0, 'SIGKILL')
  assert.notEqual((await struck).code, 0)
  assert.deepEqual(wholeBackups(), before_it)

  await until('the database is back', () => embeddedPostmaster(hospital) !== undefined)
  await succeeds(hospital, 'backup', '--keep', '1')
  assert.equal(wholeBackups().length, 1)
  assert.deepEqual(making(), [])
  await succeeds(at('last'), 'restore', backups)
})
