// Signing access tokens, and knowing them again: by the keys in the database, which only this service opens.
import { randomBytes } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import type { Authenticate } from '#platform/http/mount.ts'
import { unwrapKey } from '#platform/encryption/keyring.ts'
import { createTokenSigner } from './access-tokens.ts'
import { findTokenKeys, insertTokenKey, type SessionRights } from './authentication.store.ts'
import { newTokenKey, tokenKeyPlace } from './token-key-rotation.ts'
import type { TokenKey } from './token-keys.ts'
import { accessTokenSeconds, audienceOf, openTokenReader, permissionsOf } from './token-reader.ts'

export type SessionGrant = { session_id: string; rights: SessionRights }
export type Authentication = {
  authenticate: Authenticate
  /** Signs a token for a session. */
  issue(grant: SessionGrant): string
  /** Every key that a live token may be signed with. */
  keys(): readonly TokenKey[]
  reloadKeys(): Promise<void>
  forget(session_id: string): void
}

/** Opens the signing keys (making the first) and answers who a token stands for. */
export async function openAuthentication(system: System): Promise<Authentication> {
  const { configuration, reserve, keys } = system
  const database = scopedDatabase(
    reserve,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => entry },
  )

  async function load() {
    let stored = await database.once((tx) => tx.rows(findTokenKeys()))
    if (!stored.some(({ is_current }) => is_current)) {
      await database.once((tx) => tx.run(insertTokenKey(newTokenKey(keys))))
      stored = await database.once((tx) => tx.rows(findTokenKeys()))
    }
    const current = certain(
      stored.find(({ is_current }) => is_current),
      'key to sign access tokens with',
    )
    const private_key_pem = unwrapKey(keys.keyring, tokenKeyPlace(current.id), current).toString()
    const signing = { kid: current.id, public_key_pem: current.public_key, private_key_pem }
    const published = stored.map(({ id, public_key }) => ({ kid: id, public_key_pem: public_key }))
    return { published, sign: createTokenSigner({ ...audienceOf(configuration), key: signing }) }
  }
  let { published, sign } = await load()
  const reader = openTokenReader(system, { keys: published, reload: reloadKeys })
  async function reloadKeys() {
    ;({ published, sign } = await load())
    reader.replaceKeys(published)
  }

  return {
    authenticate: reader.authenticate,
    issue: ({ session_id, rights }) =>
      sign({
        sub: rights.user_id,
        sid: session_id,
        role: rights.role,
        permissions: [...permissionsOf(rights)],
        department_id: rights.department_id,
        jti: randomBytes(12).toString('base64url'),
        issued_at: Temporal.Now.instant().toString(),
        lifetime_seconds: accessTokenSeconds,
      }),
    keys: () => published,
    reloadKeys,
    forget: reader.forget,
  }
}
