// Signing in with a password: the same work and the same answer whether the name is known, the password wrong or the
// account waiting, and never more guesses than the lockout allows, however many arrive at once.
import { overloaded, Problem, type ProblemKind } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Identity } from './identity.ts'
import { afterFailure, decideAttempt, type KnownDevice, lockedFor_seconds } from './lockout.ts'
import {
  accountInactive,
  invalidCredentials,
  localPasswordsOff,
  mfaEnrollmentRequired,
  otpInvalid,
  otpRequired,
  signInLocked,
  type Tokens,
} from './login.contract.ts'
import { insertOneTimeToken } from './one-time-token.store.ts'
import { hashOpaqueToken, newOpaqueToken } from './opaque-tokens.ts'
import { PasswordQueueFull } from './passwords.ts'
import { hasName, nameTokens, openProfile } from './profiles.ts'
import { needsSecondFactor, spendOtp } from './second-factor.ts'
import {
  findDevice,
  findUnknownLogin,
  lockDevice,
  lockUnknownLogin,
  saveDeviceLockout,
  saveUnknownLogin,
  type StoredDevice,
} from './session.store.ts'
import { hashOf, openSession } from './sessions.ts'
import { type Account, findAccountByName, lockAccount, saveLockout } from './user.store.ts'

export type Credentials = {
  name: string
  password: string
  otp?: string | undefined
  device_token?: string | undefined
}
export type SignInMethod = 'password' | 'password_form'

const enrollment_seconds = 600

type Refusal = {
  kind: ProblemKind
  members?: { retry_after_seconds?: number; enrollment_token?: string }
  counts: boolean
}
const isRefusal = (outcome: Tokens | Refusal): outcome is Refusal => 'kind' in outcome

/** @throws Problem invalidCredentials and its kin; `overloaded` when too many passwords wait to be checked */
export async function signIn(
  ctx: Context,
  identity: Identity,
  given: Credentials,
  method: SignInMethod,
): Promise<Tokens> {
  const { configuration, keys } = identity.system
  if (!configuration.local_passwords) throw new Problem(localPasswordsOff)
  const found = await findWho(ctx, identity, given)
  const { account, device, retry_after_seconds } = found
  const failed = {
    action: 'session.login',
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
  const matches = await verify(identity, account, given.password)
  const rehashed =
    matches && account?.password_hash && identity.hasher.needsRehash(account.password_hash)
      ? await identity.hasher.hashPassword(given.password)
      : undefined

  const outcome = await ctx.database.transaction(async (tx): Promise<Tokens | Refusal> => {
    const refuse = (kind: ProblemKind, reason: string, members: Refusal['members'] = {}, counts = false): Refusal => {
      tx.audit({ ...failed, details: { method, reason } })
      return { kind, members, counts }
    }
    const locked = account && (await tx.first(lockAccount(account.id)))
    if (!locked) {
      const state = await tx.first(lockUnknownLogin(found.token))
      if (state && lockedFor_seconds(state, state.now) > 0) {
        return refuse(signInLocked, 'locked', { retry_after_seconds: lockedFor_seconds(state, state.now) })
      }
      if (state) await tx.run(saveUnknownLogin(found.token, afterFailure(state, state.now)))
      return refuse(invalidCredentials, 'unknown_name', {}, true)
    }
    const known = device && (await tx.first(lockDevice(device.id)))
    const attempt = decideAttempt(locked, locked.id, known && knownDevice(known), locked.now)
    if (!attempt.is_allowed) return refuse(signInLocked, 'locked', { retry_after_seconds: attempt.retry_after_seconds })
    const countFailure = () =>
      attempt.counts_on === 'device' && known
        ? tx.run(saveDeviceLockout(known.id, afterFailure(known, locked.now)))
        : tx.run(saveLockout(locked.id, afterFailure(locked, locked.now)))

    if (!matches || locked.password_hash !== account?.password_hash) {
      await countFailure()
      return refuse(invalidCredentials, 'wrong_password', {}, true)
    }
    if (locked.mfa_enabled) {
      if (given.otp === undefined) return refuse(otpRequired, 'otp_missing')
      if (!(await spendOtp(tx, keys, locked, given.otp))) {
        await countFailure()
        return refuse(otpInvalid, 'wrong_otp', {}, true)
      }
    }
    if (!locked.is_active) return refuse(accountInactive, locked.awaits_approval ? 'awaits_approval' : 'inactive')
    if (rehashed) await tx.run(sql`update users set password_hash = ${rehashed} where id = ${locked.id}`)
    if (!locked.mfa_enabled && needsSecondFactor(configuration, locked)) {
      return refuse(mfaEnrollmentRequired, 'mfa_not_enrolled', {
        enrollment_token: await startEnrollment(tx, locked.id),
      })
    }
    return openSession(tx, ctx, identity, locked, {
      method: locked.mfa_enabled ? `${method}+otp` : method,
      device:
        known && known.user_id === locked.id && given.device_token
          ? { id: known.id, token: given.device_token }
          : undefined,
    })
  })
  if (!isRefusal(outcome)) return outcome
  if (outcome.counts) identity.budget.spend()
  throw new Problem(outcome.kind, outcome.members)
}

/** Who is meant, and how long they have to wait; the same statements run for a name that nobody has. */
async function findWho(ctx: Context, { system: { keys } }: Identity, { name, device_token }: Credentials) {
  const { kind, tokens } = nameTokens(keys, name)
  const token = tokens[0]?.token
  if (!token) throw new Error('there is no index root')
  const device_hash = hashOpaqueToken('device', device_token ?? '') ?? Buffer.alloc(32)
  const [clock, candidate, unknown, device] = await ctx.database.once((tx) =>
    Promise.all([
      tx.first(sql<{ now: string }>`select clock_timestamp() as now`),
      tx.first(findAccountByName(kind, tokens)),
      tx.first(findUnknownLogin(token)),
      tx.first(findDevice(device_hash)),
    ]),
  )
  const now = clock?.now ?? Temporal.Now.instant().toString()
  const account = candidate && hasName(openProfile(keys, candidate), name) ? candidate : undefined
  if (!account)
    return { token, account, device: undefined, retry_after_seconds: unknown ? lockedFor_seconds(unknown, now) : 0 }
  const own = device?.user_id === account.id ? device : undefined
  const attempt = decideAttempt(account, account.id, own && knownDevice(own), now)
  return { token, account, device: own, retry_after_seconds: attempt.is_allowed ? 0 : attempt.retry_after_seconds }
}

async function verify({ hasher }: Identity, account: Account | undefined, password: string): Promise<boolean> {
  try {
    return await hasher.verifyPassword(account?.password_hash, password)
  } catch (error) {
    if (error instanceof PasswordQueueFull)
      throw new Problem(overloaded, { retry_after_seconds: error.retry_after_seconds }, error)
    throw error
  }
}

function knownDevice({ user_id, failed_logins, failures_since, locked_until }: StoredDevice): KnownDevice {
  return { user_id, lockout: { failed_logins, failures_since, locked_until } }
}

async function startEnrollment(tx: Tx, user_id: string): Promise<string> {
  const token = newOpaqueToken('mfa_pending')
  await tx.run(
    insertOneTimeToken({
      token_hash: hashOf('mfa_pending', token),
      purpose: 'mfa_pending',
      user_id,
      lifetime_seconds: enrollment_seconds,
    }),
  )
  return token
}
