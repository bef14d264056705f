// Setting up the second factor and taking it away. A secret counts once a code of it was seen.
import { Problem } from '#platform/contract/problem.ts'
import type { Context, System } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { tokenInvalid } from './account.contract.ts'
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
import { type Account, lockAccount, removeTotp, saveTotp } from './user.store.ts'

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

/** @throws Problem mfaAlreadyEnabled, mfaNotStarted, otpInvalid */
export async function confirm(ctx: Context, code: string): Promise<RecoveryCodes> {
  const { user_id } = signedIn(ctx)
  return ctx.database.transaction(async (tx) => complete(tx, ctx.system, await lock(tx, user_id), code))
}

/** @throws Problem tokenInvalid, mfaAlreadyEnabled */
export async function enrollPending(ctx: Context, token: string): Promise<Secret> {
  const hash = hashOpaqueToken('mfa_pending', token)
  return ctx.database.transaction(async (tx) => {
    const held = hash && (await tx.first(findOneTimeToken('mfa_pending', hash)))
    if (!held?.user_id) throw new Problem(tokenInvalid)
    return begin(tx, ctx.system, await lock(tx, held.user_id))
  })
}

/** @throws Problem tokenInvalid, otpInvalid, accountInactive and what `confirm` throws; the token outlives a wrong code */
export async function confirmPending(
  ctx: Context,
  identity: Identity,
  token: string,
  code: string,
): Promise<Tokens & RecoveryCodes> {
  const hash = hashOpaqueToken('mfa_pending', token)
  return ctx.database.transaction(async (tx) => {
    const held = hash && (await tx.first(spendOneTimeToken('mfa_pending', hash)))
    if (!held?.user_id) throw new Problem(tokenInvalid)
    const account = await lock(tx, held.user_id)
    if (!account.is_active) throw new Problem(accountInactive)
    const codes = await complete(tx, ctx.system, account, code)
    return { ...(await openSession(tx, ctx, identity, account, { method: 'password+otp' })), ...codes }
  })
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

async function complete(tx: Tx, system: System, account: Account, code: string): Promise<RecoveryCodes> {
  if (account.mfa_enabled) throw new Problem(mfaAlreadyEnabled)
  const secret = openTotp(system.keys, account)
  if (!secret) throw new Problem(mfaNotStarted)
  const step = verifyTotp({ secret, code, now_ms: Temporal.Now.instant().epochMilliseconds })
  if (step === undefined) throw new Problem(otpInvalid)
  const recovery_codes = newRecoveryCodes()
  await tx.run(saveTotp(account.id, sealTotp(system.keys, account, secret), step))
  await replaceRecoveryCodes(tx, account.id, recovery_codes)
  await tellMfaChanged(tx, system, account)
  tx.audit({ action: 'mfa.confirm', resource_type: 'user', resource_id: account.id })
  return { recovery_codes }
}
