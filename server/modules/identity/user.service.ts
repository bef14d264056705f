// Looking after accounts. Nobody changes their own rights, and nobody gives rights over others that they do not have.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violatedConstraint } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { accountExists } from './account.contract.ts'
import type { Identity } from './identity.ts'
import { requireGivable, requireNotAbove, requireRoleGivable } from './granting.ts'
import { invite } from './invitations.ts'
import { localPasswordsOff } from './login.contract.ts'
import { tellMfaChanged } from './mfa.service.ts'
import { hashNewPassword } from './new-password.ts'
import { deleteOneTimeTokens } from './one-time-token.store.ts'
import { sendReset } from './password.service.ts'
import { noteProfileChange, readProfile, writeProfile } from './profile.service.ts'
import { openProfile, profileTokens, sealProfile } from './profiles.ts'
import { requireRecentSignIn } from './recent-sign-in.ts'
import { replaceRecoveryCodes } from './second-factor.ts'
import { noteEnd, signedIn } from './session.service.ts'
import { revokeSessions } from './session.store.ts'
import { fitSessions } from './sessions.ts'
import {
  type CreatedUser,
  emailNotVerified,
  externalAccount,
  lastAdministrator,
  type NewUser,
  notAwaitingApproval,
  ownAccount,
  type User,
  type UserChange,
} from './user.contract.ts'
import { composeUser, recordReview } from './user-directory.service.ts'
import {
  countAdministrators,
  findUser,
  lockAdministrators,
  replaceDenials,
  saveRights,
  unlockUser,
} from './user-directory.store.ts'
import { type Account, insertUser, insertUserTokens, lockAccount, removeTotp } from './user.store.ts'

/** @throws Problem accountExists, beyondOwnRights, invalidRequest */
export async function createUser(ctx: Context, identity: Identity, body: NewUser): Promise<CreatedUser> {
  const { keys } = ctx.system
  const { role, department_id, password, ...given } = body
  const profile = readProfile(given)
  const password_hash =
    password === undefined
      ? null
      : await hashNewPassword(identity, password, profile, { mfa: false, member: 'password' })
  const id = randomUUIDv7()
  const created = await ctx.database
    .transaction(async (tx) => {
      await requireRoleGivable(tx, ctx.actor, { role, department_id: department_id ?? null })
      await tx.run(
        insertUser({
          id,
          ...sealProfile(keys, id, profile),
          password_hash,
          role,
          department_id: department_id ?? null,
          created_by: certain(ctx.actor.user_id, 'user'),
        }),
      )
      await tx.run(insertUserTokens(id, profileTokens(keys, profile)))
      const invitation = password_hash === null ? await invite(tx, ctx, id, profile.email) : null
      tx.audit({
        action: 'user.create',
        resource_type: 'user',
        resource_id: id,
        details: { role, invited: invitation !== null },
      })
      tx.emit({ type: 'user.created', subject_type: 'user', subject_id: id, payload: { role } })
      return { ...(await load(tx, ctx, id)), invitation }
    })
    .catch(refuseReferences)
  ctx.header('location', `/api/v1/users/${id}`)
  return created
}

/** @throws Problem notFound, stale, ownAccount, beyondOwnRights, lastAdministrator, emailNotVerified, invalidRequest */
export async function updateUser(ctx: Context, user_id: string, change: UserChange): Promise<User> {
  const { first_name, last_name, denied_permissions, ...rights } = change
  const changesRights = denied_permissions !== undefined || Object.values(rights).some((value) => value !== undefined)
  if (changesRights && user_id === ctx.actor.user_id) throw new Problem(ownAccount)
  return ctx.database
    .transaction(async (tx) => {
      const { account, user } = await lockBelow(tx, ctx, user_id)
      if (ctx.if_match !== undefined && ctx.if_match !== user.version) throw new Problem(stale)
      if (first_name !== undefined || last_name !== undefined) {
        const before = openProfile(ctx.system.keys, account)
        const after = {
          ...before,
          first_name: first_name ?? before.first_name,
          last_name: last_name ?? before.last_name,
        }
        await writeProfile(tx, ctx.system, account, after, false)
        noteProfileChange(tx, ctx.system, user_id, before, after, 'user.update')
      }
      if (!changesRights) return load(tx, ctx, user_id)
      const next = {
        role: rights.role ?? user.role,
        department_id: rights.department_id === undefined ? user.department_id : rights.department_id,
        is_active: rights.is_active ?? user.is_active,
      }
      if (isRaised(user, next)) await requireRoleGivable(tx, ctx.actor, next)
      if (denied_permissions !== undefined) {
        // Ending a denial gives a right back.
        const given = user.denied_permissions.filter((permission) => !denied_permissions.includes(permission))
        await requireGivable(tx, ctx.actor, given, next.department_id)
        await replaceDenials((statement) => tx.run(statement), user_id, denied_permissions, ctx.actor.user_id)
      }
      await applyRights(tx, ctx, user, next)
      const fields = Object.entries(change).flatMap(([field, value]) => (value === undefined ? [] : [field]))
      const details = {
        fields,
        role: next.role,
        is_active: next.is_active,
        ...(denied_permissions ? { denied_permissions } : {}),
      }
      tx.audit({ action: 'user.update', resource_type: 'user', resource_id: user_id, details })
      return load(tx, ctx, user_id)
    })
    .catch(refuseReferences)
}

/** @throws Problem notFound, stale, ownAccount, beyondOwnRights, lastAdministrator */
export async function deactivateUser(ctx: Context, user_id: string): Promise<void> {
  if (user_id === ctx.actor.user_id) throw new Problem(ownAccount)
  await ctx.database.transaction(async (tx) => {
    const { user } = await lockBelow(tx, ctx, user_id)
    if (ctx.if_match !== undefined && ctx.if_match !== user.version) throw new Problem(stale)
    await applyRights(tx, ctx, user, { ...user, is_active: false })
    tx.audit({ action: 'user.deactivate', resource_type: 'user', resource_id: user_id })
  })
}

/** @throws Problem notFound, ownAccount, notAwaitingApproval, beyondOwnRights, emailNotVerified */
export async function approveUser(ctx: Context, user_id: string): Promise<User> {
  if (user_id === ctx.actor.user_id) throw new Problem(ownAccount)
  return ctx.database.transaction(async (tx) => {
    const { user } = await lock(tx, ctx, user_id)
    if (!user.awaits_approval) throw new Problem(notAwaitingApproval)
    await requireRoleGivable(tx, ctx.actor, user)
    await applyRights(tx, ctx, user, { ...user, is_active: true })
    tx.audit({ action: 'user.approve', resource_type: 'user', resource_id: user_id, details: { role: user.role } })
    return load(tx, ctx, user_id)
  })
}

/** @throws Problem notFound, ownAccount, beyondOwnRights */
export async function unlockAccount(ctx: Context, user_id: string): Promise<User> {
  if (user_id === ctx.actor.user_id) throw new Problem(ownAccount)
  return ctx.database.transaction(async (tx) => {
    await lockBelow(tx, ctx, user_id)
    await tx.run(unlockUser(user_id))
    tx.audit({ action: 'user.unlock', resource_type: 'user', resource_id: user_id })
    return load(tx, ctx, user_id)
  })
}

/** @throws Problem notFound, beyondOwnRights, externalAccount */
export async function startReset(ctx: Context, identity: Identity, user_id: string): Promise<void> {
  if (!ctx.system.configuration.local_passwords) throw new Problem(localPasswordsOff)
  const { account } = await ctx.database.transaction((tx) => lockBelow(tx, ctx, user_id))
  if (!account.is_active) throw new Problem(notFound)
  if (account.external_subject !== null) throw new Problem(externalAccount)
  await sendReset(ctx, identity, account, openProfile(ctx.system.keys, account).email)
}

/** @throws Problem notFound, ownAccount, reauthRequired */
export async function removeMfa(ctx: Context, user_id: string): Promise<void> {
  if (user_id === ctx.actor.user_id) throw new Problem(ownAccount)
  await ctx.database.transaction(async (tx) => {
    const { account } = await lockBelow(tx, ctx, user_id)
    await requireRecentSignIn(tx, ctx)
    await tx.run(removeTotp(user_id))
    await replaceRecoveryCodes(tx, user_id, [])
    await tx.run(deleteOneTimeTokens(user_id, ['mfa_pending']))
    await tx.run(revokeSessions(user_id, 'mfa_removed'))
    await tellMfaChanged(tx, ctx.system, account)
    noteEnd(tx, 'mfa.remove', user_id)
  })
}

/** @throws Problem notFound, ownAccount */
export async function reviewAccess(ctx: Context, user_id: string, verdict: 'keep' | 'change') {
  const { user_id: reviewer_id } = signedIn(ctx)
  if (user_id === reviewer_id) throw new Problem(ownAccount)
  return recordReview(ctx, user_id, reviewer_id, verdict)
}

async function lock(tx: Tx, { system }: Context, user_id: string): Promise<{ account: Account; user: User }> {
  const account = await tx.first(lockAccount(user_id))
  if (!account) throw new Problem(notFound)
  return { account, user: composeUser(system.keys, await tx.one(findUser(user_id))) }
}

/** An account that does not rule over more than whoever looks after it; everyone's own is that. @throws Problem notFound, beyondOwnRights */
export async function lockBelow(tx: Tx, ctx: Context, user_id: string): Promise<{ account: Account; user: User }> {
  const locked = await lock(tx, ctx, user_id)
  if (user_id !== ctx.actor.user_id) await requireNotAbove(tx, ctx.actor, locked.account.role)
  return locked
}

async function load(tx: Tx, { system }: Context, user_id: string): Promise<User> {
  return composeUser(system.keys, await tx.one(findUser(user_id)))
}

/** Another role, another department and a closed account that is opened again give rights. */
function isRaised(before: User, next: { role: string; department_id: string | null; is_active: boolean }): boolean {
  const isMoved =
    next.role !== before.role || (next.department_id !== before.department_id && next.department_id !== null)
  return isMoved || (next.is_active && !before.is_active)
}

/** Who registered themselves may have given the address of somebody else: nobody is let in on the word of an address alone. */
function requireProven(before: User, next: { role: string; is_active: boolean }): void {
  const isApproved = before.awaits_approval && next.is_active
  const isTakenOn = before.role === 'patient' && next.role !== 'patient'
  if ((isApproved || isTakenOn) && !before.email_verified) throw new Problem(emailNotVerified)
}

/** Writes rights so that they hold on the next request, in sessions as well, and ends those of who may not come in any more. */
async function applyRights(
  tx: Tx,
  { system }: Context,
  before: User,
  next: { role: string; department_id: string | null; is_active: boolean },
): Promise<void> {
  requireProven(before, next)
  const leavesAdministrators = before.role === 'admin' && before.is_active && (next.role !== 'admin' || !next.is_active)
  if (leavesAdministrators) await tx.run(lockAdministrators())
  await tx.run(saveRights(before.id, next))
  if (leavesAdministrators && (await tx.one(countAdministrators())).count === 0) throw new Problem(lastAdministrator)
  if (next.role !== before.role) await fitSessions(tx, system.configuration, before.id, next.role)
  if (next.is_active) return
  await tx.run(revokeSessions(before.id, 'deactivated'))
  await tx.run(deleteOneTimeTokens(before.id, ['password_reset', 'invitation', 'mfa_pending']))
  tx.emit({ type: 'session.ended', subject_type: 'user', subject_id: before.id, payload: { user_id: before.id } })
}

/** For `.catch()`. @throws Problem accountExists, invalidRequest */
export function refuseReferences(error: unknown): never {
  const constraint = violatedConstraint(error)
  if (constraint === 'user_tokens_one_account') throw new Problem(accountExists, {}, error)
  if (constraint === 'users_department_id_fkey') {
    const message = 'There is no such department: GET /api/v1/departments lists them'
    throw new Problem(
      invalidRequest,
      { errors: [{ path: '/body/department_id', code: 'unknown_department', message }] },
      error,
    )
  }
  throw error
}
