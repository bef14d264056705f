// One attempt to prove who one is with a password and, where there is one, a second factor.
import type { Context } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import {
  type Attempted,
  type Claimant,
  type Door,
  hear,
  type Refusal,
  type Refuse,
  requireHearing,
  settle,
} from './attempt.ts'
import type { Identity } from './identity.ts'
import { invalidCredentials, otpInvalid, otpRequired } from './login.contract.ts'
import { spendOtp } from './second-factor.ts'
import type { StoredDevice } from './session.store.ts'
import type { Account } from './user.store.ts'

export type Proof = { password: string; otp?: string | undefined }
type Succeed<T> = (tx: Tx, account: Account, device: StoredDevice | undefined, refuse: Refuse) => Promise<T | Refusal>

/**
 * Runs `succeed` in the transaction in which both factors were found right, on the locked account.
 * @throws Problem invalidCredentials, otpRequired, otpInvalid, signInLocked, overloaded, and what `succeed` refuses
 */
export async function attemptPassword<T extends object>(
  ctx: Context,
  identity: Door & Pick<Identity, 'hasher'>,
  claimant: Claimant,
  given: Proof,
  attempted: Attempted,
  succeed: Succeed<T>,
): Promise<T> {
  await requireHearing(ctx, identity, claimant, attempted)
  const { hasher, system } = identity
  const { account } = claimant
  // Whom the organisation lets in has no password here, whatever is stored: it would outlast the organisation's word.
  const password_hash = account?.external_subject === null ? account.password_hash : null
  const matches = await hasher.verifyPassword(password_hash, given.password)
  const rehashed =
    matches && password_hash && hasher.needsRehash(password_hash)
      ? await hasher.hashPassword(given.password)
      : undefined

  const outcome = await ctx.database.transaction(async (tx): Promise<T | Refusal> => {
    const heard = await hear(tx, identity, claimant, attempted)
    if ('refused' in heard) return heard
    const { account: locked, device: known, refuse, fail } = heard
    if (!locked) return fail(invalidCredentials, 'unknown_name')
    if (!matches || locked.password_hash !== password_hash) return fail(invalidCredentials, 'wrong_password')
    if (locked.mfa_enabled) {
      if (given.otp === undefined) return refuse(otpRequired, 'otp_missing')
      if (!(await spendOtp(tx, system.keys, locked, given.otp))) return fail(otpInvalid, 'wrong_otp')
    }
    if (rehashed) await tx.run(sql`update users set password_hash = ${rehashed} where id = ${locked.id}`)
    return succeed(tx, locked, known?.user_id === locked.id ? known : undefined, refuse)
  })
  return settle(identity, outcome)
}
