// BR-01 to BR-05 with DATABASE_URL: a hospital in a PostgreSQL of its own, whose owner is no superuser, is backed up while it works and restored in another PostgreSQL.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { expectStatus, nextPerson } from '../hospital.ts'
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

async function upload(patient_id: string): Promise<string> {
  const form = new FormData()
  form.set('patient_id', patient_id)
  form.set('title', canary)
  form.set('file', new Blob([documentText], { type: 'text/plain' }), `${canary}.txt`)
  const headers = { authorization: `Bearer ${caller.tokens.access_token}` }
  const answer = await fetch(`http://127.0.0.1:${caller.port}/api/v1/documents`, {
    method: 'POST',
    headers,
    body: form,
  })
  assert.ok(answer.ok, `${answer.status}`)
  return ((await answer.json()) as { id: string }).id
}

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

let patient: Patient
let document_id: string
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
  document_id = await upload(patient.id)
})
after(async () => {
  await stopServer(server)
  await here?.stop()
  await elsewhere?.stop()
  await directory.remove()
})

test('a hospital in a database of its own is backed up while people write, and restored in another PostgreSQL', async (t) => {
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

  const restored_url = await emptyDatabase(elsewhere, 'restored')
  const told = await succeeds('restored', restored_url, 'restore', backups, '--verify')
  t.diagnostic(told)
  assert.match(told, /^\d+ tables with \d{4,} rows are what was backed up at .*Documents and audit log are whole\.$/m)
  const restored = await startServer({
    data_directory: at('restored'),
    environment: { ...environment, DATABASE_URL: restored_url },
  })
  try {
    const own = await signIn(restored.port)
    expectStatus(200, await own.ask('GET', `/api/v1/patients/${patient.id}`))
    assert.equal((await own.ask('GET', `/api/v1/documents/${document_id}/content`)).text, documentText)
    // Who was registered up to some moment is there, and nobody after it.
    const found = []
    for (const { id } of written) found.push((await own.ask('GET', `/api/v1/patients/${id}`)).status)
    assert.deepEqual(found, found.toSorted())
  } finally {
    await stopServer(restored)
  }
})
