// FA-06: with the server and its database gone, who is here and what they are given is read with the break-glass key, and is in the audit
// log once both are back.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Caller, signIn } from '../caller.ts'
import { createDepartment, createDoctor, expectStatus, made, nextPerson } from '../hospital.ts'
import {
  embeddedPostmaster,
  embeddedUrl,
  isAlive,
  runOpenward,
  type ServerProcess,
  signalIfAlive,
  startServer,
  stopServer,
  temporaryDirectory,
  until,
} from '../processes.ts'

const directory = temporaryDirectory()
/** As a laptop of the ward would be: nothing of the hospital but the files that were carried there. */
const elsewhere = temporaryDirectory()
const copies_in = join(directory.path, 'emergency')
const key_file = join(elsewhere.path, 'break-glass.key')
const passphrase_file = join(elsewhere.path, 'passphrase')
const person = nextPerson()
let environment: Record<string, string>
let server: ServerProcess
let administrator: Caller
let patient_id: string

const openward = (...words: string[]) => {
  const data_directory = elsewhere.path
  return runOpenward({ data_directory, environment: { OPENWARD_DATA_DIR: '/nowhere' } }, 'emergency', ...words)
}
const opening = (path: string, ...words: string[]) =>
  openward('open', path, '--key', key_file, '--passphrase-file', passphrase_file, ...words)
const because = ['--by', 'Night nurse', '--reason', 'The server room is flooded']
const files = () => readdirSync(copies_in).filter((name) => name.endsWith('.emergency'))

before(async () => {
  writeFileSync(passphrase_file, 'marble otter lantern quay\n')
  const key = await openward('key', '--out', key_file, '--passphrase-file', passphrase_file)
  assert.equal(key.code, 0, key.output)
  const [public_key = ''] = key.output.split('\n')
  environment = { OPENWARD_EMERGENCY_DIR: copies_in, OPENWARD_EMERGENCY_KEY: public_key, LOG_LEVEL: 'warn' }
  const options = { data_directory: directory.path, environment }
  server = await startServer(options)
  administrator = await signIn(server.port)
  const department_id = await createDepartment(administrator, 'Harbour')
  const doctor = await createDoctor(administrator, { department_id })
  patient_id = (await made(administrator, 'POST', '/patients', { ...person, force: true })).id
  await made(administrator, 'POST', '/visits', {
    patient_id,
    department_id,
    doctor_id: doctor.doctor_id,
    type: 'inpatient',
  })
  await made(doctor.caller, 'POST', `/patients/${patient_id}/allergies`, {
    substance: 'Penicillin',
    severity: 'severe',
  })
  const medicine = {
    name: 'Paracetamol',
    dosage: '500 mg',
    route: 'oral',
    frequency: 'every 8 hours',
    duration_days: 5,
    quantity: 15,
  }
  const draft = await made(doctor.caller, 'POST', '/prescriptions', { patient_id, medicines: [medicine] })
  await made(doctor.caller, 'POST', `/prescriptions/${draft.id}/sign`, {})
  const bed = { type: 'bed', name: 'Bed 12', code: 'H12', ward: 'Quay', department_id }
  const { id } = await made(administrator, 'POST', '/resources', bed)
  await made(administrator, 'POST', `/resources/${id}/assign`, { patient_id })
  // The next start makes the next copy.
  await stopServer(server)
  server = await startServer({ ...options, port: server.port })
  await until('there is a copy with them', () => files().some((name) => name.startsWith('harbour-')))
})

after(async () => {
  await stopServer(server)
  await directory.remove()
  await elsewhere.remove()
})

test('with server and database killed, the list of who is here is read with the key alone, and is in the audit log once they are back', async () => {
  await until('health says that they are made', async () => {
    const ready = (await (await fetch(`http://127.0.0.1:${server.port}/health/ready`)).json()) as {
      parts: Record<string, { status: string }>
    }
    return ready.parts['emergency_copies']?.status === 'ok'
  })
  const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
  assert.match(metrics, /^openward_emergency_copy_age_seconds \d/m)

  const postmaster = embeddedPostmaster(directory.path)
  assert.ok(postmaster)
  server.kill('SIGKILL')
  await server.ended
  signalIfAlive(postmaster, 'SIGQUIT')
  await until('PostgreSQL is gone', () => !isAlive(postmaster))
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/health/live`))

  const listed = await openward('list', copies_in)
  assert.equal(listed.code, 0, listed.output)
  assert.match(listed.output, /Z {2}Harbour +harbour-/)
  const name = files().find((one) => one.startsWith('harbour-')) ?? ''
  const path = join(copies_in, name)
  assert.ok(!readFileSync(path, 'latin1').includes(person.last_name))

  const nameless = await opening(path)
  assert.equal(nameless.code, 2, 'nobody opens it without saying who and why')
  assert.ok(!nameless.output.includes(person.last_name))
  writeFileSync(join(elsewhere.path, 'wrong'), 'not the passphrase of it')
  const wrong = await openward(
    'open',
    path,
    '--key',
    key_file,
    '--passphrase-file',
    join(elsewhere.path, 'wrong'),
    ...because,
  )
  assert.deepEqual([wrong.code, wrong.output.includes(person.last_name)], [1, false])
  const unnoted = await opening(path, ...because, '--note-in', join(passphrase_file, 'no-folder'))
  assert.deepEqual([unnoted.code, unnoted.output.includes(person.last_name)], [1, false])

  const shown = await opening(path, ...because)
  assert.equal(shown.code, 0, shown.output)
  for (const told of [
    person.last_name,
    person.first_name,
    person.date_of_birth,
    'Quay, Bed 12',
    'Penicillin (severe)',
    'Paracetamol, 500 mg',
  ])
    assert.ok(shown.output.includes(told), told)
  assert.ok(!shown.output.includes('WARNING'))

  // Carried to another machine on a medium that cannot be written, and printed.
  const carried = join(elsewhere.path, 'carried')
  mkdirSync(carried)
  writeFileSync(join(carried, name), readFileSync(path))
  chmodSync(carried, 0o500)
  const page = join(elsewhere.path, 'page.html')
  const notes = join(elsewhere.path, 'notes')
  mkdirSync(notes)
  const printed = await opening(join(carried, name), ...because, '--html', page, '--note-in', notes)
  assert.equal(printed.code, 0, printed.output)
  assert.ok(readFileSync(page, 'utf8').includes(person.last_name) && !printed.output.includes(person.last_name))

  server = await startServer({ data_directory: directory.path, environment, port: server.port })
  const owner = new pg.Client({ connectionString: embeddedUrl(directory.path) })
  await owner.connect()
  const entries = async () => {
    const { rows } = await owner.query<{ purpose: string; opened_at: string; timestamp: string }>(
      `select purpose, details ->> 'opened_at' as opened_at, to_char(timestamp at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SSZ') as timestamp
         from audit_logs where action = 'emergency_copy.open' and patient_id = $1`,
      [patient_id],
    )
    return rows
  }
  try {
    await until('the opening is in the audit log', async () => (await entries()).length > 0)
    const [entry, ...others] = await entries()
    assert.deepEqual(others, [])
    assert.equal(entry?.purpose, 'BTG')
    assert.ok(Temporal.Instant.compare(entry.opened_at, entry.timestamp) < 0)
    const reported = await runOpenward({ data_directory: directory.path, environment }, 'emergency', 'report', notes)
    assert.equal(reported.code, 0, reported.output)
    assert.match(reported.output, /: 1\n/)
    assert.equal((await entries()).length, 2)
    const doctor = await runOpenward({ data_directory: directory.path, environment }, 'doctor')
    assert.equal(doctor.code, 0, doctor.output)
    for (const name of ['emergency copies', 'durability of the database', 'audit log'])
      assert.match(doctor.output, new RegExp(`^ok    ${name}$`, 'm'))
  } finally {
    await owner.end()
  }
  const log = await (await signIn(server.port)).ask('GET', `/api/v1/patients/${patient_id}/access-log?limit=100`)
  const seen = expectStatus(200, log) as { items: { action: string; purpose: string | null }[] }
  assert.equal(
    seen.items.filter(({ action, purpose }) => action === 'emergency_copy.open' && purpose === 'BTG').length,
    2,
  )
})

test('an old copy is shown with a warning of its age', async () => {
  // The command as it would run an hour later: the clock of its process is ahead.
  const name = files().find((one) => one.startsWith('harbour-')) ?? ''
  const program = join(dirname(import.meta.dirname), '../server/cli/main.ts')
  const ahead =
    'data:text/javascript,const now=Temporal.Now.instant;Temporal.Now.instant=()=>now.call(Temporal.Now).add({hours:1})'
  const words = [
    'emergency',
    'open',
    join(copies_in, name),
    '--key',
    key_file,
    '--passphrase-file',
    passphrase_file,
    ...because,
  ]
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', ahead, program, ...words], {
    encoding: 'utf8',
    cwd: elsewhere.path,
  })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /WARNING: this copy is (60|61) minutes old/)
  assert.ok(stdout.includes(person.last_name))
})
