// Following the link that proves an e-mail address: only who has the account can, not whoever reads the address's mail.
import type { Context } from '#platform/context.ts'
import { Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { tokenInvalid } from './account.contract.ts'
import { waitOf } from './attempt.ts'
import { openKept, readMove } from './email-verification.ts'
import { budgetOf } from './failure-budget.ts'
import { hasherOf } from './hasher.ts'
import { invalidCredentials, localPasswordsOff } from './login.contract.ts'
import { findOneTimeToken, spendOneTimeToken } from './one-time-token.store.ts'
import { hashOpaqueToken } from './opaque-tokens.ts'
import { attemptPassword } from './password-attempt.ts'
import { moveToAddress } from './profile.service.ts'
import { findAccount, verifyEmailOf } from './user.store.ts'

export type Confirmation = { token: string; password?: string | undefined; otp?: string | undefined }
/** Whose address was proven, and what was kept with the link. */
export type Confirmed = { user_id: string; data: object }

/**
 * Uses up the link of `mailVerification` for who also proves that the account is theirs: by its password, or by a session of it.
 * Otherwise a stranger could register with somebody's address, and have them finish it with one click. `finish` runs in the same
 * transaction, which reaches everything.
 * @throws Problem tokenInvalid, invalidCredentials and its kin, accountExists for an address that was taken meanwhile
 */
export async function confirmEmail(
  ctx: Context,
  { token, password, otp }: Confirmation,
  finish: (tx: Tx, confirmed: Confirmed) => Promise<void>,
): Promise<void> {
  const { system, actor } = ctx
  const token_hash = hashOpaqueToken('email_verification', token)
  const held =
    token_hash && (await ctx.database.once((tx) => tx.first(findOneTimeToken('email_verification', token_hash))))
  const user_id = held?.user_id
  const account = user_id && (await ctx.database.once((tx) => tx.first(findAccount(user_id))))
  if (!token_hash || !account) throw new Problem(tokenInvalid)

  const database = ctx.reaching('all')
  const confirm = async (tx: Tx) => {
    const spent = await tx.first(spendOneTimeToken('email_verification', token_hash))
    if (!spent) throw new Problem(tokenInvalid)
    const data = openKept(system, token_hash, spent)
    const move = readMove(data)
    if (move) await moveToAddress(tx, system, account.id, move)
    await tx.run(verifyEmailOf(account.id))
    tx.audit({ action: 'email.verify', resource_type: 'user', resource_id: account.id, user_id: account.id })
    tx.emit({ type: 'user.email_verified', subject_type: 'user', subject_id: account.id })
    await finish(tx, { user_id: account.id, data })
    return {}
  }
  if (password === undefined) {
    if (actor.user_id !== account.id) {
      throw new Problem(invalidCredentials, {
        detail: 'Give the password of the account that this link is for, or sign in to it first',
      })
    }
    await database.transaction(confirm)
    return
  }
  if (!system.configuration.local_passwords) throw new Problem(localPasswordsOff)
  await attemptPassword(
    { ...ctx, database },
    { system, hasher: hasherOf(system), budget: budgetOf(system) },
    { account, device: undefined, retry_after_seconds: waitOf(account, undefined) },
    { password, otp },
    { action: 'email.verify', method: 'password' },
    confirm,
  )
}
