// For the audit log's tests: an empty migrated database of their own, a key, a place to publish to, and entries to seal.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import pg from 'pg'
import { migrate } from '#platform/database/migrate.ts'
import type { RootPublisher } from './publish.ts'
import { createRootSigner, type RootSigner, type SignedRoot } from './root.ts'
import { sealAudit } from './seal.ts'
import { testAppPassword } from '../../testing.ts'

const { TEST_DATABASE_URL } = process.env

/** The tests' signer and the keys that trust it. */
export function createTestSigner() {
  const signer = createRootSigner(generateKeyPairSync('ed25519').privateKey)
  return { signer, keys: new Map([[signer.key_id, signer.public_key]]) }
}

export function publishToMemory() {
  const published: SignedRoot[] = []
  const publisher: RootPublisher = {
    last: async () => published.at(-1),
    publish: async (roots) => void published.push(...roots),
  }
  return { published, publisher }
}

/** A database for one test. `owner` is a superuser; `connect` opens more connections, as the application's role if asked. */
export async function startAuditDatabase() {
  assert.ok(TEST_DATABASE_URL, 'TEST_DATABASE_URL names a superuser of a running PostgreSQL')
  const url = new URL(TEST_DATABASE_URL)
  url.pathname = `/audit_${randomUUID().replaceAll('-', '')}`
  const name = url.pathname.slice(1)
  await asAdmin(`create database ${name} template ${await template()}`)
  const clients: pg.Client[] = []
  async function connect(role?: 'openward_app'): Promise<pg.Client> {
    const client = await open(url.href)
    clients.push(client)
    if (role !== undefined) await client.query(`set role ${role}`)
    return client
  }
  return {
    owner: await connect(),
    connect,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end()))
      await asAdmin(`drop database ${name} with (force)`)
    },
  }
}

/** Commits entries, all different, in one transaction, and returns their ids in the order of the log. */
export async function insertEntries(client: pg.Client, count: number): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `insert into audit_logs (user_id, role, session_id, ip_address, user_agent, action, resource_type, resource_id, patient_id,
                             outcome, purpose, correlation_id, key_id, sealed_changes, details)
     select uuidv7(), 'nurse', uuidv7(), '192.0.2.7', 'test', 'read', 'patient', uuidv7(), uuidv7(),
            'success', 'TREAT', 'c-' || n, uuidv7(), '\\x010203', jsonb_build_object('count', n, 'fields', '["phone"]'::jsonb)
       from generate_series(1, $1::integer) n
     returning id`,
    [count],
  )
  return rows.map(({ id }) => id).sort()
}

/** Seals until `count` entries are: a transaction of another database that ends just then may hold the horizon back once. */
export async function sealExactly(count: number, client: pg.Client, signer: RootSigner, publisher: RootPublisher) {
  let sealed = 0
  for (let runs = 0; sealed < count && runs < 5000; runs++)
    sealed += (await sealAudit(client, signer, publisher)).sealed
  assert.equal(sealed, count)
}

/** What `startSealedLog` starts. */
export type SealedLog = Awaited<ReturnType<typeof startSealedLog>>

/**
 * A log of 30 entries under three roots, of 10, 20 and 30 entries: its database, keys, published roots, and the ids of its
 * entries (entry 1 is `ids[0]`).
 */
export async function startSealedLog() {
  const database = await startAuditDatabase()
  const { signer, keys } = createTestSigner()
  const { published, publisher } = publishToMemory()
  const ids: string[] = []
  for (let root = 0; root < 3; root++) {
    ids.push(...(await insertEntries(database.owner, 10)))
    await sealExactly(10, database.owner, signer, publisher)
  }
  return { ...database, signer, keys, published, publisher, ids }
}

let migrated: Promise<string> | undefined
function template(): Promise<string> {
  migrated ??= (async () => {
    const name = `audit_template_${process.pid}`
    await asAdmin(`drop database if exists ${name}`)
    await asAdmin(`create database ${name}`)
    const url = new URL(TEST_DATABASE_URL ?? '')
    url.pathname = `/${name}`
    await migrate({ owner_url: url.href, app_password: testAppPassword })
    process.once('beforeExit', () => void asAdmin(`drop database if exists ${name}`))
    return name
  })()
  return migrated
}

async function asAdmin(statement: string): Promise<void> {
  const client = await open(TEST_DATABASE_URL ?? '')
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Somebody in the middle of a change to another database of the same cluster. */
export async function startForeignTransaction() {
  const client = await open(TEST_DATABASE_URL ?? '')
  await client.query('begin')
  await client.query('select pg_current_xact_id()')
  return { [Symbol.asyncDispose]: () => client.end() }
}

async function open(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  return client
}
