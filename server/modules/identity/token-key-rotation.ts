// A new key for access tokens. The old one verifies until its last token has expired, on every server.
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { wrapKey } from '#platform/encryption/keyring.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { insertTokenKey, retireTokenKeys } from './authentication.store.ts'
import { generateTokenKey } from './token-keys.ts'

export const tokenKeyPlace = (id: string) => ({ purpose: 'access_token', id })

/** A new key as it is stored, its private half wrapped. */
export function newTokenKey({ keyring }: Keys) {
  const { kid, public_key_pem, private_key_pem } = generateTokenKey()
  return { id: kid, public_key: public_key_pem, ...wrapKey(keyring, tokenKeyPlace(kid), Buffer.from(private_key_pem)) }
}

/** Signs with a new key from now on: servers notice within a minute, or at the first token that bears it. Its id. */
export async function rotateTokenKey({ pool, keys }: Pick<System, 'pool' | 'keys'>): Promise<string> {
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'system', ...entry }) },
  )
  const made = newTokenKey(keys)
  await database.transaction(async (tx) => {
    await tx.run(sql`select pg_advisory_xact_lock(7203441006)`)
    await tx.run(retireTokenKeys())
    await tx.run(insertTokenKey(made))
    tx.audit({ action: 'token_key.rotate', resource_type: 'signing_key', details: { kid: made.id } })
  })
  return made.id
}
