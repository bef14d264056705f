// One attempt to prove who one is with a password and, where there is one, a second factor: counted against the account or
// the known device, recorded, and never more guesses than the lockout allows, however many arrive at once.
import { Problem, type ProblemKind } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { queueMail } from '#platform/mail/queue.ts'
import type { Identity } from './identity.ts'
import { linkTo } from './links.ts'
import { afterFailure, decideAttempt, type KnownDevice, lockedFor_seconds } from './lockout.ts'
import { invalidCredentials, otpInvalid, otpRequired, signInLocked } from './login.contract.ts'
import { openProfile } from './profiles.ts'
import { spendOtp } from './second-factor.ts'
import {
  lockDevice,
  lockUnknownLogin,
  saveDeviceLockout,
  saveUnknownLogin,
  type StoredDevice,
} from './session.store.ts'
import { type Account, lockAccount, saveLockout } from './user.store.ts'

/** What an attempt needs of the identity module. */
type Door = Pick<Identity, 'system' | 'hasher' | 'budget'>

/** Who is claimed to be here. Without an account `unknown_token` is what the failures of that name are counted under. */
export type Claimant = {
  account: Account | undefined
  /** A device that this account signed in from before. */
  device: StoredDevice | undefined
  unknown_token?: Buffer
  retry_after_seconds: number
}
export type Proof = { password: string; otp?: string | undefined }
export type Attempted = { action: string; method: string }

/** A refusal is returned and not thrown: what it counted and recorded must commit. */
export type Refusal = { refused: ProblemKind; members: Record<string, unknown>; counts: boolean }
export type Refuse = (kind: ProblemKind, reason: string, members?: Record<string, unknown>) => Refusal
type Succeed<T> = (tx: Tx, account: Account, device: StoredDevice | undefined, refuse: Refuse) => Promise<T | Refusal>

/**
 * Runs `succeed` in the transaction in which both factors were found right, on the locked account.
 * @throws Problem invalidCredentials, otpRequired, otpInvalid, signInLocked, overloaded, and what `succeed` refuses
 */
export async function attemptPassword<T extends object>(
  ctx: Context,
  identity: Door,
  claimant: Claimant,
  given: Proof,
  { action, method }: Attempted,
  succeed: Succeed<T>,
): Promise<T> {
  const { keys } = identity.system
  const { account, device, unknown_token, retry_after_seconds } = claimant
  const failed = {
    action,
    resource_type: 'session',
    outcome: 'failure',
    user_id: account?.id,
    role: account?.role,
  } as const

  // Once strangers have used up what all of them may get wrong in a minute, only known devices are heard.
  const isShut = device === undefined && identity.budget.isSpent()
  if (retry_after_seconds > 0 || isShut) {
    await ctx.record({ ...failed, details: { method, reason: isShut ? 'budget_spent' : 'locked' } })
    throw new Problem(signInLocked, { retry_after_seconds: Math.max(retry_after_seconds, isShut ? 60 : 1) })
  }
  // Whom the organisation lets in has no password here, whatever is stored: it would outlast the organisation's word.
  const password_hash = account?.external_subject === null ? account.password_hash : null
  const matches = await identity.hasher.verifyPassword(password_hash, given.password)
  const rehashed =
    matches && password_hash && identity.hasher.needsRehash(password_hash)
      ? await identity.hasher.hashPassword(given.password)
      : undefined

  const outcome = await ctx.database.transaction(async (tx): Promise<T | Refusal> => {
    const refuse =
      (counts: boolean): Refuse =>
      (refused, reason, members = {}) => {
        tx.audit({ ...failed, details: { method, reason } })
        return { refused, members, counts }
      }
    const locked = account && (await tx.first(lockAccount(account.id)))
    if (!locked) {
      const state = unknown_token && (await tx.first(lockUnknownLogin(unknown_token)))
      if (state && lockedFor_seconds(state, state.now) > 0) {
        return refuse(false)(signInLocked, 'locked', { retry_after_seconds: lockedFor_seconds(state, state.now) })
      }
      if (state) await tx.run(saveUnknownLogin(unknown_token, afterFailure(state, state.now)))
      return refuse(true)(invalidCredentials, 'unknown_name')
    }
    const known = device && (await tx.first(lockDevice(device.id)))
    const attempt = decideAttempt(locked, locked.id, known && knownDevice(known), locked.now)
    if (!attempt.is_allowed) {
      return refuse(false)(signInLocked, 'locked', { retry_after_seconds: attempt.retry_after_seconds })
    }
    const countFailure = () =>
      attempt.counts_on === 'device' && known
        ? tx.run(saveDeviceLockout(known.id, afterFailure(known, locked.now)))
        : countOnAccount(tx, identity, locked)

    if (!matches || locked.password_hash !== account?.password_hash) {
      await countFailure()
      return refuse(true)(invalidCredentials, 'wrong_password')
    }
    if (locked.mfa_enabled) {
      if (given.otp === undefined) return refuse(false)(otpRequired, 'otp_missing')
      if (!(await spendOtp(tx, keys, locked, given.otp))) {
        await countFailure()
        return refuse(true)(otpInvalid, 'wrong_otp')
      }
    }
    if (rehashed) await tx.run(sql`update users set password_hash = ${rehashed} where id = ${locked.id}`)
    return succeed(tx, locked, known?.user_id === locked.id ? known : undefined, refuse(false))
  })
  if (!('refused' in outcome)) return outcome
  if (outcome.counts) identity.budget.spend()
  throw new Problem(outcome.refused, outcome.members)
}

/** How long the claimant has to wait before an attempt is looked at. */
export function waitOf(account: Account, device: StoredDevice | undefined): number {
  const attempt = decideAttempt(account, account.id, device && knownDevice(device), account.now)
  return attempt.is_allowed ? 0 : attempt.retry_after_seconds
}

async function countOnAccount(tx: Tx, { system }: Door, account: Account): Promise<void> {
  const state = afterFailure(account, account.now)
  await tx.run(saveLockout(account.id, state))
  // The first lock is told, the ones that it grows to are not: mail must be no weapon either.
  if (state.locked_until === null || account.locked_until !== null) return
  await queueMail(tx, system, {
    template: 'sign_in_locked',
    to: openProfile(system.keys, account).email,
    user_id: account.id,
    data: { happened_at: account.now, link: linkTo(system.configuration, 'sessions') },
  })
}

function knownDevice({ user_id, failed_logins, failures_since, locked_until }: StoredDevice): KnownDevice {
  return { user_id, lockout: { failed_logins, failures_since, locked_until } }
}
