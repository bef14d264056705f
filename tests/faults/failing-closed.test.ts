// Rows 23, 24, 25 and 26: a key that is missing or wrong, a value that was altered, a log that cannot be written or was changed.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { freePort, runOpenward, type ServerProcess, spawnServer, stopServer, until } from '../processes.ts'

let cluster: Cluster
let server: ServerProcess
let caller: Caller

before(async () => {
  cluster = await startCluster()
  server = await cluster.serve()
  caller = await signIn(server.port)
})
after(() => cluster?.stop())

type Person = ReturnType<typeof nextPerson>
async function register(person: Person = nextPerson()): Promise<Person & { id: string }> {
  const made = expectStatus(201, await caller.ask('POST', '/api/v1/patients', { ...person, force: true })) as {
    id: string
  }
  return { ...person, id: made.id }
}
const patients = async () =>
  (await cluster.rows<{ count: number }>('select count(*)::int as count from patients'))[0]?.count

for (const { name, key } of [
  { name: 'another master key than the records were sealed with', key: randomBytes(32).toString('base64') },
  { name: 'a master key that is none', key: 'c2hvcnQ=' },
]) {
  test(`a server with ${name} refuses to start, and tells why without the key`, async () => {
    const data_directory = join(cluster.directory, `wrong-${randomUUID().slice(0, 8)}`)
    mkdirSync(data_directory)
    const wrong = spawnServer({
      data_directory,
      port: await freePort(),
      environment: { ...cluster.environment, OPENWARD_MASTER_KEY: key },
    })
    const { code } = await wrong.ended
    assert.notEqual(code, 0)
    assert.match(wrong.output(), /key/i)
    assert.ok(!wrong.output().includes(key))
    assertStatus(await caller.ask('GET', `/api/v1/patients/${(await register()).id}`), 200)
  })
}

test('a server whose key of backups is none serves nothing, and leaves no database running', async () => {
  const data_directory = join(cluster.directory, `backup-key-${randomUUID().slice(0, 8)}`)
  mkdirSync(data_directory)
  const wrong = spawnServer({
    data_directory,
    port: await freePort(),
    environment: { OPENWARD_BACKUP_DIR: join(cluster.directory, 'backups'), OPENWARD_BACKUP_KEY: 'c2hvcnQ=' },
  })
  const { code } = await wrong.ended
  assert.equal(code, 78)
  assert.match(wrong.output(), /OPENWARD_BACKUP_KEY/)
  assert.doesNotMatch(wrong.output(), /OpenWard serves on|c2hvcnQ=/)
  assert.ok(existsSync(join(data_directory, 'postgres/cluster/PG_VERSION')))
  assert.ok(!existsSync(join(data_directory, 'postgres/cluster/postmaster.pid')))
})

test('an altered sealed value is an integrity error of that record alone, and never read as something else', async () => {
  const [altered, moved, whole] = [await register(), await register(), await register()]
  await cluster.rows(
    `update patients set sealed_card = set_byte(sealed_card, length(sealed_card) - 1, get_byte(sealed_card, length(sealed_card) - 1) # 1)
      where id = $1`,
    [altered.id],
  )
  // A value moved from another record opens with no key of this one.
  await cluster.rows(
    'update patients set sealed_contact = (select sealed_contact from patients where id = $2) where id = $1',
    [moved.id, whole.id],
  )
  for (const { id } of [altered, moved]) {
    const answer = await caller.ask('GET', `/api/v1/patients/${id}`)
    assertStatus(answer, 500)
    assert.match(answer.text, /"integrity_error"/)
  }
  assertStatus(await caller.ask('GET', `/api/v1/patients/${whole.id}`), 200)
  const list = expectStatus(200, await caller.ask('GET', '/api/v1/patients?limit=100')) as {
    items: { id: string; is_readable: boolean; last_name: string | null }[]
  }
  const shown = list.items.find(({ id }) => id === altered.id)
  assert.deepEqual([shown?.is_readable, shown?.last_name], [false, null])
  assert.equal(list.items.find(({ id }) => id === whole.id)?.is_readable, true)
  assert.match(server.output(), /integrity/i)
  await cluster.rows('delete from patient_tokens where patient_id = any($1)', [[altered.id, moved.id]])
})

test('while the audit log takes no entry nothing is shown and nothing is stored', async () => {
  const person = await register()
  await cluster.rows(`create function refuse_entry() returns trigger language plpgsql as $$ begin raise 'full'; end $$`)
  await cluster.rows('create trigger refuse before insert on audit_logs for each row execute function refuse_entry()')
  const count = await patients()
  try {
    for (const answer of [
      await caller.ask('GET', `/api/v1/patients/${person.id}`),
      await caller.ask('GET', '/api/v1/patients'),
      await caller.ask('POST', '/api/v1/patients/search', { phone: person.phone_primary }),
      await caller.ask('POST', '/api/v1/patients', { ...nextPerson(), force: true }),
      await caller.ask(
        'POST',
        '/api/v1/patients',
        { ...nextPerson(), force: true },
        { 'idempotency-key': randomUUID() },
      ),
      await caller.ask('PATCH', `/api/v1/patients/${person.id}`, { occupation: 'Unseen' }),
    ]) {
      assertStatus(answer, 503)
      assert.ok(!answer.text.includes(person.last_name))
    }
    assert.equal(await patients(), count)
  } finally {
    await cluster.rows('drop trigger refuse on audit_logs')
    await cluster.rows('drop function refuse_entry()')
  }
  const now = expectStatus(200, await caller.ask('GET', `/api/v1/patients/${person.id}`)) as {
    occupation: string | null
  }
  assert.equal(now.occupation, null)
})

test('a row of the audit log that a superuser altered, removed or added is named', async () => {
  const verify = () =>
    runOpenward({ data_directory: cluster.directory, environment: cluster.environment }, 'audit', 'verify')
  const verdict = async (code: number) => {
    const { output, ...ended } = await verify()
    assert.equal(ended.code, code, output)
    return output
  }
  const { id } = await register()
  const [entry] = await cluster.rows<{ id: string }>(
    `select id from audit_logs where action = 'patient.register' and patient_id = $1`,
    [id],
  )
  assert.ok(entry)
  await until('the entry is sealed', async () => {
    return (await cluster.rows('select from audit_leaves where entry_id = $1', [entry.id])).length === 1
  })
  await verdict(0)

  await cluster.rows(`update audit_logs set action = 'patient.read' where id = $1`, [entry.id])
  assert.match(await verdict(1), new RegExp(`First: .*${entry.id}.: altered`))
  await cluster.rows(`update audit_logs set action = 'patient.register' where id = $1`, [entry.id])

  await cluster.rows('create table taken as select * from audit_logs where id = $1', [entry.id])
  await cluster.rows('delete from audit_logs where id = $1', [entry.id])
  assert.match(await verdict(1), new RegExp(`First: .*${entry.id}.: removed`))
  await cluster.rows('insert into audit_logs select * from taken')

  // One that pretends to have been there: a later number would only be an entry that is not sealed yet.
  const [added] = await cluster.rows<{ id: string }>(
    `update taken set id = uuidv7(), action = 'patient.read' returning id::text`,
  )
  await cluster.rows('insert into audit_logs select * from taken')
  assert.match(await verdict(1), new RegExp(`First: .*${added?.id}.: added`))
  await cluster.rows('delete from audit_logs where id = $1', [added?.id])
  await verdict(0)
})

test('what a command writes while no server runs is sealed by a command', async () => {
  const openward = (...words: string[]) =>
    runOpenward({ data_directory: cluster.directory, environment: cluster.environment }, ...words)
  await stopServer(server)
  await openward('audit', 'seal')
  const nia = ['--email', 'nia@example.org', '--role', 'nurse', '--first-name', 'Nia', '--last-name', 'Okoye']
  assert.equal((await openward('user', 'create', ...nia)).code, 0)
  assert.match((await openward('audit', 'verify')).output, /whole, 1 not sealed yet/)
  const sealed = await openward('audit', 'seal')
  assert.deepEqual(sealed, { code: 0, output: 'Sealed: 1\n' })
  assert.match((await openward('audit', 'verify')).output, /whole, 0 not sealed yet/)
  assert.deepEqual(await openward('audit', 'seal'), { code: 0, output: 'There was nothing to seal.\n' })
})
