// Setting up the second factor and taking it away. A secret counts once a code of it was seen.
import { certain } from '#platform/certain.ts'
import { Problem } from '#platform/contract/problem.ts'
import type { Context, System } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { tokenInvalid } from './account.contract.ts'
import { type Attempted, failureOf, hear, type Heard, type Refusal, requireHearing, settle, waitOf } from './attempt.ts'
import type { Identity } from './identity.ts'
import { linkTo } from './links.ts'
import { accountInactive, localPasswordsOff, otpInvalid, type Tokens } from './login.contract.ts'
import {
  mfaAlreadyEnabled,
  mfaNotEnabled,
  mfaNotStarted,
  mfaRequiredByRole,
  passwordTooShortAlone,
} from './mfa.contract.ts'
import { findOneTimeToken, spendOneTimeToken } from './one-time-token.store.ts'
import { hashOpaqueToken } from './opaque-tokens.ts'
import { attemptPassword } from './password-attempt.ts'
import { isTooShortAlone } from './passwords.ts'
import { openProfile } from './profiles.ts'
import { newRecoveryCodes } from './recovery-codes.ts'
import { requireRecentSignIn } from './recent-sign-in.ts'
import { needsSecondFactor, openTotp, replaceRecoveryCodes, sealTotp } from './second-factor.ts'
import { claimantOf, signedIn } from './session.service.ts'
import { openSession } from './sessions.ts'
import { newTotpSecret, totpUri, verifyTotp } from './totp.ts'
import { type Account, findAccount, lockAccount, removeTotp, saveTotp } from './user.store.ts'

type Secret = { secret: string; otpauth_uri: string }
type RecoveryCodes = { recovery_codes: string[] }

/** @throws Problem reauthRequired, mfaAlreadyEnabled */
export async function enroll(ctx: Context): Promise<Secret> {
  const { user_id } = signedIn(ctx)
  return ctx.database.transaction(async (tx) => {
    await requireRecentSignIn(tx, ctx)
    return begin(tx, ctx.system, await lock(tx, user_id))
  })
}

/** @throws Problem mfaAlreadyEnabled, mfaNotStarted, otpInvalid, signInLocked */
export async function confirm(ctx: Context, identity: Identity, code: string): Promise<RecoveryCodes> {
  const claimant = await claimantOf(ctx)
  const attempted = { action: 'mfa.confirm', method: 'otp' }
  await requireHearing(ctx, identity, claimant, attempted)
  const outcome = await ctx.database.transaction(async (tx) => {
    const heard = await hear(tx, identity, claimant, attempted)
    return 'refused' in heard ? heard : complete(tx, identity.system, heard, code)
  })
  return settle(identity, outcome)
}

/** @throws Problem tokenInvalid, mfaAlreadyEnabled */
export async function enrollPending(ctx: Context, token: string): Promise<Secret> {
  const account = await findPending(ctx, token)
  if (!account) return refusePending(ctx, { action: 'mfa.enroll', method: 'password' })
  return ctx.database.transaction(async (tx) => begin(tx, ctx.system, await lock(tx, account.id)))
}

/** @throws Problem tokenInvalid, otpInvalid, accountInactive and what `confirm` throws; the token outlives a wrong code */
export async function confirmPending(
  ctx: Context,
  identity: Identity,
  token: string,
  code: string,
): Promise<Tokens & RecoveryCodes> {
  const attempted = { action: 'session.login', method: 'password+otp' }
  const account = await findPending(ctx, token)
  if (!account) return refusePending(ctx, attempted)
  const claimant = { account, device: undefined, retry_after_seconds: waitOf(account, undefined) }
  await requireHearing(ctx, identity, claimant, attempted)
  const outcome = await ctx.database.transaction(async (tx): Promise<(Tokens & RecoveryCodes) | Refusal> => {
    const heard = await hear(tx, identity, claimant, attempted)
    if ('refused' in heard) return heard
    // Whatever takes the token away, such as another password, has locked the account first.
    if (!(await tx.first(findOneTimeToken('mfa_pending', pendingHash(token)))))
      return heard.refuse(tokenInvalid, 'token_invalid')
    const locked = certain(heard.account, 'account')
    if (!locked.is_active) return heard.refuse(accountInactive, 'inactive')
    const codes = await complete(tx, identity.system, heard, code)
    if ('refused' in codes) return codes
    await tx.run(spendOneTimeToken('mfa_pending', pendingHash(token)))
    return { ...(await openSession(tx, ctx, identity, locked, { method: attempted.method })), ...codes }
  })
  return settle(identity, outcome)
}

/** @throws Problem mfaNotEnabled, mfaRequiredByRole, passwordTooShortAlone, and what a wrong password or code leads to */
export async function disable(
  ctx: Context,
  identity: Identity,
  given: { password: string; otp: string },
): Promise<void> {
  const { system } = identity
  if (!system.configuration.local_passwords) throw new Problem(localPasswordsOff)
  const attempted = { action: 'mfa.disable', method: 'password' }
  await attemptPassword(
    ctx,
    identity,
    await claimantOf(ctx),
    given,
    attempted,
    async (tx, account, _device, refuse) => {
      if (!account.mfa_enabled) return refuse(mfaNotEnabled, 'not_enabled')
      if (needsSecondFactor(system.configuration, account)) return refuse(mfaRequiredByRole, 'required_by_role')
      if (isTooShortAlone(given.password)) return refuse(passwordTooShortAlone, 'password_too_short')
      await tx.run(removeTotp(account.id))
      await replaceRecoveryCodes(tx, account.id, [])
      await tellMfaChanged(tx, system, account)
      tx.audit({ action: 'mfa.disable', resource_type: 'user', resource_id: account.id })
      return {}
    },
  )
}

export async function tellMfaChanged(tx: Tx, system: System, account: Account): Promise<void> {
  await queueMail(tx, system, {
    template: 'account_changed',
    to: openProfile(system.keys, account).email,
    user_id: account.id,
    data: { what: 'mfa', happened_at: account.now, link: linkTo(system.configuration, 'sessions') },
  })
}

async function lock(tx: Tx, user_id: string): Promise<Account> {
  return tx.one(lockAccount(user_id))
}

async function begin(tx: Tx, { keys, configuration }: System, account: Account): Promise<Secret> {
  if (account.mfa_enabled) throw new Problem(mfaAlreadyEnabled)
  const secret = newTotpSecret()
  await tx.run(saveTotp(account.id, sealTotp(keys, account, secret)))
  tx.audit({ action: 'mfa.enroll', resource_type: 'user', resource_id: account.id })
  const issuer = `OpenWard ${new URL(configuration.public_url).hostname}`
  return { secret, otpauth_uri: totpUri(secret, openProfile(keys, account).username, issuer) }
}

async function complete(tx: Tx, system: System, heard: Heard, code: string): Promise<RecoveryCodes | Refusal> {
  const account = certain(heard.account, 'account')
  if (account.mfa_enabled) return heard.refuse(mfaAlreadyEnabled, 'already_enabled')
  const secret = openTotp(system.keys, account)
  if (!secret) return heard.refuse(mfaNotStarted, 'not_started')
  const step = verifyTotp({ secret, code, now_ms: Temporal.Now.instant().epochMilliseconds })
  if (step === undefined) return heard.fail(otpInvalid, 'wrong_otp')
  const recovery_codes = newRecoveryCodes()
  await tx.run(saveTotp(account.id, sealTotp(system.keys, account, secret), step))
  await replaceRecoveryCodes(tx, account.id, recovery_codes)
  await tellMfaChanged(tx, system, account)
  tx.audit({ action: 'mfa.confirm', resource_type: 'user', resource_id: account.id })
  return { recovery_codes }
}

/** Whose second factor the token of a sign-in sets up. */
async function findPending({ database }: Context, token: string): Promise<Account | undefined> {
  const held = await database.once((tx) => tx.first(findOneTimeToken('mfa_pending', pendingHash(token))))
  const user_id = held?.user_id
  return user_id ? database.once((tx) => tx.first(findAccount(user_id))) : undefined
}

async function refusePending(ctx: Context, attempted: Attempted): Promise<never> {
  await ctx.record(failureOf({ account: undefined }, attempted, 'token_invalid'))
  throw new Problem(tokenInvalid)
}

/** One that no token has, where this is none. */
function pendingHash(token: string): Buffer {
  return hashOpaqueToken('mfa_pending', token) ?? Buffer.alloc(32)
}
