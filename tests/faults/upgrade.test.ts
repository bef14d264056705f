// `openward upgrade` of programs that have another migration than this one: a good one, one that breaks, and one that goes through and
// leaves a server that cannot work.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { signIn } from '../caller.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { programOfNextVersion } from '../next-version.ts'
import { embeddedUrl, startServer, stopServer, temporaryDirectory } from '../processes.ts'

const directory = temporaryDirectory()
const hospital = join(directory.path, 'hospital')
const newKey = () => randomBytes(32).toString('base64')
const environment = {
  OPENWARD_MASTER_KEY: newKey(),
  OPENWARD_BACKUP_KEY: newKey(),
  OPENWARD_BACKUP_DIR: join(directory.path, 'backups'),
}
const good = 'create table later_things (id uuid primary key, note text);'

const programWith = (name: string, migrations: Record<string, string>) =>
  programOfNextVersion(join(directory.path, name), migrations)

async function upgrade(program: string, own: Record<string, string> = {}, words: string[] = []) {
  const child = spawn(process.execPath, [program, 'upgrade', ...words], {
    cwd: hospital,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: hospital,
      OPENWARD_DATA_DIR: hospital,
      OPENWARD_TIMEZONE: 'UTC',
      ...environment,
      ...own,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, output }
}

/** What the server of this version shows, and what lies in the database without it. */
async function look() {
  const server = await startServer({ data_directory: hospital, environment })
  try {
    const caller = await signIn(server.port)
    const { total } = expectStatus(200, await caller.ask('GET', '/api/v1/patients')) as { total: number }
    const client = new pg.Client({ connectionString: embeddedUrl(hospital) })
    await client.connect()
    const { rows } = await client.query<{ later: string | null; last: string }>(
      `select to_regclass('later_things')::text as later, (select max(name) from schema_migrations) as last`,
    )
    await client.end()
    return { total, later: rows[0]?.later ?? null, last: rows[0]?.last ?? '' }
  } finally {
    await stopServer(server)
  }
}

const failedIn = () => readdirSync(hospital).filter((name) => name.startsWith('postgres.'))
let last = ''
before(async () => {
  mkdirSync(hospital)
  const server = await startServer({ data_directory: hospital, environment })
  const caller = await signIn(server.port)
  for (let count = 0; count < 3; count += 1)
    assertStatus(await caller.ask('POST', '/api/v1/patients', nextPerson()), 201)
  await stopServer(server)
  ;({ last } = await look())
})
after(() => directory.remove())

test('an upgrade is refused while a server runs, without a folder for the backup, and where there is nothing to do it does nothing', async () => {
  const program = programWith('refused', { '9000_later.sql': good })
  const server = await startServer({ data_directory: hospital, environment })
  try {
    const { code, output } = await upgrade(program)
    assert.equal(code, 75, output)
    assert.match(output, /a server is at work/)
  } finally {
    await stopServer(server)
  }
  assert.equal((await upgrade(program, { OPENWARD_BACKUP_DIR: '' })).code, 2)
  assert.equal((await upgrade(program, { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' })).code, 1)
  const same = await upgrade(programWith('same', {}))
  assert.deepEqual([same.code, same.output], [0, 'The database is up to date: nothing is to be done.\n'])
  assert.ok(!existsSync(environment.OPENWARD_BACKUP_DIR))
})

test('a migration that breaks leaves everything as it was, the migrations before it too', async () => {
  const { code, output } = await upgrade(
    programWith('broken', {
      '9000_later.sql': good,
      '9001_broken.sql': `insert into later_things (id, note) values (uuidv7(), 'canary-4711'); select 'canary-4711'::integer;`,
    }),
  )
  assert.equal(code, 1, output)
  assert.match(output, /the migration 9001_broken does not go through: PostgreSQL refuses it with 22P02/)
  assert.match(output, /The database is as it was before/)
  assert.ok(!output.includes('canary'))
  assert.equal(failedIn().length, 1)
  assert.deepEqual(await look(), { total: 3, later: null, last })
})

test('migrations that go through and leave a server that does not answer are undone as well', async () => {
  const { code, output } = await upgrade(
    programWith('unhealthy', {
      '9000_later.sql': `${good} revoke select on doctors from openward_app;`,
    }),
  )
  assert.equal(code, 1, output)
  assert.match(output, /the server is not as it should be: GET \/api\/v1\/doctors answers 5\d\d/)
  assert.deepEqual(await look(), { total: 3, later: null, last })
})

test('an upgrade that goes well is there, with the backup of before beside it', async () => {
  const { code, output } = await upgrade(programWith('good', { '9000_later.sql': good }))
  assert.equal(code, 0, output)
  assert.match(output, /Upgraded by 1 migration, to 9000_later\. The backup of before is \S+/)
  assert.deepEqual(await look(), { total: 3, later: 'later_things', last: '9000_later' })
})
