// One's own profile. Another e-mail address can be used to take an account over, so changing it asks for more.
import { changesUnder } from '#platform/audit/changes.ts'
import { invalidRequest, Problem, stale } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { System } from '#platform/context.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { accountExists, type ProfileChange, type UserProfile } from './account.contract.ts'
import { type Move, requestMove } from './email-verification.ts'
import { linkTo } from './links.ts'
import { deleteOneTimeTokens } from './one-time-token.store.ts'
import { canonicalName, openProfile, type Profile, profileTokens, sealProfile } from './profiles.ts'
import { requireRecentSignIn } from './recent-sign-in.ts'
import { openTotp, sealTotp } from './second-factor.ts'
import { signedIn } from './session.service.ts'
import {
  type Account,
  deleteUserTokens,
  findAccount,
  insertUserTokens,
  lockAccount,
  saveProfile,
} from './user.store.ts'

export async function findProfile(ctx: Context): Promise<UserProfile> {
  const { user_id } = signedIn(ctx)
  const account = await ctx.database.once((tx) => tx.one(findAccount(user_id)))
  return composeProfile(openProfile(ctx.system.keys, account), account)
}

/**
 * Changes the names at once. Another e-mail waits until its link is followed, and is answered alike whoever has it.
 * @throws Problem reauthRequired for another e-mail, accountExists for a user name, stale
 */
export async function changeProfile(ctx: Context, change: ProfileChange): Promise<UserProfile> {
  const { user_id } = signedIn(ctx)
  const { system } = ctx
  return ctx.database.transaction(async (tx) => {
    const account = await tx.one(lockAccount(user_id))
    if (ctx.if_match !== undefined && ctx.if_match !== account.version) throw new Problem(stale)
    const before = openProfile(system.keys, account)
    const wanted = readProfile(change, before)
    const isMoving = canonicalName(wanted.email) !== canonicalName(before.email)
    if (isMoving) await requireRecentSignIn(tx, ctx)
    const is_username = canonicalName(wanted.username) === canonicalName(wanted.email)
    const kept = { email: before.email, username: is_username ? before.username : wanted.username }
    const profile = isMoving ? { ...wanted, ...kept } : wanted
    const saved = await writeProfile(tx, system, account, profile, false)
    const move = { new_email: wanted.email, is_username }
    const new_email = isMoving ? await requestMove(tx, ctx, account, before.email, move) : undefined
    noteProfileChange(tx, system, user_id, before, profile, 'profile.update', { new_email })
    return composeProfile(profile, { ...account, ...saved })
  })
}

/**
 * Moves the account to the address that was just proven, and tells the one that it had.
 * @throws Problem accountExists when somebody else took the address meanwhile
 */
export async function moveToAddress(
  tx: Tx,
  system: System,
  user_id: string,
  { new_email, is_username }: Move,
): Promise<void> {
  const account = await tx.one(lockAccount(user_id))
  const before = openProfile(system.keys, account)
  const after = { ...before, email: new_email, ...(is_username ? { username: new_email } : {}) }
  await writeProfile(tx, system, account, after, true)
  await queueMail(tx, system, {
    template: 'account_changed',
    to: before.email,
    user_id,
    data: { what: 'email', happened_at: account.now, link: linkTo(system.configuration, 'sessions') },
  })
  // A link that went to the old address must not open the account any more.
  await tx.run(deleteOneTimeTokens(user_id, ['password_reset', 'invitation', 'email_verification']))
  noteProfileChange(tx, system, user_id, before, after)
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
  return tx.one(saveProfile(account.id, { ...sealed, sealed_totp, is_moved: isMoved }))
}

/** What was changed, for the audit: the names of the fields in the clear, before and after sealed. */
export function noteProfileChange(
  tx: Tx,
  { keys }: System,
  user_id: string,
  before: Profile,
  after: Profile,
  action = 'profile.update',
  more: Record<string, string | undefined> = {},
): void {
  const fields = (Object.keys(after) as (keyof Profile)[]).filter((field) => before[field] !== after[field])
  const pick = (profile: Profile) => Object.fromEntries(fields.map((field) => [field, profile[field]]))
  const changes = changesUnder(keys.system('users'), { before: pick(before), after: pick(after) })
  tx.audit({
    action,
    resource_type: 'user',
    resource_id: user_id,
    details: { fields, ...more },
    ...(fields.length > 0 ? { changes } : {}),
  })
}

function composeProfile(
  profile: Profile,
  { email_verified_at, updated_at, version }: Pick<Account, 'email_verified_at' | 'updated_at' | 'version'>,
): UserProfile {
  return { ...profile, email_verified: email_verified_at !== null, updated_at, version }
}
