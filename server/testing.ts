// For tests: the real application on a database of its own, cloned from a template in milliseconds, and people signed in to it.
import { createHash, randomUUID, randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type ClientAnswer, createClient, type Send } from '#platform/contract/client.ts'
import { type InvalidMember, Problem, type ProblemKind } from '#platform/contract/problem.ts'
import { type Configuration, readConfiguration } from '#platform/configuration.ts'
import { appRole, ensureAppRole, migrate, readMigrations } from '#platform/database/migrate.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { type Keyring, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { sealJson } from '#platform/encryption/sealing.ts'
import { createLog } from '#platform/logging.ts'
import { findSessionRights, openAuthentication } from '#modules/identity'
import { buildApp } from './app.ts'
import { databasePassword, openSystem, systemDatabase } from './system.ts'

/** A fixed key, so that every test process gives the cluster's one application role the same password. */
export const testMasterKey = createHash('sha256').update('a key for tests only').digest('base64')
const keyring: Keyring = parseMasterKeys(testMasterKey)
/** Of the application role, which all databases of the cluster share: a test that sets another breaks all others. */
export const testAppPassword = databasePassword(keyring)

export type Person = {
  user_id: string
  session_id: string
  token: string
  department_id?: string
  doctor_id?: string
  patient_id?: string
  call: ReturnType<typeof createClient>
  /** The raw answer, for headers and refusals that a typed call hides. */
  send: Send
}
export type PersonOptions = {
  department_id?: string
  doctor?: boolean | { specialization?: string }
  patient_id?: string
  idle_limit?: string
}

export type TestApi = Awaited<ReturnType<typeof startTestApi>>

/** Starts the whole application on an empty, migrated database. `overrides` replaces parts of the configuration. */
export async function startTestApi(overrides: Partial<Configuration> = {}) {
  const data_directory = mkdtempSync(join(tmpdir(), 'openward-test-'))
  const owner_url = await createTestDatabase()
  const configuration: Configuration = {
    ...readConfiguration({
      OPENWARD_TIMEZONE: 'America/New_York',
      OPENWARD_RATE_LIMIT: 'off',
      LOG_LEVEL: process.env.OPENWARD_TEST_LOG ?? 'silent',
    }),
    data_directory,
    storage: { folder: join(data_directory, 'documents') },
    // A busy machine is no overload that a test is about, here and in the wait for a connection.
    shed_load: false,
    ...overrides,
  }
  const system = await openSystem({
    configuration,
    keyring,
    owner_url,
    log: createLog(configuration.log_level),
    pool_size: 8,
    connection_wait_ms: 0,
    migrated: true,
    unsafe_fsync_off: true,
  })
  const app = await buildApp(system)
  await app.http.ready()
  const authentication = await openAuthentication(system)
  // Whatever a test that failed still holds fails the next one, and does not stop all of them.
  const owner = new pg.Pool({ connectionString: owner_url, max: 2, options: '-c lock_timeout=60000' })
  owner.on('error', () => undefined)
  const database = systemDatabase(system)

  const send: Send = async ({ method, url, headers, body }) => {
    const reply = await app.http.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) })
    return { status: reply.statusCode, headers: reply.headers as ClientAnswer['headers'], text: reply.body }
  }
  const as =
    (token: string): Send =>
    (request) =>
      send({ ...request, headers: { authorization: `Bearer ${token}`, ...request.headers } })

  async function signIn(user_id: string, idle_limit = '30 minutes'): Promise<{ session_id: string; token: string }> {
    const session_id = randomUUIDv7()
    const rights = await database.transaction(async (tx) => {
      await tx.run(sql`insert into sessions (id, user_id, idle_limit, expires_at, method)
                       values (${session_id}, ${user_id}, ${idle_limit}::interval, now() + interval '12 hours', 'test')`)
      return tx.first(findSessionRights(session_id))
    })
    if (!rights) throw new Error('the test user cannot sign in')
    return { session_id, token: authentication.issue({ session_id, rights }) }
  }

  /** Someone with this role, signed in; with a doctor profile or a patient record where asked. */
  async function person(role: string, options: PersonOptions = {}): Promise<Person> {
    const user_id = randomUUIDv7()
    const key = system.keys.system('users')
    const profile = { first_name: 'Test', last_name: role, email: `${user_id}@example.test`, username: user_id }
    const sealed = sealJson(key, { table: 'users', column: 'sealed_profile', row_id: user_id }, profile)
    const doctor_id = options.doctor ? randomUUIDv7() : undefined
    const { specialization = 'cardiology' } = typeof options.doctor === 'object' ? options.doctor : {}
    await database.transaction(async (tx) => {
      await tx.run(sql`insert into users (id, key_id, sealed_profile, role, department_id)
                       values (${user_id}, ${key.id}, ${sealed}, ${role}, ${options.department_id ?? null})`)
      if (doctor_id) {
        await tx.run(sql`insert into doctors (id, user_id, first_name, last_name, specialization, license_number, department_id, location, timezone)
                         values (${doctor_id}, ${user_id}, 'Ada', 'Heart', ${specialization}, ${doctor_id.slice(0, 23)}, ${options.department_id ?? null}, 'Main building', 'America/New_York')`)
      }
      if (options.patient_id) {
        await tx.run(
          sql`insert into patients_of_users (user_id, patient_id) values (${user_id}, ${options.patient_id})`,
        )
      }
    })
    const { session_id, token } = await signIn(user_id, options.idle_limit)
    return {
      user_id,
      session_id,
      token,
      ...(options.department_id ? { department_id: options.department_id } : {}),
      ...(doctor_id ? { doctor_id } : {}),
      ...(options.patient_id ? { patient_id: options.patient_id } : {}),
      call: createClient(as(token)),
      send: as(token),
    }
  }

  async function department(name = `Department ${randomUUID().slice(0, 8)}`): Promise<string> {
    const row = await database.once((tx) =>
      tx.first<{ id: string }>(
        sql`insert into departments (name, code) values (${name}, ${randomUUID()}) returning id`,
      ),
    )
    return row?.id ?? ''
  }

  /** A patient with nothing but a name, past the API; for tests that are not about registration. */
  async function patient({
    first_name = 'Amalia',
    last_name = 'Testperson',
    date_of_birth = '1980-01-01',
  } = {}): Promise<string> {
    const id = randomUUIDv7()
    const key = newDataKey(keyring)
    const card = { first_name, middle_name: null, last_name, date_of_birth, ssn_masked: null, national_id_masked: null }
    const contact = { phone_primary: null, phone_secondary: null, email: null, address: null }
    const place = (column: string) => ({ table: 'patients', column, row_id: id })
    await database.transaction(async (tx) => {
      await tx.run(
        sql`insert into patient_keys (id, patient_id, kek_id, wrapped) values (${key.id}, ${id}, ${key.kek_id}, ${key.wrapped})`,
      )
      await tx.run(sql`
        insert into patients (id, patient_number, key_id, sealed_card, sealed_contact, gender, is_complete, registered_date)
        values (${id}, openward.next_number('patient_numbers', 'PT', current_date), ${key.id},
                ${sealJson(key, place('sealed_card'), card)}, ${sealJson(key, place('sealed_contact'), contact)}, 'UNKNOWN', false, current_date)`)
    })
    return id
  }

  return {
    system,
    app,
    patient,
    configuration,
    database,
    owner_url,
    send,
    call: createClient(send),
    signIn,
    person,
    department,
    /** Until so many sessions of this database wait for a lock; fails where they never do. */
    async untilWaiting(count = 1) {
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      for (let asked = 0; asked < 20_000; asked += 1) if (((await owner.query(waiting)).rowCount ?? 0) >= count) return
      throw new Error(`nobody, or fewer than ${count}, came to wait for a lock`)
    },
    /** Rows as the owner of the database sees them, past row-level security. */
    rows: async <Row>(statement: Sql<Row>): Promise<Row[]> =>
      (await owner.query({ text: statement.text, values: [...statement.values] })).rows as Row[],
    async [Symbol.asyncDispose]() {
      await app.stop()
      await system.close()
      await owner.end()
      await dropTestDatabase(owner_url)
      rmSync(data_directory, { recursive: true, force: true })
    },
  }
}

/** For `assert.rejects`: the call was refused with this kind of problem, and names these members where given. */
export function refusedWith(kind: ProblemKind, ...paths: string[]) {
  return (error: unknown) => {
    if (!(error instanceof Problem) || error.kind.code !== kind.code || error.kind.status !== kind.status) return false
    const named = ((error.members.errors as InvalidMember[] | undefined) ?? []).map(({ path }) => path)
    return paths.every((path) => named.includes(path))
  }
}

/** An empty, migrated database; its owner's URL. */
export async function createTestDatabase(): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await admin(`create database ${name} template ${await template()}`)
  const owner = new pg.Client({ connectionString: urlOf(name) })
  await owner.connect()
  try {
    await ensureAppRole(owner, testAppPassword)
  } finally {
    await owner.end()
  }
  return urlOf(name)
}

export async function dropTestDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  await admin(`drop database if exists ${name} with (force)`)
  await admin(`drop role if exists ${appRole(name)}`)
}

function urlOf(name: string): string {
  const server = process.env.TEST_DATABASE_URL
  if (!server)
    throw new Error(
      'TEST_DATABASE_URL is not set: run tests with `npm test`, or start `node bin/openward.mjs test-database`',
    )
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** One template for all test files of these migrations: made by whoever comes first. */
let made: Promise<string> | undefined
function template(): Promise<string> {
  made ??= (async () => {
    const all = createHash('sha256')
      .update(
        readMigrations()
          .map(({ checksum }) => checksum)
          .join('\n'),
      )
      .digest('hex')
    const name = `template_${all.slice(0, 20)}`
    const client = new pg.Client({ connectionString: urlOf('postgres') })
    await client.connect()
    try {
      await client.query('select pg_advisory_lock(7203441002)')
      const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [name])
      if (rowCount === 0) {
        await client.query(`drop database if exists ${name} with (force)`)
        await client.query(`create database ${name}`)
        await migrate({ owner_url: urlOf(name), app_password: testAppPassword })
        await client.query(`alter database ${name} is_template true`)
      }
      return name
    } finally {
      await client.end()
    }
  })()
  return made
}

async function admin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf('postgres') })
  await client.connect()
  try {
    // A template cannot be copied while another session is still leaving it.
    for (let attempt = 1; ; attempt += 1) {
      try {
        await client.query(statement)
        return
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code !== '55006' || attempt > 50) throw error
        await client.query('select pg_sleep(0.05)')
      }
    }
  } finally {
    await client.end()
  }
}
