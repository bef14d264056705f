// The keyring of a server with a key vault. Its key-encryption keys are random, lie in the table master_keys wrapped by the vault, and
// are unwrapped once: a record needs no call to the vault, and a vault that is away stops nobody who runs.
import type { Client } from 'pg'
import { certain } from '#platform/certain.ts'
import { ConfigurationError } from '#platform/configuration.ts'
import { ensureAppRole, migrationLock, takeTurn } from '#platform/database/migrate.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { isVouched, type Kek, type Keyring, kekOf, newKekBytes, vouch } from './keyring.ts'
import { assertMasterKeyOpens } from './stored-keys.ts'
import type { Vault, WrappedByVault } from './vault.ts'

/**
 * A key-encryption key at rest. The number gives the order; each is vouched for by the one before, so that whoever only writes to
 * the database cannot slip in a key of their own, which anyone can wrap for an RSA key.
 */
type StoredMasterKey = WrappedByVault & { number: number; id: string; voucher: Buffer | null; is_used: boolean }

/**
 * Not in a migration: the keys are needed before the database is migrated. `used_at` is empty for a key that servers know and
 * do not use yet.
 */
const table = `
  create table if not exists master_keys (
    number    int primary key,
    id        text not null unique,
    vault_key text not null,
    algorithm text not null,
    wrapped   bytea not null,
    voucher   bytea,
    made_at   timestamptz not null default now(),
    used_at   timestamptz
  );
  grant select on master_keys to openward_app`
const stored = sql<StoredMasterKey>`
  select number, id, vault_key, algorithm, wrapped, voucher, used_at is not null as is_used from master_keys order by number`

export type VaultKeyringOptions = {
  vault: Vault
  /** What OPENWARD_MASTER_KEY gives besides: keys may lie under it until they are rotated. */
  given: Keyring | undefined
  /** Connected as the owner of the database. */
  owner: Client
}

/**
 * Opens the keys of this database by the vault, and makes the first one where there is none. Nothing is changed in a database
 * that the keys do not open. @throws ConfigurationError, VaultUnavailable
 */
export async function openVaultKeyring({ vault, given, owner }: VaultKeyringOptions): Promise<Keyring> {
  // Servers that start together make one key.
  await takeTurn(owner)
  try {
    let rows = await readAsOwner(owner)
    if (rows.length === 0) {
      rows = [await makeFirst(owner, vault, given)]
    }
    return await openRing(vault, given, rows)
  } finally {
    await owner.query('select pg_advisory_unlock($1)', [migrationLock])
  }
}

async function readAsOwner(owner: Client): Promise<StoredMasterKey[]> {
  const { rows } = await owner.query<{ is_there: boolean }>(
    `select to_regclass('public.master_keys') is not null as is_there`,
  )
  return rows[0]?.is_there ? (await owner.query<StoredMasterKey>(stored.text)).rows : []
}

/** Where keys lie under a given master key the new one is known first, until `openward keys rotate --kek` uses it. */
async function makeFirst(owner: Client, vault: Vault, given: Keyring | undefined): Promise<StoredMasterKey> {
  const bytes = newKekBytes()
  const kek = kekOf(bytes)
  const ring: Keyring = { keks: given ? [...given.keks, kek] : [kek] }
  await assertMasterKeyOpens(owner, ring)
  const { rows } = await owner.query<{ is_there: boolean }>(
    `select to_regclass('public.system_keys') is not null as is_there`,
  )
  const isInUse = rows[0]?.is_there === true && (await owner.query('select from system_keys limit 1')).rows.length > 0
  const row: StoredMasterKey = {
    number: 1,
    id: kek.id,
    ...(await vault.wrap(bytes)),
    voucher: given ? vouch(given.keks[0], kek) : null,
    is_used: !isInUse,
  }
  await ensureAppRole(owner)
  await owner.query(table)
  await owner.query(
    `insert into master_keys (number, id, vault_key, algorithm, wrapped, voucher, used_at)
     values ($1, $2, $3, $4, $5, $6, case when $7 then now() end)`,
    [row.number, row.id, row.vault_key, row.algorithm, row.wrapped, row.voucher, row.is_used],
  )
  return row
}

async function openRing(vault: Vault, given: Keyring | undefined, first: StoredMasterKey[]): Promise<Keyring> {
  const known = new Map<string, Kek>()
  /** Not those that did not make the first key of the ring: they belong to something else. */
  let givenKeks = given?.keks ?? []
  let keks = await read(first)

  /** Keys in memory stay, whatever the table says: what runs goes on. */
  async function read(rows: readonly StoredMasterKey[]): Promise<[Kek, ...Kek[]]> {
    const before = [...known.values()]
    const opened: { kek: Kek; is_used: boolean }[] = []
    let vouching: readonly Kek[] = before.length > 0 ? before : givenKeks
    for (const row of rows) {
      const kek = known.get(row.id) ?? (await unwrap(vault, row))
      const isFirst = opened.length === 0
      if (!known.has(kek.id) && !vouching.some((by) => isVouched(by, kek, row.voucher ?? Buffer.alloc(0)))) {
        if (!isFirst || before.length > 0)
          throw new ConfigurationError([
            `the key ${row.id} in the table master_keys was not made by this installation: restore the table from a backup`,
          ])
        // The first key of a ring stands alone when those before it are gone.
        givenKeks = []
      }
      opened.push({ kek, is_used: row.is_used })
      vouching = [kek]
    }
    for (const { kek } of opened) known.set(kek.id, kek)
    const used = opened.filter(({ is_used }) => is_used).map(({ kek }) => kek)
    const unused = opened.filter(({ is_used }) => !is_used).map(({ kek }) => kek)
    const gone = before.filter(({ id }) => !opened.some(({ kek }) => kek.id === id))
    const [newest, ...older] = [...used.reverse(), ...givenKeks, ...unused, ...gone]
    return [certain(newest, 'key in the ring'), ...older]
  }

  let seen = fingerprint(first)
  return {
    get keks() {
      return keks
    },
    vault: {
      address: vault.keys[0] ?? '',
      async renew(run) {
        const rows = await run((tx) => tx.rows(stored))
        if (rows.length === 0 || fingerprint(rows) === seen) return
        keks = await read(rows)
        seen = fingerprint(rows)
      },
      async make(run) {
        const bytes = newKekBytes()
        const made = kekOf(bytes)
        const wrapped = await vault.wrap(bytes)
        await run((tx) => insertNext(tx, { ...wrapped, id: made.id, voucher: vouch(keks[0], made) }))
      },
    },
  }
}

function fingerprint(rows: readonly StoredMasterKey[]): string {
  return rows.map(({ id, is_used }) => `${id} ${is_used}`).join()
}

function insertNext(tx: Tx, made: WrappedByVault & { id: string; voucher: Buffer }): Promise<number> {
  return tx.run(sql`
    insert into master_keys (number, id, vault_key, algorithm, wrapped, voucher)
    select max(number) + 1, ${made.id}, ${made.vault_key}, ${made.algorithm}, ${made.wrapped}, ${made.voucher} from master_keys`)
}

async function unwrap(vault: Vault, row: StoredMasterKey): Promise<Kek> {
  const bytes = await vault.unwrap(row)
  const kek = bytes.length === 32 ? kekOf(bytes) : undefined
  if (kek?.id !== row.id)
    throw new ConfigurationError([
      `the key ${row.id} in the table master_keys is another one than its name says: restore the table from a backup`,
    ])
  return kek
}
