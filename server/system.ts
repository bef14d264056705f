// What lives as long as the process: configuration, database, keys, the audit recorder. Shared by the server and the command line.
import { join } from 'node:path'
import { createAuditRecorder } from '#platform/audit/record.ts'
import { openSpool, withSpool } from '#platform/audit/spool.ts'
import { type Configuration, ConfigurationError } from '#platform/configuration.ts'
import type { System } from '#platform/context.ts'
import { openPool, type Pool, type PoolOptions, watchConnections } from '#platform/database/connection.ts'
import { appUrl, migrate } from '#platform/database/migrate.ts'
import { gather } from '#platform/database/gathered.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase, type Database } from '#platform/database/transaction.ts'
import { firstAccepted } from '#platform/database/passwords.ts'
import { deriveSecret, deriveSecrets, type Keyring } from '#platform/encryption/keyring.ts'
import { openKeys } from '#platform/encryption/keys.ts'
import { assertMasterKeyOpens } from '#platform/encryption/stored-keys.ts'
import type { Log } from '#platform/logging.ts'
import { openScanner } from '#platform/scanning/scanner.ts'
import { tracedScanner } from '#platform/tracing/traced-scanner.ts'
import { tracedStorage } from '#platform/tracing/traced-storage.ts'
import { openTracing, type Tracing } from '#platform/tracing/tracing.ts'
import { openStorage } from '#platform/storage/storage.ts'

import { ownVersion } from './version.ts'

export type OpenSystem = System & { close(): Promise<void> }
export type SystemOptions = {
  configuration: Configuration
  keyring: Keyring
  owner_url: string
  log: Log
  pool_size?: number
  /** How long a request waits for a connection before it is refused; 0: as long as it takes. */
  connection_wait_ms?: number
  migrated?: boolean
  /** The database is being made from a backup. */
  is_restoring?: boolean
  unsafe_fsync_off?: boolean
}

/** Two for the audit log, one for the health check, one for who signs out. */
const reserveSize = 4
/** Figures are asked for by few. */
const replicaSize = 4

/** Migrates the database unless told that it is, and opens what everything else stands on. */
export async function openSystem({
  configuration,
  keyring,
  owner_url,
  log,
  pool_size = 10,
  connection_wait_ms,
  migrated = false,
  is_restoring = false,
  unsafe_fsync_off = false,
}: SystemOptions): Promise<OpenSystem> {
  const app_password = databasePassword(keyring)
  if (!migrated) {
    await migrate({
      owner_url,
      app_password,
      log: (line) => log.info(line),
      inspect: (client) => assertMasterKeyOpens(client, keyring),
      is_restoring,
    })
  }
  const passwords = () => deriveSecrets(keyring, passwordPurpose).map((secret) => secret.toString('base64url'))
  const connections = {
    url: appUrl(owner_url, app_password),
    wait_ms: connection_wait_ms,
    on_error: (error: Error) => log.warn({ err: error }, 'a database connection broke'),
    password:
      // The keys of a vault are replaced while the server runs.
      keyring.vault || keyring.keks.length > 1
        ? () => firstAccepted(passwords(), (password) => appUrl(owner_url, password))
        : undefined,
  }
  const watch = watchConnections(connections, (isAway) =>
    isAway
      ? log.error('the database does not answer: requests are refused until it does')
      : log.info('the database answers again'),
  )
  const pool = openPool({ ...connections, size: pool_size, name: 'openward', watch })
  const reserve = openPool({ ...connections, size: reserveSize, name: 'openward-reserve', watch })
  await assertPromises(pool, unsafe_fsync_off)
  const replica = openReplica(configuration, connections)
  const recorder = createAuditRecorder(reserve)
  const database = systemDatabase({ pool })
  const keys = await openKeys(keyring, (work) => database.transaction(work))
  const spool = openSpool({ directory: join(configuration.data_directory, 'audit-spool'), keys, log, recorder })
  const tracing = await openTracing(configuration, ownVersion(), log)
  return {
    configuration,
    pool,
    reserve,
    keys,
    recorder: withSpool(recorder, spool, log),
    spool,
    gathered: gather(pool),
    replica,
    ...openTraced(configuration, tracing),
    tracing,
    log,
    close: async () =>
      void (await Promise.all([pool.end(), reserve.end(), replica?.end(), watch.close(), tracing?.close()])),
  }
}

/** Under spans of their own, where there are traces: a request has them under its own. */
function openTraced(configuration: Configuration, tracing: Tracing | undefined): Pick<System, 'storage' | 'scanner'> {
  const [storage, scanner] = [openStorage(configuration), openScanner(configuration)]
  if (!tracing) return { storage, scanner }
  const begin = (name: string) => tracing.begin(name, 'client')
  return { storage: tracedStorage(storage, begin), scanner: scanner && tracedScanner(scanner, begin) }
}

/** The replica has the roles of the primary: the passwords that fit there fit here. */
function openReplica(
  { replica_url }: Configuration,
  { url, ...connections }: Pick<PoolOptions, 'url' | 'on_error' | 'password'>,
): Pool | undefined {
  if (replica_url === undefined) return undefined
  const { password } = new URL(url)
  const replica = { ...connections, url: appUrl(replica_url, decodeURIComponent(password)) }
  return openPool({ ...replica, size: replicaSize, name: 'openward-figures' })
}

const passwordPurpose = 'database role'

export function databasePassword(keyring: Keyring): string {
  return deriveSecret(keyring, passwordPurpose).toString('base64url')
}

/** The database for the system's own work: every patient, nobody signed in. Its audit entries say `system`. */
export function systemDatabase({ pool }: Pick<System, 'pool'>): Database {
  return scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('all')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'system', ...entry }) },
  )
}

/** @throws ConfigurationError when the database would lose acknowledged writes, or would let this process pass its rules by */
async function assertPromises(pool: System['pool'], unsafeFsyncOff: boolean) {
  const { rows } = await pool.query<{ synchronous_commit: string; fsync: string; bypasses: boolean; owns: boolean }>(`
    select current_setting('synchronous_commit') as synchronous_commit, current_setting('fsync') as fsync,
           rolsuper or rolbypassrls as bypasses, exists (select from pg_class where pg_has_role(relowner, 'usage')) as owns
      from pg_roles where rolname = current_user`)
  const state = rows[0]
  if (!state || state.bypasses || state.owns)
    throw new ConfigurationError([
      'the role that serves requests (openward_app_…) must own nothing and obey row-level security: take from it what it owns, superuser and bypassrls',
    ])
  if (state.synchronous_commit === 'off' || (state.fsync === 'off' && !unsafeFsyncOff)) {
    throw new ConfigurationError([
      'PostgreSQL runs with synchronous_commit or fsync off and would lose acknowledged records: turn both on',
    ])
  }
}
