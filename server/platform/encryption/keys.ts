// The keys that this process works with: system keys and index roots, read from the database and opened with the master
// key. They are read again every two seconds, so that a rotation reaches every server that is running.
import { certain } from '#platform/certain.ts'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { type Repeated, repeat } from '#platform/jobs/repeat.ts'
import type { Log } from '#platform/logging.ts'
import { newDataKey, openDataKey, type StoredDataKey } from './data-key.ts'
import { newIndexRoot, openIndexRoot, type StoredIndexRoot } from './index-root.ts'
import type { Keyring } from './keyring.ts'
import type { DataKey } from './sealing.ts'
import { createTokenizer, type IndexRoot, type Tokenizer } from './tokens.ts'

/** Each purpose has a key of its own. */
export const systemPurposes = ['users', 'mail', 'answers', 'audit', 'imports', 'webhooks'] as const
export type SystemPurpose = (typeof systemPurposes)[number]

const reloadEveryMilliseconds = 2000
/**
 * A server that could not read the index roots for so long neither writes nor searches tokens: a rotation that waits
 * longer than this knows that nobody works with the roots of before.
 */
export const rootsKnownForSeconds = 30

export type Keys = {
  keyring: Keyring
  /** The current key of a purpose. */
  system(purpose: SystemPurpose): DataKey
  /** All keys that a purpose has ever had, the current one first: for what cannot be made again with a new one. */
  everySystem(purpose: SystemPurpose): DataKey[]
  /** A system key by its id, current or not. @throws Problem unavailable for one that another server has just made */
  systemById(id: string): DataKey
  /** @throws Problem unavailable when the roots could not be read again for too long */
  tokenizer(table: 'patients' | 'users' | 'insurances'): Tokenizer
  /** Reads the keys again. */
  reload(): Promise<void>
  /** From now on the keys are read again and again. */
  follow(log: Log): Repeated
}

type Run = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

/**
 * Opens the keys, and makes those that are missing. Servers that start together agree by the unique indexes.
 * @throws KeyUnavailable, IntegrityError
 */
export async function openKeys(keyring: Keyring, transaction: Run): Promise<Keys> {
  let current = new Map<SystemPurpose, DataKey>()
  let byId = new Map<string, DataKey>()
  let every = new Map<SystemPurpose, DataKey[]>()
  let roots: IndexRoot[] = []
  let tokenizers = new Map<string, Tokenizer>()
  let loadedAt = 0
  let isFollowed = false

  async function load(tx: Tx) {
    const asked_at = performance.now()
    const [stored, storedRoots] = await Promise.all([
      tx.rows<StoredDataKey & { purpose: SystemPurpose; is_current: boolean }>(
        sql`select id, purpose, kek_id, wrapped, retired_at is null as is_current from system_keys`,
      ),
      tx.rows<StoredIndexRoot>(
        sql`select version, kek_id, wrapped from index_roots where retired_at is null order by version desc`,
      ),
    ])
    const opened = stored.map((row) => ({ ...row, key: byId.get(row.id) ?? openDataKey(keyring, row) }))
    const openedRoots = storedRoots.map((row) => openIndexRoot(keyring, row))
    byId = new Map(opened.map(({ id, key }) => [id, key]))
    current = new Map(opened.filter(({ is_current }) => is_current).map(({ purpose, key }) => [purpose, key]))
    const currentFirst = opened.toSorted((one, other) => Number(other.is_current) - Number(one.is_current))
    every = new Map(
      systemPurposes.map((name) => [
        name,
        currentFirst.filter(({ purpose }) => purpose === name).map(({ key }) => key),
      ]),
    )
    if (openedRoots.map(({ version }) => version).join() !== roots.map(({ version }) => version).join()) {
      roots = openedRoots
      tokenizers = new Map()
    }
    loadedAt = asked_at
  }

  async function makeMissing(tx: Tx) {
    for (const purpose of systemPurposes.filter((name) => !current.has(name))) {
      const { id, kek_id, wrapped } = newDataKey(keyring)
      await tx.run(sql`insert into system_keys (id, purpose, kek_id, wrapped) values (${id}, ${purpose}, ${kek_id}, ${wrapped})
                       on conflict do nothing`)
    }
    if (roots.length === 0) {
      const { version, kek_id, wrapped } = newIndexRoot(keyring, 1)
      await tx.run(
        sql`insert into index_roots (version, kek_id, wrapped) values (${version}, ${kek_id}, ${wrapped}) on conflict do nothing`,
      )
    }
  }

  async function reload() {
    await keyring.vault?.renew(transaction)
    await transaction(load)
  }
  await reload()
  if (roots.length === 0 || systemPurposes.some((purpose) => !current.has(purpose))) {
    await transaction(makeMissing)
    await reload()
  }

  return {
    keyring,
    system: (purpose) => certain(current.get(purpose), `system key for ${purpose}`),
    everySystem: (purpose) => every.get(purpose) ?? [],
    systemById(id) {
      const key = byId.get(id)
      if (key) return key
      // A reload that fails leaves the keys as they were, and the next one comes.
      void reload().catch(() => undefined)
      throw new Problem(
        unavailable,
        { retry_after_seconds: 1 },
        new Error('a system key that a row names is not known here'),
      )
    },
    tokenizer(table) {
      if (isFollowed && performance.now() - loadedAt > rootsKnownForSeconds * 1000)
        throw new Problem(unavailable, { retry_after_seconds: 2 }, new Error('the index roots could not be read again'))
      let tokenizer = tokenizers.get(table)
      if (!tokenizer) tokenizers.set(table, (tokenizer = createTokenizer(roots, table)))
      return tokenizer
    },
    reload,
    follow(log) {
      isFollowed = true
      return repeat({ name: 'keys', every_ms: reloadEveryMilliseconds, work: reload, log })
    },
  }
}
