// Checking a code of the second factor, and whether a person needs one.
import { certain } from '#platform/certain.ts'
import type { Configuration } from '#platform/configuration.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { open, seal } from '#platform/encryption/sealing.ts'
import { findRecoveryCode, hashRecoveryCode } from './recovery-codes.ts'
import { verifyTotp } from './totp.ts'
import { type Account, saveTotpStep } from './user.store.ts'

const place = (row_id: string) => ({ table: 'users', column: 'sealed_totp', row_id })

/** Sealed under the same key as the user's profile, so that both are sealed anew together. */
export function sealTotp(keys: Keys, { id, key_id }: Pick<Account, 'id' | 'key_id'>, secret: string): Buffer {
  return seal(keys.systemById(key_id), place(id), secret)
}

export function openTotp(
  keys: Keys,
  { id, key_id, sealed_totp }: Pick<Account, 'id' | 'key_id' | 'sealed_totp'>,
): string | undefined {
  return sealed_totp ? open(keys.systemById(key_id), place(id), sealed_totp) : undefined
}

/** Whether this role must have a second factor. By default the administrators of a real hospital do. */
export function needsSecondFactor(
  { production }: Configuration,
  { role, mfa_policy }: Pick<Account, 'role' | 'mfa_policy'>,
): boolean {
  return mfa_policy === 'required' || (mfa_policy === 'default' && production && role === 'admin')
}

/** Uses up a code of the app or a recovery code of a locked account that has them; false when it is not right. */
export async function spendOtp(tx: Tx, keys: Keys, account: Account, code: string): Promise<boolean> {
  const secret = certain(openTotp(keys, account), 'secret of the second factor')
  const step = verifyTotp({
    secret,
    code,
    now_ms: Temporal.Now.instant().epochMilliseconds,
    last_step: account.totp_last_step,
  })
  if (step !== undefined) return (await tx.run(saveTotpStep(account.id, step))) > 0
  const stored = await tx.rows(findRecoveryCodes(account.id))
  const found = findRecoveryCode(
    stored.map(({ code_hash }) => code_hash),
    code,
  )
  return found !== undefined && (await tx.run(spendRecoveryCode(account.id, found))) > 0
}

function findRecoveryCodes(user_id: string): Sql<{ code_hash: Buffer }> {
  return sql`select code_hash from recovery_codes where user_id = ${user_id} and used_at is null`
}

function spendRecoveryCode(user_id: string, code_hash: Uint8Array): Sql {
  return sql`update recovery_codes set used_at = now() where user_id = ${user_id} and code_hash = ${code_hash} and used_at is null`
}

export async function replaceRecoveryCodes(tx: Tx, user_id: string, codes: readonly string[]): Promise<void> {
  await tx.run(sql`delete from recovery_codes where user_id = ${user_id}`)
  if (codes.length === 0) return
  await tx.run(
    sql`insert into recovery_codes (user_id, code_hash) select ${user_id}, * from unnest(${codes.map(hashRecoveryCode)}::bytea[])`,
  )
}
