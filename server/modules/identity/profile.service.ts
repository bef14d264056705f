// One's own profile. Another e-mail address can be used to take an account over, so changing it asks for more.
import { invalidRequest, Problem, stale } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { System } from '#platform/context.ts'
import { sealJson } from '#platform/encryption/sealing.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { accountExists, type ProfileChange, tokenInvalid, type UserProfile } from './account.contract.ts'
import { linkTo } from './links.ts'
import { deleteOneTimeTokens, insertOneTimeToken } from './one-time-token.store.ts'
import { newOpaqueToken } from './opaque-tokens.ts'
import { canonicalName, openProfile, type Profile, profileTokens, sealProfile } from './profiles.ts'
import { requireRecentSignIn } from './recent-sign-in.ts'
import { openTotp, sealTotp } from './second-factor.ts'
import { signedIn } from './session.service.ts'
import { hashOf } from './sessions.ts'
import {
  type Account,
  deleteUserTokens,
  findAccount,
  insertUserTokens,
  lockAccount,
  saveProfile,
} from './user.store.ts'

const verification_seconds = 3 * 86_400

export async function findProfile(ctx: Context): Promise<UserProfile> {
  const { user_id } = signedIn(ctx)
  const account = await ctx.database.once((tx) => tx.first(findAccount(user_id)))
  if (!account) throw new Problem(tokenInvalid)
  return composeProfile(openProfile(ctx.system.keys, account), account)
}

/** @throws Problem reauthRequired for another e-mail, accountExists, stale */
export async function changeProfile(ctx: Context, change: ProfileChange): Promise<UserProfile> {
  const { user_id } = signedIn(ctx)
  const { system } = ctx
  return ctx.database.transaction(async (tx) => {
    const account = await tx.first(lockAccount(user_id))
    if (!account) throw new Problem(tokenInvalid)
    if (ctx.if_match !== undefined && ctx.if_match !== account.version) throw new Problem(stale)
    const before = openProfile(system.keys, account)
    const profile = readProfile(change, before)
    const isMoved = canonicalName(profile.email) !== canonicalName(before.email)
    if (isMoved) await requireRecentSignIn(tx, ctx)
    const saved = await writeProfile(tx, system, account, profile, isMoved)
    if (isMoved) {
      const happened_at = account.now
      const link = linkTo(system.configuration, 'sessions')
      await queueMail(tx, system, {
        template: 'account_changed',
        to: before.email,
        user_id,
        data: { what: 'email', happened_at, link },
      })
      // A link that went to the old address must not open the account any more.
      await tx.run(deleteOneTimeTokens(user_id, ['password_reset', 'invitation', 'email_verification']))
      await mailVerification(tx, system, user_id, profile.email)
    }
    noteProfileChange(tx, system, user_id, before, profile)
    return composeProfile(profile, { ...account, ...saved })
  })
}

/** The profile after a change. @throws Problem invalidRequest for a user name that is somebody else's address */
export function readProfile({ username, ...change }: ProfileChange, before?: Profile): Profile {
  const isOwnEmail = (name: string) => canonicalName(name) === canonicalName(change.email)
  if (username?.includes('@') && !isOwnEmail(username)) {
    const message = 'A user name that is an e-mail address must be your own'
    throw new Problem(invalidRequest, { errors: [{ path: '/body/username', code: 'username_is_address', message }] })
  }
  const kept = before && canonicalName(before.username) !== canonicalName(before.email) ? before.username : change.email
  return { ...change, username: username ?? kept }
}

/** Seals the profile anew, and with it the second factor, which shares its key. @throws Problem accountExists */
export async function writeProfile(tx: Tx, { keys }: System, account: Account, profile: Profile, isMoved: boolean) {
  const sealed = sealProfile(keys, account.id, profile)
  const totp = openTotp(keys, account)
  await tx.run(deleteUserTokens(account.id))
  await tx
    .run(insertUserTokens(account.id, profileTokens(keys, profile)))
    .catch(violating({ user_tokens_one_account: accountExists }))
  const sealed_totp = totp ? sealTotp(keys, { id: account.id, key_id: sealed.key_id }, totp) : null
  const saved = await tx.first(saveProfile(account.id, { ...sealed, sealed_totp, is_moved: isMoved }))
  if (!saved) throw new Error('a locked user is gone')
  return saved
}

/** What was changed, for the audit: the names of the fields in the clear, before and after sealed. */
export function noteProfileChange(
  tx: Tx,
  { keys }: System,
  user_id: string,
  before: Profile,
  after: Profile,
  action = 'profile.update',
): void {
  const fields = (Object.keys(after) as (keyof Profile)[]).filter((field) => before[field] !== after[field])
  const key = keys.system('users')
  const pick = (profile: Profile) => Object.fromEntries(fields.map((field) => [field, profile[field]]))
  const sealed = sealJson(
    key,
    { table: 'audit_logs', column: 'sealed_changes', row_id: key.id },
    { before: pick(before), after: pick(after) },
  )
  tx.audit({
    action,
    resource_type: 'user',
    resource_id: user_id,
    details: { fields },
    ...(fields.length > 0 ? { changes: { key_id: key.id, sealed } } : {}),
  })
}

/** Where what is kept with a link stands. */
export const verificationPlace = (hash: Buffer) => ({
  table: 'one_time_tokens',
  column: 'sealed_data',
  row_id: hash.toString('hex'),
})

/** Mails a link that proves the address; `data` is kept sealed with it until it is followed. */
export async function mailVerification(
  tx: Tx,
  system: System,
  user_id: string,
  email: string,
  data: object = {},
): Promise<void> {
  const token = newOpaqueToken('email_verification')
  const token_hash = hashOf('email_verification', token)
  const key = system.keys.system('users')
  const sealed = { key_id: key.id, data: sealJson(key, verificationPlace(token_hash), data) }
  const made = await tx.first(
    insertOneTimeToken({
      token_hash,
      purpose: 'email_verification',
      user_id,
      lifetime_seconds: verification_seconds,
      sealed,
    }),
  )
  await queueMail(tx, system, {
    template: 'registration_verification',
    to: email,
    user_id,
    data: { link: linkTo(system.configuration, 'email_verification', token), expires_at: made?.expires_at ?? '' },
  })
}

function composeProfile(
  profile: Profile,
  { email_verified_at, updated_at, version }: Pick<Account, 'email_verified_at' | 'updated_at' | 'version'>,
): UserProfile {
  return { ...profile, email_verified: email_verified_at !== null, updated_at, version }
}
