// From a bearer token to an actor: the signature proves the session's id, the database says what it may do now.
import { randomBytes } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { Problem, sessionEnded, unauthenticated } from '#platform/contract/problem.ts'
import type { Actor, System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import type { Authenticate } from '#platform/http/mount.ts'
import { unwrapKey } from '#platform/encryption/keyring.ts'
import { remember } from '#platform/remember.ts'
import { createTokenSigner, createTokenVerifier } from './access-tokens.ts'
import { findSessionRights, findTokenKeys, insertTokenKey, type SessionRights } from './authentication.store.ts'
import { newTokenKey, tokenKeyPlace } from './token-key-rotation.ts'
import type { TokenKey } from './token-keys.ts'

export const accessTokenSeconds = 1800
/** Actors known here; the database refuses a session that has ended and rights that have changed, so age is no danger. */
const knownActors = 10_000

const unknownKeyPause_ms = 10_000

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
  // Who asks is known however busy the server is: somebody who signs out of a session that is new here, too.
  const database = scopedDatabase(
    reserve,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => entry },
  )
  const audience = { issuer: configuration.public_url, audience: 'openward' }
  const actors = new Map<string, Actor>()
  /** Tokens whose signature held, by their text: looking one up costs a twentieth of hashing it for the verifier's own cache. */
  const tokens = new Map<string, { session_id: string; expires_ms: number }>()

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
    return { published, sign: createTokenSigner({ ...audience, key: signing }) }
  }
  let { published, sign } = await load()
  const verifier = createTokenVerifier({ ...audience, keys: published })
  async function reloadKeys() {
    ;({ published, sign } = await load())
    verifier.replaceKeys(published)
    tokens.clear()
  }
  let reloaded_ms = Number.NEGATIVE_INFINITY
  /** Another server may have made a key since; whoever invents key ids makes us look once in ten seconds, no more. */
  async function reloadForUnknownKey(): Promise<boolean> {
    if (performance.now() - reloaded_ms < unknownKeyPause_ms) return false
    reloaded_ms = performance.now()
    await reloadKeys()
    return true
  }

  return {
    async authenticate(token, again = false) {
      const seen = tokens.get(token)
      const live = seen && seen.expires_ms > Date.now() ? actors.get(seen.session_id) : undefined
      if (live && !again) return live
      let { claims, refusal } = verifier.verify(token)
      if (refusal === 'unknown_key' && (await reloadForUnknownKey())) ({ claims, refusal } = verifier.verify(token))
      if (!claims) throw new Problem(unauthenticated, { detail: 'The access token is not valid: sign in again' })
      const known = actors.get(claims.sid)
      remember(tokens, token, { session_id: claims.sid, expires_ms: claims.exp * 1000 }, knownActors)
      if (known && !again) return known
      const rights = await database.once((tx) => tx.first(findSessionRights(claims.sid)))
      if (!rights || rights.user_id !== claims.sub) {
        actors.delete(claims.sid)
        throw new Problem(sessionEnded)
      }
      const actor = actorOf(claims.sid, rights)
      remember(actors, claims.sid, actor, knownActors)
      return actor
    },
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
    forget: (session_id) => void actors.delete(session_id),
  }
}

function actorOf(session_id: string, rights: SessionRights): Actor {
  const { user_id, role, department_id, doctor_id, patient_id, authority, authenticated_at, must_change_password } =
    rights
  return {
    user_id,
    session_id,
    role,
    permissions: permissionsOf(rights),
    department_id: department_id ?? undefined,
    doctor_id: doctor_id ?? undefined,
    patient_id: patient_id ?? undefined,
    authority,
    authenticated_at,
    must_change_password,
  }
}

/** What the role gives less what was taken from this user: a denial takes every scope of a permission. */
export function permissionsOf({ permissions, denied }: Pick<SessionRights, 'permissions' | 'denied'>): Set<string> {
  const taken = new Set(denied)
  return new Set(permissions.filter((permission) => !taken.has(permission.split(':').slice(0, 2).join(':'))))
}
