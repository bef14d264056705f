// Signing in with a password: the same work and the same answer whether the name is known, the password wrong or the
// account waiting.
import { certain } from '#platform/certain.ts'
import { Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { type Claimant, waitOf } from './attempt.ts'
import type { Identity } from './identity.ts'
import { unlocked } from './lockout.ts'
import { accountInactive, localPasswordsOff, mfaEnrollmentRequired, type Tokens } from './login.contract.ts'
import { insertOneTimeToken } from './one-time-token.store.ts'
import { hashOpaqueToken, newOpaqueToken } from './opaque-tokens.ts'
import { attemptPassword } from './password-attempt.ts'
import { isTooShortAlone } from './passwords.ts'
import { hasName, nameTokens, openProfile } from './profiles.ts'
import { needsSecondFactor } from './second-factor.ts'
import { findDevice, findNameFailures } from './session.store.ts'
import { hashOf, openSession } from './sessions.ts'
import { findAccountByName, nobody, requireNewPassword } from './user.store.ts'

export type Credentials = {
  name: string
  password: string
  otp?: string | undefined
  device_token?: string | undefined
}
export type SignInMethod = 'password' | 'password_form'

const enrollment_seconds = 600

/** @throws Problem invalidCredentials and its kin; `overloaded` when too many passwords wait to be checked */
export async function signIn(
  ctx: Context,
  identity: Identity,
  given: Credentials,
  method: SignInMethod,
): Promise<Tokens> {
  const { configuration } = identity.system
  if (!configuration.local_passwords) throw new Problem(localPasswordsOff)
  identity.hasher.requireRoom()
  const claimant = await findClaimant(ctx, identity, given)
  return attemptPassword(
    ctx,
    identity,
    claimant,
    given,
    { action: 'session.login', method },
    async (tx, account, device, refuse) => {
      if (!account.is_active) return refuse(accountInactive, account.awaits_approval ? 'awaits_approval' : 'inactive')
      if (!account.mfa_enabled && needsSecondFactor(configuration, account)) {
        return refuse(mfaEnrollmentRequired, 'mfa_not_enrolled', {
          enrollment_token: await startEnrollment(tx, account.id),
        })
      }
      // One that was chosen beside a second factor, which somebody has taken away since.
      if (!account.mfa_enabled && isTooShortAlone(given.password)) await tx.run(requireNewPassword(account.id))
      return openSession(tx, ctx, identity, account, {
        method: account.mfa_enabled ? `${method}+otp` : method,
        device: device && given.device_token ? { id: device.id, token: given.device_token } : undefined,
      })
    },
  )
}

/** Who is meant, and how long they have to wait; the same statements run for a name that nobody has. */
async function findClaimant(
  ctx: Context,
  { system: { keys } }: Identity,
  { name, device_token }: Credentials,
): Promise<Claimant> {
  const { kind, tokens } = nameTokens(keys, name)
  // That of the oldest index root: as long as it is there, so is a token of every account under it.
  const { token: name_token } = certain(tokens.at(-1), 'index root')
  const device_hash = hashOpaqueToken('device', device_token ?? '') ?? Buffer.alloc(32)
  const [{ now }, candidate, failures, device] = await ctx.database.once((tx) =>
    Promise.all([
      tx.one(sql<{ now: string }>`select clock_timestamp() as now`),
      tx.first(findAccountByName(kind, tokens)),
      tx.first(findNameFailures(name_token)),
      tx.first(findDevice(device_hash)),
    ]),
  )
  const account = candidate && hasName(openProfile(keys, candidate), name) ? candidate : undefined
  const own = account && device?.user_id === account.id ? device : undefined
  const counted = { ...(failures ?? unlocked), id: account?.id ?? nobody, now }
  return { account, device: own, name_token, retry_after_seconds: waitOf(counted, own) }
}

/** A token that only setting up the second factor accepts. */
async function startEnrollment(tx: Tx, user_id: string): Promise<string> {
  const token = newOpaqueToken('mfa_pending')
  const token_hash = hashOf('mfa_pending', token)
  await tx.run(
    insertOneTimeToken({ token_hash, purpose: 'mfa_pending', user_id, lifetime_seconds: enrollment_seconds }),
  )
  return token
}
