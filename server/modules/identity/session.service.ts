// One's own sessions: who one is, where one is signed in, and ending it. What is ended is refused from the next request on.
import { certain } from '#platform/certain.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { type Claimant, waitOf } from './attempt.ts'
import type { Identity } from './identity.ts'
import { localPasswordsOff } from './login.contract.ts'
import { attemptPassword, type Proof } from './password-attempt.ts'
import { openProfile } from './profiles.ts'
import { clearBrowser } from './refresh-cookie.ts'
import { requireRecentSignIn } from './recent-sign-in.ts'
import type { CurrentUser, Sessions } from './session.contract.ts'
import {
  findLiveSessions,
  findSessionDevice,
  findSessionLimits,
  findSignInAttempts,
  revokeSession,
  revokeSessions,
} from './session.store.ts'
import { type Account, findAccount } from './user.store.ts'

/** The signed-in user. */
export async function findCurrentUser(ctx: Context): Promise<CurrentUser> {
  const { user_id, session_id, role, permissions, department_id, doctor_id, patient_id } = signedIn(ctx)
  const [account, session] = await ctx.database.once((tx) =>
    Promise.all([tx.one(findAccount(user_id)), tx.one(findSessionLimits(session_id))]),
  )
  return {
    id: user_id,
    ...openProfile(ctx.system.keys, account),
    email_verified: account.email_verified_at !== null,
    mfa_enabled: account.mfa_enabled,
    must_change_password: ctx.actor.must_change_password === true,
    role,
    permissions: [...permissions],
    department_id: department_id ?? null,
    doctor_id: doctor_id ?? null,
    patient_id: patient_id ?? null,
    session,
  }
}

export async function listSessions(ctx: Context): Promise<Sessions> {
  const { user_id, session_id } = signedIn(ctx)
  // The audit log shows its entries by patient; a person's own attempts to sign in have none, and are theirs to see.
  const [items, recent_attempts] = await ctx
    .reaching('all')
    .once((tx) => Promise.all([tx.rows(findLiveSessions(user_id, session_id)), tx.rows(findSignInAttempts(user_id))]))
  return { items, recent_attempts }
}

/** @throws Problem reauthRequired, notFound where it is not one's own */
export async function endSession(ctx: Context, session_id: string): Promise<void> {
  const { user_id } = signedIn(ctx)
  await ctx.database.transaction(async (tx) => {
    const own = await tx.first(
      sql`select from sessions where id = ${session_id} and user_id = ${user_id} and revoked_at is null`,
    )
    if (!own) throw new Problem(notFound)
    await requireRecentSignIn(tx, ctx)
    await tx.run(revokeSession(session_id, 'ended_by_user'))
    noteEnd(tx, 'session.end', user_id, session_id)
  })
}

export async function logout(ctx: Context): Promise<void> {
  const { user_id, session_id } = signedIn(ctx)
  clearBrowser(ctx)
  await ctx.database.once(async (tx) => {
    noteEnd(tx, 'session.logout', user_id, session_id)
    return tx.run(revokeSession(session_id, 'logout'))
  })
}

export async function logoutEverywhere(ctx: Context): Promise<void> {
  const { user_id } = signedIn(ctx)
  clearBrowser(ctx)
  await ctx.database.once(async (tx) => {
    noteEnd(tx, 'session.logout_all', user_id)
    return tx.run(revokeSessions(user_id, 'logout_all'))
  })
}

/** @throws Problem invalidCredentials, otpRequired, otpInvalid, signInLocked */
export async function reauthenticate(ctx: Context, identity: Identity, given: Proof): Promise<void> {
  if (!identity.system.configuration.local_passwords) throw new Problem(localPasswordsOff)
  const { session_id } = signedIn(ctx)
  const attempted = { action: 'session.reauthenticate', method: 'password' }
  await attemptPassword(ctx, identity, await claimantOf(ctx), given, attempted, async (tx) => {
    await tx.run(sql`update sessions set authenticated_at = clock_timestamp() where id = ${session_id}`)
    tx.audit({ action: attempted.action, resource_type: 'session', resource_id: session_id })
    return {}
  })
}

/** The signed-in person, as someone who proves themselves again from the device of their session. */
export async function claimantOf(ctx: Context): Promise<Claimant & { account: Account }> {
  const { user_id, session_id } = signedIn(ctx)
  const [account, device] = await ctx.database.once((tx) =>
    Promise.all([tx.one(findAccount(user_id)), tx.first(findSessionDevice(session_id))]),
  )
  return { account, device, retry_after_seconds: waitOf(account, device) }
}

/** Of an operation that nobody else may call. */
export function signedIn({ actor }: Context) {
  const user_id = certain(actor.user_id, 'user')
  const session_id = certain(actor.session_id, 'session')
  return { ...actor, user_id, session_id, role: certain(actor.role, 'role') }
}

/** Records the end of one session, or of all; whoever holds a connection open for it closes it. */
export function noteEnd(tx: Tx, action: string, user_id: string, session_id?: string): void {
  tx.audit({ action, resource_type: session_id ? 'session' : 'user', resource_id: session_id ?? user_id })
  tx.emit({
    type: 'session.ended',
    subject_type: session_id ? 'session' : 'user',
    subject_id: session_id ?? user_id,
    payload: { user_id },
  })
}
