// AU-03 and rows 7 and 25: while the audit log takes no entry, emergency access alone is shown, and is in the log once in the end.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, createDoctor, expectStatus, nextPerson } from '../hospital.ts'
import { runOpenward, type ServerProcess, until } from '../processes.ts'

let cluster: Cluster
let data_directory: string
let spool: string
let server: ServerProcess
let administrator: Caller
let doctor: Caller
let person: ReturnType<typeof nextPerson>
let url: string

const serve = () => cluster.serve({ environment: { OPENWARD_DATA_DIR: data_directory } })

before(async () => {
  cluster = await startCluster()
  data_directory = join(cluster.directory, 'hospital')
  spool = join(data_directory, 'audit-spool')
  mkdirSync(data_directory)
  server = await serve()
  administrator = await signIn(server.port)
  const { caller } = await createDoctor(administrator)
  doctor = caller
  person = nextPerson()
  const body = { ...person, force: true }
  const made = expectStatus(201, await administrator.ask('POST', '/api/v1/patients', body)) as { id: string }
  url = `/api/v1/patients/${made.id}`
  assertStatus(await doctor.ask('GET', url), 404)
  const reason = 'Unconscious in the emergency room, allergies needed'
  assertStatus(await doctor.ask('POST', `${url}/emergency-access`, { reason }), 201)
})
after(() => cluster?.stop())
afterEach(mend)

async function breakLog(): Promise<void> {
  await cluster.rows(`create function refuse_entry() returns trigger language plpgsql as $$ begin raise 'full'; end $$`)
  await cluster.rows('create trigger refuse before insert on audit_logs for each row execute function refuse_entry()')
}

async function mend(): Promise<void> {
  await cluster.rows('drop function if exists refuse_entry() cascade')
}

const kept = () => (existsSync(spool) ? readdirSync(spool) : [])
const read = (who: Caller, correlation_id: string = randomUUID()) =>
  who.at(server.port).ask('GET', url, undefined, { 'x-correlation-id': correlation_id })

type Entry = { purpose: string; details: { spooled?: boolean; read_at?: string }; written_at: string }
const entriesOf = (correlation_id: string) =>
  cluster.rows<Entry>(
    `select purpose, details, to_char(timestamp at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as written_at
       from audit_logs where correlation_id = $1`,
    [correlation_id],
  )

async function parts(): Promise<Record<string, { status: string; detail?: string }>> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/health/ready`)
  return ((await answer.json()) as { parts: Record<string, { status: string }> }).parts
}

async function killAndRestart(): Promise<void> {
  server.kill('SIGKILL')
  await server.ended
  server = await serve()
}

async function untilEntered(): Promise<void> {
  await until('the spool is empty', () => kept().length === 0)
}

test('an emergency read that the log cannot take is shown, kept sealed on the disk, and entered once, also over kill -9', async () => {
  const correlation_id = randomUUID()
  await breakLog()
  const began_at = Temporal.Now.instant()
  const shown = expectStatus(200, await read(doctor, correlation_id)) as { last_name: string }
  const ended_at = Temporal.Now.instant()
  assert.equal(shown.last_name, person.last_name)
  assertStatus(await read(administrator), 503)
  const reason = 'Still unconscious'
  assertStatus(await doctor.ask('POST', `${url}/emergency-access`, { reason }), 503)
  assertStatus(await doctor.ask('PATCH', url, { occupation: 'Unrecorded' }), 503)

  const [name = '', ...more] = kept()
  assert.deepEqual(more, [])
  assert.equal(statSync(spool).mode & 0o777, 0o700)
  assert.equal(statSync(join(spool, name)).mode & 0o777, 0o600)
  const file = JSON.parse(readFileSync(join(spool, name), 'utf8')) as Record<string, string>
  assert.deepEqual(Object.keys(file), ['id', 'key_id', 'sealed'])
  const bytes =
    readFileSync(join(spool, name), 'latin1') + Buffer.from(file['sealed'] ?? '', 'base64').toString('latin1')
  for (const told of [person.last_name, person.first_name, correlation_id, '127.0.0.1', url.slice(-36)])
    assert.ok(!bytes.includes(told), told)
  const copy = join(cluster.directory, 'copy')
  copyFileSync(join(spool, name), copy)

  await killAndRestart()
  await until('health says degraded', async () => (await parts())['audit_spool']?.status === 'degraded')
  assert.deepEqual(await entriesOf(correlation_id), [])
  assert.deepEqual(kept(), [name])

  await mend()
  await untilEntered()
  const [entry, ...others] = await entriesOf(correlation_id)
  assert.deepEqual(others, [])
  assert.equal(entry?.purpose, 'BTG')
  assert.equal(entry.details.spooled, true)
  const read_at = Temporal.Instant.from(entry.details.read_at ?? '')
  assert.ok(Temporal.Instant.compare(began_at, read_at) <= 0 && Temporal.Instant.compare(read_at, ended_at) <= 0)
  assert.ok(Temporal.Instant.compare(entry.written_at, ended_at) > 0, 'the log says when it was entered')
  await until('health says ok', async () => (await parts())['audit_spool']?.status === 'ok')

  // As if it had been killed after the entry had committed and before the file was removed.
  copyFileSync(copy, join(spool, name))
  await killAndRestart()
  await untilEntered()
  assert.equal((await entriesOf(correlation_id)).length, 1)
  const proof = await runOpenward({ data_directory, environment: cluster.environment }, 'audit', 'verify')
  assert.equal(proof.code, 0, proof.output)
})

test('an emergency read whose entry may have been written all the same is in the log once', async () => {
  const correlation_id = randomUUID()
  const holder = await cluster.owner.connect()
  try {
    await holder.query('begin')
    await holder.query('lock table audit_logs in share mode')
    assertStatus(await read(doctor, correlation_id), 200)
    assert.equal(kept().length, 1)
    assertStatus(await read(administrator), 503)
  } finally {
    await holder.query('rollback')
    holder.release()
  }
  await untilEntered()
  assert.equal((await entriesOf(correlation_id)).length, 1)
})

test('an emergency read that can be kept nowhere is refused', async () => {
  await untilEntered()
  rmSync(spool, { recursive: true, force: true })
  writeFileSync(spool, '')
  try {
    await breakLog()
    const refused = await read(doctor)
    assertStatus(refused, 503)
    assert.ok(!refused.text.includes(person.last_name))
    await until('health says degraded', async () => (await parts())['audit_spool']?.status === 'degraded')
  } finally {
    rmSync(spool)
  }
})

test('a kept entry that was altered stays where it is, is told, and holds up no other', async () => {
  const correlation_id = randomUUID()
  await breakLog()
  assertStatus(await read(doctor), 200)
  const [altered = ''] = kept()
  const file = JSON.parse(readFileSync(join(spool, altered), 'utf8')) as { sealed: string }
  const sealed = Buffer.from(file.sealed, 'base64')
  sealed.writeUInt8((sealed.at(-1) ?? 0) ^ 1, sealed.length - 1)
  writeFileSync(join(spool, altered), JSON.stringify({ ...file, sealed: sealed.toString('base64') }))
  assertStatus(await read(doctor, correlation_id), 200)
  await mend()
  await until('the other is entered', () => kept().length === 1)
  assert.deepEqual(kept(), [altered])
  assert.equal((await entriesOf(correlation_id)).length, 1)
  await until('it is told', () => /was altered and cannot be entered/.test(server.output()))
  await until('health says degraded', async () => (await parts())['audit_spool']?.status === 'degraded')
  rmSync(join(spool, altered))
})

test('a read that is not by emergency access alone is never kept: it is refused', async () => {
  await breakLog()
  assertStatus(await read(administrator), 503)
  assertStatus(await doctor.at(server.port).ask('GET', '/api/v1/patients'), 503)
  assert.deepEqual(kept(), [])
})
