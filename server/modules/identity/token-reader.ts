// From a bearer token to an actor: the signature proves the session's id, the database says what it may do now.
import { Problem, sessionEnded, unauthenticated } from '#platform/contract/problem.ts'
import type { Configuration } from '#platform/configuration.ts'
import type { Actor, System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import type { Authenticate } from '#platform/http/mount.ts'
import { remember } from '#platform/remember.ts'
import { clockLeeway_seconds, createTokenVerifier } from './access-tokens.ts'
import { findSessionRights, type SessionRights } from './authentication.store.ts'
import type { TokenKey } from './token-keys.ts'

export const accessTokenSeconds = 1800
/** Actors known here; the database refuses a session that has ended and rights that have changed, so age is no danger. */
const knownActors = 10_000
const knownSets = 200

const unknownKeyPause_ms = 10_000
const clockLeeway_ms = clockLeeway_seconds * 1000

export const audienceOf = ({ public_url }: Pick<Configuration, 'public_url'>) => ({
  issuer: public_url,
  audience: 'openward',
})

export type TokenReader = {
  authenticate: Authenticate
  replaceKeys: (keys: readonly TokenKey[]) => void
  forget: (session_id: string) => void
}
export type TokenKeySource = {
  keys: readonly TokenKey[]
  /** Reads the keys afresh and gives them to `replaceKeys`. */
  reload: () => Promise<void>
  /** @throws Problem where no key can be trusted now; called before every token. */
  assertKnown?: () => void
}

/** Knows tokens by these keys, and who they stand for by the database. */
export function openTokenReader(
  { configuration, reserve }: Pick<System, 'configuration' | 'reserve'>,
  { keys, reload, assertKnown }: TokenKeySource,
): TokenReader {
  // Who asks is known however busy the server is: somebody who signs out of a session that is new here, too.
  const database = scopedDatabase(
    reserve,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => entry },
  )
  const actors = new Map<string, Actor>()
  /** By what is in them: whoever has the same role shares them, and a thousand sessions of a role do not keep a thousand sets. */
  const permissionSets = new Map<string, ReadonlySet<string>>()
  /** Tokens whose signature held, by their text: looking one up costs a twentieth of hashing it for the verifier's own cache. */
  const tokens = new Map<string, { session_id: string; begins_ms: number; expires_ms: number }>()
  const verifier = createTokenVerifier({ ...audienceOf(configuration), keys })
  let reloaded_ms = Number.NEGATIVE_INFINITY
  /** Another server may have made a key since; whoever invents key ids makes us look once in ten seconds, no more. */
  async function reloadForUnknownKey(): Promise<boolean> {
    if (performance.now() - reloaded_ms < unknownKeyPause_ms) return false
    reloaded_ms = performance.now()
    await reload()
    return true
  }

  return {
    async authenticate(token, again = false) {
      assertKnown?.()
      const seen = tokens.get(token)
      const now_ms = Date.now()
      // Its beginning counts as well: a clock that was ahead may have been put back.
      const isInTime = seen !== undefined && seen.expires_ms > now_ms && seen.begins_ms <= now_ms
      const live = isInTime ? actors.get(seen.session_id) : undefined
      if (live && !again) return live
      let { claims, refusal } = verifier.verify(token)
      if (refusal === 'unknown_key' && (await reloadForUnknownKey())) ({ claims, refusal } = verifier.verify(token))
      if (!claims) throw new Problem(unauthenticated, { detail: 'The access token is not valid: sign in again' })
      const known = actors.get(claims.sid)
      const begins_ms = Math.max(claims.iat, claims.nbf ?? 0) * 1000 - clockLeeway_ms
      remember(tokens, token, { session_id: claims.sid, begins_ms, expires_ms: claims.exp * 1000 }, knownActors)
      if (known && !again) return known
      const rights = await database.once((tx) => tx.first(findSessionRights(claims.sid)))
      if (!rights || rights.user_id !== claims.sub) {
        actors.delete(claims.sid)
        throw new Problem(sessionEnded)
      }
      const permissions = permissionsOf(rights)
      const listed = [...permissions].join()
      const shared = permissionSets.get(listed) ?? permissions
      remember(permissionSets, listed, shared, knownSets)
      const actor = actorOf(claims.sid, rights, shared)
      remember(actors, claims.sid, actor, knownActors)
      return actor
    },
    replaceKeys(replacement) {
      verifier.replaceKeys(replacement)
      tokens.clear()
    },
    forget: (session_id) => void actors.delete(session_id),
  }
}

function actorOf(session_id: string, rights: SessionRights, permissions: ReadonlySet<string>): Actor {
  const { user_id, role, department_id, doctor_id, patient_id, authority, authenticated_at, must_change_password } =
    rights
  return {
    user_id,
    session_id,
    role,
    permissions,
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
