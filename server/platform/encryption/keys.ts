// The keys that this process works with: system keys and index roots, read from the database at start and opened with
// the master key. A key that another server made since is read when it is first met.
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { newDataKey, openDataKey, type StoredDataKey } from './data-key.ts'
import { newIndexRoot, openIndexRoot, type StoredIndexRoot } from './index-root.ts'
import type { Keyring } from './keyring.ts'
import type { DataKey } from './sealing.ts'
import { createTokenizer, type IndexRoot, type Tokenizer } from './tokens.ts'

/** Each purpose has a key of its own. */
export const systemPurposes = ['users', 'mail', 'answers', 'audit'] as const
export type SystemPurpose = (typeof systemPurposes)[number]

export type Keys = {
  keyring: Keyring
  /** The current key of a purpose. */
  system(purpose: SystemPurpose): DataKey
  /** A system key by its id, current or not. @throws Error when there is no such key */
  systemById(id: string): DataKey
  tokenizer(table: 'patients' | 'users' | 'insurances'): Tokenizer
  reload(): Promise<void>
}

type Run = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>

/** Opens the keys, and makes those that are missing. Servers that start together agree by the unique indexes. */
export async function openKeys(keyring: Keyring, transaction: Run): Promise<Keys> {
  let current = new Map<SystemPurpose, DataKey>()
  let byId = new Map<string, DataKey>()
  let roots: IndexRoot[] = []
  let tokenizers = new Map<string, Tokenizer>()

  async function load(tx: Tx) {
    const stored = await tx.rows<StoredDataKey & { purpose: SystemPurpose; is_current: boolean }>(
      sql`select id, purpose, kek_id, wrapped, retired_at is null as is_current from system_keys`,
    )
    const opened = stored.map((row) => ({ ...row, key: openDataKey(keyring, row) }))
    byId = new Map(opened.map(({ id, key }) => [id, key]))
    current = new Map(opened.filter(({ is_current }) => is_current).map(({ purpose, key }) => [purpose, key]))
    const storedRoots = await tx.rows<StoredIndexRoot>(
      sql`select version, kek_id, wrapped from index_roots where retired_at is null order by version desc`,
    )
    roots = storedRoots.map((row) => openIndexRoot(keyring, row))
    tokenizers = new Map()
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

  await transaction(load)
  if (roots.length === 0 || systemPurposes.some((purpose) => !current.has(purpose))) {
    await transaction(makeMissing)
    await transaction(load)
  }

  return {
    keyring,
    system(purpose) {
      const key = current.get(purpose)
      if (!key) throw new Error(`the system key for ${purpose} is missing`)
      return key
    },
    systemById(id) {
      const key = byId.get(id)
      if (!key) throw new Error('a system key that a row names is missing')
      return key
    },
    tokenizer(table) {
      let tokenizer = tokenizers.get(table)
      if (!tokenizer) tokenizers.set(table, (tokenizer = createTokenizer(roots, table)))
      return tokenizer
    },
    reload: () => transaction(load),
  }
}
