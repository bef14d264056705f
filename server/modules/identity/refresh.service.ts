// The next pair of tokens for a refresh token, which works once. A second use ends the session, but for a lost answer.
import type { Context } from '#platform/context.ts'
import { Problem, sessionEnded } from '#platform/contract/problem.ts'
import { open, seal } from '#platform/encryption/sealing.ts'
import { findSessionRights } from './authentication.store.ts'
import type { Identity } from './identity.ts'
import type { Tokens } from './login.contract.ts'
import { hashOpaqueToken, newOpaqueToken } from './opaque-tokens.ts'
import { needsSecondFactor } from './second-factor.ts'
import {
  findRefreshToken,
  forgetSuccessor,
  insertRefreshToken,
  lockRefreshToken,
  revokeSession,
  spendRefreshToken,
} from './session.store.ts'
import { hashOf, tokensOf } from './sessions.ts'
import { findAccount } from './user.store.ts'

/** @throws Problem sessionEnded, whatever the reason: the audit entry names it */
export async function refreshSession(ctx: Context, identity: Identity, refresh_token: string): Promise<Tokens> {
  const { configuration, keys } = identity.system
  const token_hash = hashOpaqueToken('refresh', refresh_token)
  if (!token_hash) {
    // A browser that asks whether it is signed in, without a cookie, has tried nothing.
    const failed = { action: 'session.refresh', resource_type: 'session', outcome: 'failure' } as const
    if (refresh_token !== '') await ctx.record({ ...failed, details: { reason: 'malformed_token' } })
    throw new Problem(sessionEnded)
  }
  const place = (hash: Buffer) => ({
    table: 'refresh_tokens',
    column: 'sealed_successor',
    row_id: hash.toString('hex'),
  })

  const tokens = await ctx.database.transaction(async (tx): Promise<Tokens | undefined> => {
    const [, stored] = await Promise.all([tx.run(lockRefreshToken(token_hash)), tx.first(findRefreshToken(token_hash))])
    const audit = (action: string, outcome: 'success' | 'failure', reason?: string) =>
      tx.audit({
        action,
        resource_type: 'session',
        resource_id: stored?.session_id,
        session_id: stored?.session_id,
        user_id: stored?.user_id,
        outcome,
        ...(reason ? { details: { reason } } : {}),
      })
    if (!stored) {
      audit('session.refresh', 'failure', 'unknown_token')
      return undefined
    }
    const { session_id } = stored
    if (stored.is_spent && !stored.is_forgiven) {
      await tx.run(revokeSession(session_id, 'reuse_detected'))
      audit('session.reuse_detected', 'failure', stored.revoked_at ? 'session_already_ended' : 'session_ended_now')
      return undefined
    }
    // Every rule of signing in is asked again: the person, the session and the second factor.
    const [rights, account] = await Promise.all([
      tx.first(findSessionRights(session_id)),
      tx.one(findAccount(stored.user_id)),
    ])
    const reason = !rights
      ? 'session_ended'
      : needsSecondFactor(configuration, account) && !account.mfa_enabled && stored.method !== 'oidc'
        ? 'mfa_not_enrolled'
        : stored.method.startsWith('password') && !configuration.local_passwords
          ? 'local_passwords_off'
          : undefined
    if (reason) {
      audit('session.refresh', 'failure', reason)
      return undefined
    }
    audit('session.refresh', 'success')
    if (stored.is_spent && stored.key_id && stored.sealed_successor) {
      const successor = open(keys.systemById(stored.key_id), place(token_hash), stored.sealed_successor)
      return tokensOf(tx, identity, session_id, successor)
    }
    const key = keys.system('answers')
    const next = newOpaqueToken('refresh')
    const hash = hashOf('refresh', next)
    await tx.run(insertRefreshToken(session_id, hash))
    await tx.run(spendRefreshToken(token_hash, { hash, key_id: key.id, sealed: seal(key, place(token_hash), next) }))
    await tx.run(forgetSuccessor(session_id, token_hash))
    return tokensOf(tx, identity, session_id, next)
  })
  if (!tokens) throw new Problem(sessionEnded)
  return tokens
}
