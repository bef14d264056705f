// The embedded PostgreSQL with real processes, really killed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded.ts'

const posix_only = { skip: process.platform === 'win32' }
const root_only = { skip: process.getuid?.() !== 0 }
const superuser_password = "it's a/secret @ 100%"

test('a first start makes a cluster whose settings keep what was acknowledged', async (t) => {
  const { db } = await started(t)
  const expected = {
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    data_checksums: 'on',
    server_encoding: 'UTF8',
    TimeZone: 'UTC',
    listen_addresses: '127.0.0.1',
    max_connections: '100',
    jit: 'off',
    password_encryption: 'scram-sha-256',
    log_statement: 'none',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length_on_error: '0',
  }
  const rows = await query<{ name: string; setting: string }>(
    db,
    `select name, setting from pg_settings where name = any('{${Object.keys(expected).join(',')}}')`,
  )
  assert.deepEqual(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), expected)
  const [locale] = await query(db, `select datlocprovider, datlocale from pg_database where datname = 'template1'`)
  assert.deepEqual(locale, { datlocprovider: 'b', datlocale: 'C.UTF-8' })
})

test('the password is left in no file, and every session must give it', async (t) => {
  const { db, directory } = await started(t)
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, entry)
    if (statSync(path).isFile()) assert.ok(!readFileSync(path).includes(superuser_password), entry)
  }
  const methods = await query<{ auth_method: string }>(db, 'select distinct auth_method from pg_hba_file_rules')
  assert.deepEqual(methods, [{ auth_method: 'scram-sha-256' }])
})

test('a warm start has the same data on the same port', async (t) => {
  const { db, directory, start } = await started(t)
  await query(db, 'create table kept as select 42 as value')
  await db.stop()
  const again = await start()
  assert.equal(again.port, db.port)
  assert.deepEqual(await query(again, 'select value from kept'), [{ value: 42 }])
  assert.ok(existsSync(join(directory, 'cluster', 'PG_VERSION')))
})

test('a killed PostgreSQL is restarted on its port and has lost no acknowledged row', async (t) => {
  const { db, line } = await started(t)
  await query(db, 'create table ledger (entry int primary key)')
  for (const round of [1, 2, 3]) {
    await query(db, `insert into ledger values (${round})`)
    const restarted = line('is ready again')
    process.kill(postmasterPid(db), 'SIGKILL')
    assert.match(await restarted, new RegExp(`:${db.port}$`))
    assert.deepEqual(await query(db, 'select count(*)::int from ledger'), [{ count: round }])
  }
})

test('a killed PostgreSQL that cannot be restarted for a while is restarted when the cause is mended', async (t) => {
  const { start, line } = await prepared(t)
  const db = await start({ restart_pauses_ms: [0, 50] })
  const away = `${db.data_directory}.away`
  const pid = postmasterPid(db)
  renameSync(db.data_directory, away)
  process.kill(pid, 'SIGKILL')
  for (let failed = 0; failed < 5; failed += 1) await line('could not be restarted')
  const restarted = line('is ready again')
  renameSync(away, db.data_directory)
  await restarted
  assert.equal((await query(db, 'select 1 as value')).length, 1)
})

test('a PostgreSQL that outlived its killed server is joined by the next one', async (t) => {
  const { directory, start } = await prepared(t)
  const url = await startAndDie(directory)
  const [before] = await query({ superuser_url: url }, 'select pg_postmaster_start_time()::text as started')
  const db = await start()
  assert.equal(db.superuser_url, url)
  assert.deepEqual(await query(db, 'select pg_postmaster_start_time()::text as started'), [before])
})

test('a start right after server and PostgreSQL were killed gets past the lock that they left', async (t) => {
  const { directory, start } = await prepared(t)
  const url = await startAndDie(directory)
  await query({ superuser_url: url }, 'create table kept as select 1 as value')
  process.kill(postmasterPid({ data_directory: join(directory, 'cluster') }), 'SIGKILL')
  assert.deepEqual(await query(await start(), 'select value from kept'), [{ value: 1 }])
})

test('the last of several users stops it, and no other', async (t) => {
  const { directory, start } = await prepared(t)
  const other = spawnUser(directory)
  t.after(() => other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  const db = await start()
  await db.stop()
  assert.equal((await query(db, 'select 1 as value')).length, 1)
  other.stdin.end()
  assert.deepEqual(await once(other, 'exit'), [0, null])
  await assert.rejects(query(db, 'select 1'), { code: 'ECONNREFUSED' })
})

test('simultaneous first starts make one cluster', async (t) => {
  const { directory } = await prepared(t)
  const users = [1, 2, 3].map(() => spawnUser(directory))
  const urls = await Promise.all(users.map(async (user) => String(await once(user.stdout, 'data'))))
  assert.equal(new Set(urls).size, 1)
  for (const user of users) user.stdin.end()
  assert.deepEqual(await Promise.all(users.map((user) => once(user, 'exit'))), [
    [0, null],
    [0, null],
    [0, null],
  ])
})

test('the server log holds nothing of what clients send', async (t) => {
  const { db, directory } = await started(t)
  assert.equal(existsSync(join(directory, 'cluster', 'log')), false)
  await query(db, 'create table people (name text unique, born date)')
  await query(db, "insert into people values ('Fonseca')")
  for (const statement of [
    "insert into people values ('Fonseca')",
    "insert into people values ('x', 'Fonseca')",
    'select Fonseca',
    "do $$ begin raise warning 'Fonseca'; raise exception 'Fonseca'; end $$",
    'select pg_terminate_backend(pg_backend_pid()) /* Fonseca */',
  ]) {
    await assert.rejects(query(db, statement))
  }
  await db.stop()
  const log = readFileSync(join(directory, 'server.log'), 'utf8')
  assert.match(log, /database system is shut down/)
  assert.doesNotMatch(log, /fonseca/i)
})

test('a kept port that another program took is given up for a free one; a fixed one is refused by name', async (t) => {
  const { db, start } = await started(t)
  await db.stop()
  const squatter = createServer().listen(db.port, '127.0.0.1')
  await once(squatter, 'listening')
  t.after(() => squatter.close())
  await assert.rejects(start({ port: db.port }), new RegExp(`did not start on port ${db.port}: .*could not bind`, 's'))
  const elsewhere = await start()
  assert.notEqual(elsewhere.port, db.port)
  assert.equal((await query(elsewhere, 'select 1 as value')).length, 1)
})

test('another superuser password than the first is named as the cause', async (t) => {
  const { start } = await started(t)
  await assert.rejects(start({ superuser_password: 'another' }), /was made with another superuser password/)
})

test('a cluster for tests gives up what it need not keep, and server messages that became many are begun anew', async (t) => {
  const { directory, start } = await prepared(t)
  writeFileSync(join(directory, 'server.log'), 'x'.repeat(5_000_001))
  const db = await start({ durability: 'unsafe_lost_at_crash' })
  assert.deepEqual(await query(db, 'show fsync'), [{ fsync: 'off' }])
  assert.deepEqual(await query(db, 'show synchronous_commit'), [{ synchronous_commit: 'on' }])
  assert.equal(statSync(join(directory, 'server.log.1')).size, 5_000_001)
  assert.match(readFileSync(join(directory, 'server.log'), 'utf8'), /^.{0,99}starting PostgreSQL/)
})

test('a restart that fails is told and done again', async (t) => {
  const { db, line } = await started(t)
  const lock = join(db.data_directory, 'postmaster.pid')
  const failed = line('could not be restarted')
  const restarted = line('is ready again')
  process.kill(postmasterPid(db), 'SIGKILL')
  writeFileSync(lock, 'nobody\n')
  assert.match(await failed, /bogus data in lock file/)
  rmSync(lock)
  await restarted
  assert.equal((await query(db, 'select 1 as value')).length, 1)
})

test('a stop in the midst of a restart is a stop', async (t) => {
  const { db, directory, line } = await started(t)
  const restarting = line('restarting it')
  process.kill(postmasterPid(db), 'SIGKILL')
  await restarting
  await db.stop()
  await assert.rejects(query(db, 'select 1'), { code: 'ECONNREFUSED' })
  assert.deepEqual(readdirSync(join(directory, 'claims')), [])
})

test('a PostgreSQL that outlived its server on another port than the one that is fixed now is moved there', async (t) => {
  const { directory, start, line } = await prepared(t)
  const before = new URL(await startAndDie(directory)).port
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  const told = line('restarting it')
  const db = await start({ port })
  assert.match(await told, new RegExp(`runs on port ${before}, not ${port}`))
  assert.equal(db.port, port)
  assert.equal((await query(db, 'select 1 as value')).length, 1)
})

test('a start that takes longer than it may is told as that, and the next one joins what it began', async (t) => {
  const { directory, start } = await prepared(t)
  await assert.rejects(start({ recovery_patience_ms: 0 }), /did not start on port \d+: it is still starting/)
  assert.ok(existsSync(join(directory, 'cluster', 'PG_VERSION')))
  assert.equal((await query(await start(), 'select 1 as value')).length, 1)
})

test('a lock file of PostgreSQL that holds no number is named as the cause', async (t) => {
  const { db, start } = await started(t)
  await db.stop()
  const lock = join(db.data_directory, 'postmaster.pid')
  writeFileSync(lock, 'nobody\n')
  await assert.rejects(start(), /did not start on port \d+: .*bogus data in lock file/s)
  rmSync(lock)
  assert.equal((await query(await start(), 'select 1 as value')).length, 1)
})

test(
  'a cluster that cannot be made is told with what PostgreSQL says, and made once it can be',
  posix_only,
  async (t) => {
    const { directory, start } = await prepared(t)
    // As on a disk that is full: no file becomes as long as the first one of the log, which has 16 MB.
    const user = spawn('sh', ['-c', 'ulimit -f 12000; exec "$0" "$@"', process.execPath, ...userOf(directory)])
    const [said] = await Promise.all([text(user.stderr), once(user, 'exit')])
    assert.match(said, /cannot run here: initdb failed: .*File too large.*Alternatively set DATABASE_URL/)
    assert.deepEqual(
      readdirSync(directory).filter((name) => name === 'password' || name === 'cluster'),
      [],
    )
    assert.equal((await query(await start(), 'select 1 as value')).length, 1)
  },
)

test('a folder of a user without a name is refused with the number of that user', root_only, async (t) => {
  const { directory, start } = await prepared(t)
  chownSync(directory, 54_321, 54_321)
  await assert.rejects(start(), {
    name: 'EmbeddedDatabaseUnavailable',
    message: /needs an account with a name, and uid 54321 has none/,
  })
})

test('a folder whose path is longer than PostgreSQL takes is refused with what to do', async (t) => {
  const { start } = await prepared(t, Array.from({ length: 5 }, () => 'a'.repeat(200)).join('/'))
  await assert.rejects(start(), {
    name: 'EmbeddedDatabaseUnavailable',
    message: /so long a path: let OPENWARD_DATA_DIR be one of at most 870 bytes/,
  })
})

test('root reaches a cluster below folders closed to all others', root_only, async (t) => {
  const { db, directory } = await started(t, join('data', 'postgres'))
  assert.equal(statSync(join(directory, '..', '..')).mode & 0o777, 0o700)
  assert.notEqual(statSync(db.data_directory).uid, 0)
  assert.equal((await query(db, 'select 1 as value')).length, 1)
})

async function prepared(t: TestContext, place = 'postgres') {
  const top = mkdtempSync(join(tmpdir(), 'openward-embedded-'))
  const directory = join(top, place)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const waiting: { text: string; resolve: (line: string) => void }[] = []
  const running: EmbeddedPostgres[] = []
  const log = (line: string) => {
    for (const one of waiting.filter((candidate) => line.includes(candidate.text))) one.resolve(line)
  }
  t.after(async () => {
    for (const db of running) if (existsSync(join(directory, 'claims'))) await db.stop()
    rmSync(top, { recursive: true, force: true })
  })
  return {
    directory,
    /** The next line of the supervisor's log that holds this text. */
    line: (text: string) => new Promise<string>((resolve) => waiting.push({ text, resolve })),
    start: async (options: Partial<EmbeddedPostgresOptions> = {}) => {
      const db = await startEmbeddedPostgres({ directory, superuser_password, log, ...options })
      running.push(db)
      return db
    },
  }
}

async function started(t: TestContext, place?: string) {
  const context = await prepared(t, place)
  return { ...context, db: await context.start() }
}

async function query<Row extends pg.QueryResultRow>(db: { superuser_url: string }, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: db.superuser_url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

function postmasterPid(db: { data_directory: string }) {
  return Number(readFileSync(join(db.data_directory, 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** Another process that uses the database until its input ends; prints the superuser's URL when ready. */
function spawnUser(directory: string) {
  return spawn(process.execPath, userOf(directory), { stdio: ['pipe', 'pipe', 'inherit'] })
}

function userOf(directory: string) {
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)}
    const [directory, superuser_password] = process.argv.slice(1)
    const db = await startEmbeddedPostgres({ directory, superuser_password, log() {} })
    process.stdout.write(db.superuser_url)
    process.stdin.on('end', () => db.stop()).resume()`
  return ['--input-type=module', '--eval', program, directory, superuser_password]
}

async function startAndDie(directory: string): Promise<string> {
  const user = spawnUser(directory)
  const [output] = await Promise.all([
    text(user.stdout),
    once(user.stdout, 'data').then(() => user.kill('SIGKILL')),
    once(user, 'exit'),
  ])
  return output
}
