// Brings the embedded database to the version of this program: backed up first, then migrated, then looked at; where either of these
// fails, put back as it was.
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { type ClusterManifest, holdsRows } from '#platform/backup/repository.ts'
import { restoreCluster } from '#platform/backup/restore-cluster.ts'
import type { Configuration } from '#platform/configuration.ts'
import { isDatabaseError } from '#platform/database/connection.ts'
import { MigrationError, readMigrations } from '#platform/database/migrate.ts'
import type { Log } from '#platform/logging.ts'
import type { Check } from '#platform/module.ts'
import { serviceNames } from '#platform/services/variables.ts'
import { buildApp } from '../app.ts'
import { openDatabase, openKeyring, type Place, readBackupKeyring, readKeyring } from '../place.ts'
import { openSystem, type OpenSystem } from '../system.ts'
import { backUp } from './making.ts'

export type UpgradeOptions = {
  configuration: Configuration
  /** Where the backup goes. */
  root: string
  log: Log
  say: (line: string) => void
}
export type Upgraded = { migrations: string[]; backup_id: string | undefined }

/** Nothing was changed. */
export class UpgradeRefused extends Error {}

/** It was tried, did not go well, and everything is as it was. */
export class UpgradeUndone extends Error {
  /** Where the database lies on which it failed. */
  readonly left_in: string
  constructor(message: string, leftIn: string, cause: unknown) {
    super(message, { cause })
    this.left_in = leftIn
  }
}

/** It was tried, did not go well, and the database is between two versions. */
export class UpgradeStuck extends Error {
  readonly backup_id: string
  constructor(message: string, backupId: string, cause: unknown) {
    super(message, { cause })
    this.backup_id = backupId
  }
}

class Unhealthy extends Error {}

/** Of requests that any server of this version must answer, whatever a hospital holds. */
const asked = ['/health/ready', '/openapi.json', '/api/v1/doctors?limit=1']
/** A machine that has just written a backup may be too busy to answer at once, which is no reason to go back. */
const [looks, pause_ms] = [10, 2000]

/** @throws UpgradeRefused, UpgradeUndone, UpgradeStuck, BackupFailed where nothing was changed yet, ConfigurationError */
export async function upgrade({ configuration, root, log, say }: UpgradeOptions): Promise<Upgraded> {
  if (!existsSync(join(configuration.data_directory, 'postgres')))
    throw new UpgradeRefused(
      `there is no database in ${configuration.data_directory}: start the server, which makes one`,
    )
  const place = await openDatabase(configuration, log)
  let isOpen = true
  const close = async () => {
    if (isOpen) await place.close()
    isOpen = false
  }
  try {
    const { pending, servers } = await inspect(place.owner_url)
    if (servers > 0)
      throw new UpgradeRefused(
        'a server is at work on this database: stop it, so that nothing is written that would be lost',
      )
    if (pending.length === 0) return { migrations: [], backup_id: undefined }
    say(`missing migrations: ${pending.length}. A backup is made first`)
    const manifest = await backUp(configuration, place, root, say)
    if (holdsRows(manifest)) throw new UpgradeRefused('only the embedded database is put back where an upgrade fails')
    try {
      await migrateAndLook(configuration, place, log, say)
    } catch (error) {
      const reason = await reasonOf(error, place.owner_url, pending)
      say(`${reason}. The database is put back as it was`)
      await close()
      const left = await putBack(configuration, root, manifest, say).catch((failure: unknown) => {
        throw new UpgradeStuck(
          `${reason}, and the database could not be put back: ${failure instanceof Error ? failure.message : 'unknown'}`,
          manifest.id,
          failure,
        )
      })
      throw new UpgradeUndone(reason, left, error)
    }
    return { migrations: pending, backup_id: manifest.id }
  } finally {
    await close()
  }
}

async function inspect(owner_url: string): Promise<{ pending: string[]; servers: number }> {
  return withOwner(owner_url, async (owner) => {
    const { rows } = await owner.query<{ servers: number }>(`
      select count(*)::int as servers from pg_stat_activity
       where datname = current_database() and application_name like 'openward%' and pid <> pg_backend_pid()`)
    return { pending: await pendingOf(owner), servers: rows[0]?.servers ?? 0 }
  })
}

async function pendingOf(owner: pg.Client): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>('select name from schema_migrations')
  const applied = new Set(rows.map(({ name }) => name))
  return readMigrations().flatMap(({ name }) => (applied.has(name) ? [] : [name]))
}

/** No job runs and nothing is sent while it is looked at: what was done then would be done again after the database was put back. */
async function migrateAndLook(
  configuration: Configuration,
  place: Omit<Place, 'keyring'>,
  log: Log,
  say: UpgradeOptions['say'],
) {
  const system = await openSystem({
    configuration: { ...configuration, services: [...serviceNames], service_urls: new Map() },
    keyring: await openKeyring(configuration, readKeyring(configuration), place.owner_url),
    owner_url: place.owner_url,
    log,
    pool_size: 4,
  })
  try {
    say('migrated. A server of this version is asked whether it is ready')
    await look(system)
  } finally {
    await system.close()
  }
}

/** @throws Unhealthy */
async function look(system: OpenSystem) {
  const app = await buildApp(system)
  try {
    await app.http.ready()
    for (const url of asked) {
      let answer = await app.http.inject(url)
      for (let look = 1; answer.statusCode === 503 && look < looks; look += 1) {
        await wait(pause_ms)
        answer = await app.http.inject(url)
      }
      if (answer.statusCode === 200) continue
      const { parts = {} } = url === '/health/ready' ? (answer.json() as { parts?: Record<string, Check> }) : {}
      const down = Object.entries(parts).flatMap(([name, { status }]) => (status === 'down' ? [name] : []))
      throw new Unhealthy(
        `GET ${url.split('?', 1)[0]} answers ${answer.statusCode}${down.length > 0 ? ` (${down.join(', ')})` : ''}`,
      )
    }
  } finally {
    await app.stop()
  }
}

/** In words that hold no value: what PostgreSQL says of a row that it refuses may quote it. */
async function reasonOf(error: unknown, owner_url: string, pending: readonly string[]): Promise<string> {
  if (error instanceof Unhealthy) return `the server is not as it should be: ${error.message}`
  const left = await withOwner(owner_url, pendingOf).catch(() => pending)
  const said = isDatabaseError(error)
    ? `PostgreSQL refuses it with ${error.code}`
    : error instanceof MigrationError
      ? error.message
      : error instanceof Error
        ? error.name
        : 'unknown'
  return left.length > 0
    ? `the migration ${left[0]} does not go through: ${said}`
    : `the server does not come up: ${said}`
}

/** Returns where the database lies on which the upgrade failed. */
async function putBack(
  configuration: Configuration,
  root: string,
  manifest: ClusterManifest,
  say: UpgradeOptions['say'],
): Promise<string> {
  const { data_directory } = configuration
  const [current, restoring] = [join(data_directory, 'postgres'), join(data_directory, 'postgres.restoring')]
  await rm(restoring, { recursive: true, force: true })
  const database = await restoreCluster({
    keyring: readBackupKeyring(configuration),
    root,
    manifest,
    directory: restoring,
    at: undefined,
    is_verified: true,
    log: say,
  })
  await database.stop()
  const left = `${current}.failed-${manifest.id}`
  await rename(current, left)
  await rename(restoring, current)
  return left
}

async function withOwner<T>(owner_url: string, work: (owner: pg.Client) => Promise<T>): Promise<T> {
  const owner = new pg.Client({
    connectionString: owner_url,
    connectionTimeoutMillis: 10_000,
    application_name: 'openward upgrade',
  })
  owner.on('error', () => undefined)
  await owner.connect()
  try {
    return await work(owner)
  } finally {
    await owner.end()
  }
}
