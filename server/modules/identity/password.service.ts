// Changing a password, and choosing one with a mailed link: a reset that was forgotten for, or an invitation.
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { tokenInvalid } from './account.contract.ts'
import type { Identity } from './identity.ts'
import { linkTo } from './links.ts'
import { localPasswordsOff } from './login.contract.ts'
import { hashNewPassword } from './new-password.ts'
import {
  deleteOneTimeTokens,
  findOneTimeToken,
  insertOneTimeToken,
  type OneTimePurpose,
  spendOneTimeToken,
} from './one-time-token.store.ts'
import { hashOpaqueToken, newOpaqueToken } from './opaque-tokens.ts'
import { attemptPassword } from './password-attempt.ts'
import { hasName, nameTokens, openProfile } from './profiles.ts'
import { claimantOf, noteEnd, signedIn } from './session.service.ts'
import { forgetNameFailures, revokeSessions } from './session.store.ts'
import { hashOf } from './sessions.ts'
import { type Account, countRecentTokens, findAccount, findAccountByName, savePassword } from './user.store.ts'

const reset_seconds = 600
const resetsPerHour = 5

type Change = { current_password: string; otp?: string | undefined; new_password: string }

/** @throws Problem invalidCredentials, otpRequired, otpInvalid, signInLocked, invalidRequest for a password that is refused */
export async function changePassword(ctx: Context, identity: Identity, change: Change): Promise<void> {
  requireLocalPasswords(identity)
  const { system } = identity
  const { user_id, session_id } = signedIn(ctx)
  const claimant = await claimantOf(ctx)
  const profile = openProfile(system.keys, claimant.account)
  if (change.new_password.normalize('NFC') === change.current_password.normalize('NFC')) {
    const message = 'Choose a password that you do not have already'
    throw new Problem(invalidRequest, { errors: [{ path: '/body/new_password', code: 'password_unchanged', message }] })
  }
  const rules = { mfa: claimant.account.mfa_enabled, member: 'new_password' }
  const password_hash = await hashNewPassword(identity, change.new_password, profile, rules)
  const given = { password: change.current_password, otp: change.otp }
  await attemptPassword(
    ctx,
    identity,
    claimant,
    given,
    { action: 'password.change', method: 'password' },
    async (tx, account) => {
      await tx.run(savePassword(user_id, password_hash))
      await tx.run(revokeSessions(user_id, 'password_changed', session_id))
      await tx.run(deleteOneTimeTokens(user_id, ['password_reset', 'invitation', 'mfa_pending']))
      await queueMail(tx, system, {
        template: 'account_changed',
        to: profile.email,
        user_id,
        data: { what: 'password', happened_at: account.now, link: linkTo(system.configuration, 'sessions') },
      })
      tx.audit({ action: 'password.change', resource_type: 'user', resource_id: user_id })
      return {}
    },
  )
}

/** Mails a link when there is such an account that may sign in; the caller cannot tell, since the same statements run. */
export async function forgetPassword(ctx: Context, identity: Identity, email: string): Promise<void> {
  requireLocalPasswords(identity)
  const { keys } = identity.system
  const { kind, tokens } = nameTokens(keys, email)
  const candidate = await ctx.database.once((tx) => tx.first(findAccountByName(kind, tokens)))
  const account = candidate?.is_active && hasName(openProfile(keys, candidate), email) ? candidate : undefined
  await sendReset(ctx, identity, account, email, resetsPerHour)
}

/**
 * Mails a reset link to the account, unless so many were mailed within the hour: what strangers ask for must not fill a mailbox, nor
 * keep the owner or an administrator from asking. Without an account it does the same and sends nothing.
 */
export async function sendReset(
  ctx: Context,
  { system }: Identity,
  account: Account | undefined,
  address: string,
  most_per_hour = Infinity,
): Promise<void> {
  const token = newOpaqueToken('password_reset')
  await ctx.database.transaction(async (tx) => {
    const user_id = account?.id
    // One after the other, whether there is an account or not: requests that arrive together would all count too few.
    const turn = nameTokens(system.keys, address)
      .tokens.map(({ token }) => token.toString('hex'))
      .join()
    await tx.run(sql`select pg_advisory_xact_lock(hashtextextended(${turn}, 8))`)
    const mailed = await tx.one(countRecentTokens(user_id ?? null, 'password_reset'))
    // Who signs in with their organisation loses it there; a password of their own here would outlast that.
    const isExternal = account !== undefined && account.external_subject !== null
    const isSent = account !== undefined && !isExternal && mailed.count < most_per_hour
    const unsent = isExternal ? 'external_account' : account ? 'too_often' : 'unknown_address'
    const { expires_at } = await tx.one(
      insertOneTimeToken({
        token_hash: hashOf('password_reset', token),
        purpose: 'password_reset',
        lifetime_seconds: isSent ? reset_seconds : 0,
        ...(isSent && user_id ? { user_id } : {}),
      }),
    )
    const mail_id = await queueMail(tx, system, {
      template: 'password_reset',
      to: account ? openProfile(system.keys, account).email : 'nobody@openward.invalid',
      user_id,
      data: { link: linkTo(system.configuration, 'password_reset', token), expires_at },
    })
    await tx.run(sql`delete from mails where id = ${mail_id} and ${!isSent}`)
    tx.audit({
      action: 'password.forgot',
      resource_type: 'user',
      resource_id: user_id,
      outcome: isSent ? 'success' : 'failure',
      details: { reason: isSent ? 'mailed' : unsent },
    })
  })
}

type LinkPurpose = Extract<OneTimePurpose, 'password_reset' | 'invitation'>

/**
 * Sets the password that the holder of a mailed link chose, and ends every session.
 * @throws Problem tokenInvalid, invalidRequest
 */
export async function choosePassword(
  ctx: Context,
  identity: Identity,
  purpose: LinkPurpose,
  given: { token: string; new_password: string },
): Promise<void> {
  requireLocalPasswords(identity)
  const { system } = identity
  const action = purpose === 'invitation' ? 'invitation.accept' : 'password.reset'
  const token_hash = hashOpaqueToken(purpose, given.token)
  const held = token_hash && (await ctx.database.once((tx) => tx.first(findOneTimeToken(purpose, token_hash))))
  const user_id = held?.user_id
  const account = user_id && (await ctx.database.once((tx) => tx.first(findAccount(user_id))))
  if (!token_hash || !account || !account.is_active || account.external_subject !== null) {
    await ctx.record({
      action,
      resource_type: 'user',
      resource_id: user_id ?? undefined,
      outcome: 'failure',
      details: { reason: 'token_invalid' },
    })
    throw new Problem(tokenInvalid)
  }
  const profile = openProfile(system.keys, account)
  const rules = { mfa: account.mfa_enabled, member: 'new_password' }
  const password_hash = await hashNewPassword(identity, given.new_password, profile, rules)
  await ctx.database.transaction(async (tx) => {
    if (!(await tx.first(spendOneTimeToken(purpose, token_hash)))) throw new Problem(tokenInvalid)
    await tx.run(savePassword(account.id, password_hash, { unlock: true, verify_email: true }))
    await tx.run(forgetNameFailures(account.id))
    await tx.run(revokeSessions(account.id, action))
    await tx.run(deleteOneTimeTokens(account.id, ['password_reset', 'invitation', 'mfa_pending']))
    if (purpose === 'password_reset') {
      await queueMail(tx, system, {
        template: 'account_changed',
        to: profile.email,
        user_id: account.id,
        data: { what: 'password', happened_at: account.now, link: linkTo(system.configuration, 'sessions') },
      })
    }
    noteEnd(tx, action, account.id)
  })
}

function requireLocalPasswords({ system }: Identity): void {
  if (!system.configuration.local_passwords) throw new Problem(localPasswordsOff)
}
