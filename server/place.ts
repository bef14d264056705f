// Where an installation lives: its master key and its database, the embedded one or that of DATABASE_URL.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type Configuration, ConfigurationError } from '#platform/configuration.ts'
import { isOpenLine } from '#platform/database/address.ts'
import { startEmbeddedPostgres } from '#platform/database/embedded/embedded.ts'
import { assertReachable } from '#platform/database/reachable.ts'
import { generateMasterKey, type Keyring, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { openVaultKeyring } from '#platform/encryption/vault-keyring.ts'
import { openVault } from '#platform/encryption/vault.ts'
import type { Log } from '#platform/logging.ts'

export type Place = {
  keyring: Keyring
  owner_url: string
  /** PostgreSQL's own data directory, where the database is the embedded one. */
  cluster_directory: string | undefined
  close(): Promise<void>
}

/** Reads the keys and starts (or joins) the database. @throws ConfigurationError, EmbeddedDatabaseUnavailable, DatabaseUnavailable, VaultUnavailable */
export async function openPlace(configuration: Configuration, log: Log): Promise<Place> {
  mkdirSync(configuration.data_directory, { recursive: true, mode: 0o700 })
  // Master keys that are wrong are told before a database is started.
  const given = readKeyring(configuration)
  const database = await openDatabase(configuration, log)
  try {
    return { keyring: await openKeyring(configuration, given, database.owner_url), ...database }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The keys of this database. @throws ConfigurationError, VaultUnavailable */
export async function openKeyring(
  { kms_urls }: Configuration,
  given: Keyring | undefined,
  owner_url: string,
): Promise<Keyring> {
  if (kms_urls.length > 0) {
    const owner = new pg.Client({ connectionString: owner_url, connectionTimeoutMillis: 5000 })
    owner.on('error', () => undefined)
    await owner.connect()
    try {
      return await openVaultKeyring({ vault: openVault({ keys: kms_urls }), given, owner })
    } finally {
      await owner.end()
    }
  }
  if (!given) throw new ConfigurationError(['there is neither OPENWARD_MASTER_KEY nor OPENWARD_KMS_URL: set one'])
  return given
}

/** Starts (or joins) the database, for work that needs no key. @throws EmbeddedDatabaseUnavailable, DatabaseUnavailable */
export async function openDatabase(configuration: Configuration, log: Log): Promise<Omit<Place, 'keyring'>> {
  const { database_url } = configuration
  if (database_url !== undefined) {
    await assertReachable('DATABASE_URL', database_url)
    if (configuration.production && isOpenLine(database_url))
      log.warn(
        'DATABASE_URL leads to another machine, and the line is not encrypted: add sslmode=verify-full, or sslmode=disable if nobody can read along',
      )
    return { owner_url: database_url, cluster_directory: undefined, close: async () => undefined }
  }
  const embedded = await startEmbeddedPostgres({
    directory: join(configuration.data_directory, 'postgres'),
    superuser_password: secretFile(configuration, passwordFile, () => randomBytes(24).toString('base64url')),
    log: (line) => log.info(line),
  })
  const { data_directory: cluster_directory } = embedded
  return { owner_url: embedded.superuser_url, cluster_directory, close: () => embedded.stop() }
}

/** Of the embedded database's superuser. */
export const passwordFile = 'embedded-postgres.password'

/** The key that backups are sealed under; in development one is made. @throws ConfigurationError */
export function readBackupKeyring(configuration: Configuration): Keyring {
  const isGiven = configuration.backup_keys !== undefined || existsSync(keyFile(configuration, 'backup.key'))
  if (configuration.production && !isGiven)
    throw new ConfigurationError([
      'OPENWARD_BACKUP_KEY or OPENWARD_BACKUP_KEY_FILE must be set for backups in production: make one with `openward keys generate`',
    ])
  const text = configuration.backup_keys ?? secretFile(configuration, 'backup.key', generateMasterKey)
  return parseKeys('OPENWARD_BACKUP_KEY', text)
}

export const keyFile = ({ data_directory }: Configuration, name: string) => join(data_directory, 'keys', name)

/** None is made where a vault keeps the keys; one that is there still counts. */
export function readKeyring(configuration: Configuration): Keyring | undefined {
  const isMade = existsSync(join(configuration.data_directory, 'keys', 'master.key'))
  const text =
    configuration.master_keys ??
    (configuration.kms_urls.length === 0 || (isMade && !configuration.production)
      ? secretFile(configuration, 'master.key', generateMasterKey)
      : undefined)
  if (text === undefined) return undefined
  return parseKeys('OPENWARD_MASTER_KEY', text)
}

function parseKeys(variable: string, text: string): Keyring {
  try {
    return parseMasterKeys(text)
  } catch (error) {
    throw new ConfigurationError([`${variable}: ${error instanceof Error ? error.message : 'cannot be read'}`])
  }
}

/** A secret of development, made once: production is given its master key and never comes here for it. */
export function secretFile(configuration: Configuration, name: string, make: () => string): string {
  const directory = join(configuration.data_directory, 'keys')
  const path = keyFile(configuration, name)
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    try {
      writeFileSync(path, `${make()}\n`, { mode: 0o600, flag: 'wx' })
    } catch (error) {
      // Two processes start at once: the first one's secret counts.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
  return readFileSync(path, 'utf8').trim()
}
