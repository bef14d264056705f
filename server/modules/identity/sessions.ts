// Opening a session: what every way of signing in ends with. What a role asks of a new one holds for those that stand when it changes.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Configuration } from '#platform/configuration.ts'
import { conflict, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { accessTokenSeconds } from './token-reader.ts'
import { findSessionRights, type SessionRights } from './authentication.store.ts'
import type { Identity } from './identity.ts'
import { unlocked } from './lockout.ts'
import type { Tokens } from './login.contract.ts'
import { hashOpaqueToken, newOpaqueToken, type OpaqueTokenKind } from './opaque-tokens.ts'
import { needsSecondFactor } from './second-factor.ts'
import {
  forgetNameFailures,
  insertDevice,
  insertRefreshToken,
  insertSession,
  revokeOneFactorSessions,
  saveDeviceLockout,
  shortenSessions,
} from './session.store.ts'
import { findMfaPolicy } from './user-directory.store.ts'
import { type Account, saveLockout } from './user.store.ts'

const patientDays = 7
const staffHours = 12

/** How the person proved who they are. `device_id` with its token where the device was known. */
export type Proof = { method: string; device?: { id: string; token: string } | undefined }

/** A new session with new tokens, recorded as a successful sign-in. Nothing of an earlier session is taken over. */
export async function openSession(
  tx: Tx,
  ctx: Context,
  identity: Identity,
  account: Account,
  proof: Proof,
): Promise<Tokens> {
  const { configuration } = identity.system
  const device = proof.device ?? { id: randomUUIDv7(), token: newOpaqueToken('device') }
  if (proof.device) await tx.run(saveDeviceLockout(device.id, unlocked))
  else await tx.run(insertDevice(device.id, account.id, hashOf('device', device.token)))
  const session_id = randomUUIDv7()
  await tx.run(
    insertSession({
      id: session_id,
      user_id: account.id,
      ...limitsOf(configuration, account.role),
      ip_address: ctx.ip_address,
      user_agent: ctx.user_agent,
      device_id: device.id,
      method: proof.method,
    }),
  )
  // Where somebody was changing the role, beginning the session has waited for it: the person was asked what it asked before.
  const rights = await tx.one(findSessionRights(session_id))
  if (isOneFactor(proof.method) && needsSecondFactor(configuration, rights)) throw new Problem(conflict)
  const refresh_token = newOpaqueToken('refresh')
  await tx.run(insertRefreshToken(session_id, hashOf('refresh', refresh_token)))
  await Promise.all([tx.run(saveLockout(account.id, unlocked)), tx.run(forgetNameFailures(account.id))])
  await tx.run(sql`update users set last_login_at = now() where id = ${account.id}`)
  tx.audit({
    action: 'session.login',
    resource_type: 'session',
    resource_id: session_id,
    user_id: account.id,
    role: account.role,
    session_id,
    details: { method: proof.method, known_device: proof.device !== undefined },
  })
  return { ...tokensFor(identity, session_id, rights, refresh_token), device_token: device.token }
}

/** The pair of tokens of a live session. */
export async function tokensOf(tx: Tx, identity: Identity, session_id: string, refresh_token: string): Promise<Tokens> {
  return tokensFor(identity, session_id, await tx.one(findSessionRights(session_id)), refresh_token)
}

function tokensFor(identity: Identity, session_id: string, rights: SessionRights, refresh_token: string): Tokens {
  const access_token = identity.authentication.issue({ session_id, rights })
  return { access_token, refresh_token, token_type: 'Bearer', expires_in: accessTokenSeconds }
}

function limitsOf({ idle_minutes }: Configuration, role: string) {
  const patientSeconds = patientDays * 86_400
  return role === 'patient'
    ? { idle_seconds: patientSeconds, lifetime_seconds: patientSeconds }
    : { idle_seconds: idle_minutes * 60, lifetime_seconds: staffHours * 3600 }
}

/** Who comes by their organisation has shown there what it asks. */
function isOneFactor(method: string): boolean {
  return method !== 'oidc' && !method.endsWith('+otp')
}

/** Holds the sessions of somebody who has another role now to what it asks; a role that asks less lengthens none. */
export async function fitSessions(tx: Tx, configuration: Configuration, user_id: string, role: string): Promise<void> {
  await tx.run(shortenSessions(user_id, limitsOf(configuration, role)))
  const { mfa_policy } = await tx.one(findMfaPolicy(role))
  if (needsSecondFactor(configuration, { role, mfa_policy })) await endOneFactorSessions(tx, { user_id })
}

/** Ends the sessions of a user, or of everyone in a role, that were opened without a second factor. */
export async function endOneFactorSessions(tx: Tx, whose: { user_id: string } | { role: string }): Promise<void> {
  for (const { id, user_id } of await tx.rows(revokeOneFactorSessions(whose)))
    tx.emit({ type: 'session.ended', subject_type: 'session', subject_id: id, payload: { user_id } })
}

/** The hash of a token that was just made. */
export function hashOf(kind: OpaqueTokenKind, token: string): Buffer {
  return certain(hashOpaqueToken(kind, token), `hash of a ${kind} token`)
}
