// What every attempt to prove who one is has in common, by a password or by a code: it is counted against the name that was given and
// the account, or against the known device, recorded, and heard no more often than the lockout allows, however many arrive at once.
import { certain } from '#platform/certain.ts'
import { Problem, type ProblemKind } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { queueMail } from '#platform/mail/queue.ts'
import type { Identity } from './identity.ts'
import { linkTo } from './links.ts'
import { afterFailure, decideAttempt, type KnownDevice, type LockoutState, unlocked } from './lockout.ts'
import { signInLocked } from './login.contract.ts'
import { openProfile } from './profiles.ts'
import {
  lockDevice,
  lockNameFailures,
  type NameFailures,
  saveDeviceLockout,
  saveNameFailures,
  type StoredDevice,
} from './session.store.ts'
import { type Account, lockAccount, nobody, saveLockout } from './user.store.ts'

/** What an attempt needs of the identity module. */
export type Door = Pick<Identity, 'system' | 'budget'>

/** Who is claimed to be here. */
export type Claimant = {
  account: Account | undefined
  /** A device that this account signed in from before. */
  device: StoredDevice | undefined
  /** Of a sign-in: what failures are counted under for the name that was given, whether anybody has it or not. */
  name_token?: Buffer
  retry_after_seconds: number
}
export type Attempted = { action: string; method: string }

/** A refusal is returned and not thrown: what it counted and recorded must commit. */
export type Refusal = { refused: ProblemKind; members: Record<string, unknown>; counts: boolean }
export type Refuse = (kind: ProblemKind, reason: string, members?: Record<string, unknown>) => Refusal

/** An attempt that is looked at, with its rows locked. `fail` refuses it as `refuse` does, and counts it. */
export type Heard = {
  account: Account | undefined
  device: StoredDevice | undefined
  refuse: Refuse
  fail: (kind: ProblemKind, reason: string) => Promise<Refusal>
}

/** @throws Problem signInLocked, recorded, when it is known before any work that the attempt would not be heard */
export async function requireHearing(
  ctx: Context,
  { budget }: Door,
  claimant: Claimant,
  attempted: Attempted,
): Promise<void> {
  const { device, retry_after_seconds } = claimant
  // Once strangers have used up what all of them may get wrong in a minute, only known devices are heard.
  const isShut = device === undefined && budget.isSpent()
  if (retry_after_seconds === 0 && !isShut) return
  await ctx.record(failureOf(claimant, attempted, isShut ? 'budget_spent' : 'locked'))
  throw new Problem(signInLocked, { retry_after_seconds: Math.max(retry_after_seconds, isShut ? 60 : 1) })
}

/** The same statements run where nobody has the name. */
export async function hear(tx: Tx, door: Door, claimant: Claimant, attempted: Attempted): Promise<Heard | Refusal> {
  const { name_token, device } = claimant
  const refuse: Refuse = (refused, reason, members = {}) => {
    tx.audit(failureOf(claimant, attempted, reason))
    return { refused, members, counts: false }
  }
  const id = claimant.account?.id ?? nobody
  const [account, name] = await Promise.all([
    tx.first(lockAccount(id)),
    name_token && tx.one(lockNameFailures(name_token)),
  ])
  const known = device && (await tx.first(lockDevice(device.id)))
  // A sign-in waits for failures under its own name alone: one that waits for those under another would tell whose both are.
  const counted = name ?? certain(account, 'account of an attempt')
  const attempt = decideAttempt(counted, id, known && knownDevice(known), counted.now)
  if (!attempt.is_allowed) {
    return refuse(signInLocked, 'locked', { retry_after_seconds: attempt.retry_after_seconds })
  }
  const fail: Heard['fail'] = async (kind, reason) => {
    if (attempt.counts_on === 'device' && known) {
      await tx.run(saveDeviceLockout(known.id, afterFailure(known, counted.now)))
    } else {
      await countStranger(tx, door, account, name)
    }
    return { ...refuse(kind, reason), counts: true }
  }
  return { account, device: known, refuse, fail }
}

/** What an attempt came to, once that has committed. @throws Problem what it was refused with */
export function settle<T extends object>({ budget }: Door, outcome: T | Refusal): T {
  if (!('refused' in outcome)) return outcome
  if (outcome.counts) budget.spend()
  throw new Problem(outcome.refused, outcome.members)
}

/** How long the claimant has to wait before an attempt is looked at. */
export function waitOf(counted: LockoutState & Pick<Account, 'id' | 'now'>, device: StoredDevice | undefined): number {
  const attempt = decideAttempt(counted, counted.id, device && knownDevice(device), counted.now)
  return attempt.is_allowed ? 0 : attempt.retry_after_seconds
}

/** The entry of an attempt that failed. */
export function failureOf({ account }: Pick<Claimant, 'account'>, { action, method }: Attempted, reason: string) {
  return {
    action,
    resource_type: 'session',
    outcome: 'failure',
    user_id: account?.id,
    role: account?.role,
    details: { method, reason },
  } as const
}

/** Counts for the name that was given and for the account, whose count is what its administrators see and its sessions wait for. */
async function countStranger(
  tx: Tx,
  { system }: Door,
  account: Account | undefined,
  name: NameFailures | undefined,
): Promise<void> {
  const before = name ?? certain(account, 'account of an attempt')
  const after = afterFailure(before, before.now)
  if (name) await tx.run(saveNameFailures(name.token, after))
  await tx.run(saveLockout(account?.id ?? nobody, account ? afterFailure(account, account.now) : unlocked))
  // The first lock is told, the ones that it grows to are not: mail must be no weapon either.
  if (after.locked_until === null || before.locked_until !== null) return
  const mail_id = await queueMail(tx, system, {
    template: 'sign_in_locked',
    to: account ? openProfile(system.keys, account).email : 'nobody@openward.invalid',
    user_id: account?.id,
    data: { happened_at: before.now, link: linkTo(system.configuration, 'sessions') },
  })
  await tx.run(sql`delete from mails where id = ${mail_id} and ${account === undefined}`)
}

function knownDevice({ user_id, failed_logins, failures_since, locked_until }: StoredDevice): KnownDevice {
  return { user_id, lockout: { failed_logins, failures_since, locked_until } }
}
