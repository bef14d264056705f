// Which master keys a database needs, asked before anything else is done with it: a server with the wrong key must change nothing.
import { ConfigurationError } from '#platform/configuration.ts'
import { type Keyring, kekIds } from './keyring.ts'

type Connection = { query: (text: string) => Promise<{ rows: unknown[] }> }

/** @throws ConfigurationError when the keys in this database were wrapped under a master key that is not in the ring */
export async function assertMasterKeyOpens(connection: Connection, keyring: Keyring): Promise<void> {
  const { rows: found } = await connection.query(`select to_regclass('public.signing_keys') is not null as is_there`)
  if (!(found as { is_there: boolean }[])[0]?.is_there) return
  const known = new Set<string>(kekIds(keyring))
  const missing = (await storedKekIds(connection)).filter((id) => !known.has(id))
  if (missing.length === 0) return
  if (await liesInVault(connection, missing, keyring))
    throw new ConfigurationError([
      `the keys in this database are wrapped under ${missing.join(' and ')}, which a key vault keeps: set OPENWARD_KMS_URL to the address of its key`,
    ])
  throw new ConfigurationError([
    `${keyring.vault ? 'OPENWARD_KMS_URL, with OPENWARD_MASTER_KEY where it is set,' : 'OPENWARD_MASTER_KEY'} does not open this database: its keys are wrapped under ${missing.map((id) => `the master key with the id ${id}`).join(' and ')}, ` +
      `and the ids of the configured ones are ${[...known].join(', ')}. Give the key that this database was made with, or, while it is being replaced, both: the new one, a comma, the old one`,
  ])
}

/** The master keys without which a server does not start on this database. */
export async function storedKekIds(connection: Connection): Promise<string[]> {
  const { rows } = await connection.query(`
    select kek_id from system_keys
    union select kek_id from index_roots where retired_at is null
    union select kek_id from signing_keys where retired_at is null`)
  return (rows as { kek_id: string }[]).map(({ kek_id }) => kek_id)
}

/** With a vault its ring has them; without, the table tells that there is one. */
async function liesInVault(connection: Connection, ids: readonly string[], keyring: Keyring): Promise<boolean> {
  if (keyring.vault) return false
  const { rows: found } = await connection.query(`select to_regclass('public.master_keys') is not null as is_there`)
  if (!(found as { is_there: boolean }[])[0]?.is_there) return false
  const { rows } = await connection.query('select id from master_keys')
  return (rows as { id: string }[]).some(({ id }) => ids.includes(id))
}
