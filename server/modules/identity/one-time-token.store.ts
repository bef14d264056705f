// Tokens that are mailed or handed over once, and used once.
import { type Sql, sql } from '#platform/database/sql.ts'

export type OneTimePurpose = 'password_reset' | 'invitation' | 'email_verification' | 'mfa_pending' | 'oidc_state'

export type NewOneTimeToken = {
  token_hash: Buffer
  purpose: OneTimePurpose
  user_id?: string
  lifetime_seconds: number
  sealed?: { key_id: string; data: Buffer }
}

export function insertOneTimeToken({
  token_hash,
  purpose,
  user_id,
  lifetime_seconds,
  sealed,
}: NewOneTimeToken): Sql<{ expires_at: string }> {
  return sql`
    insert into one_time_tokens (token_hash, purpose, user_id, key_id, sealed_data, expires_at)
    values (${token_hash}, ${purpose}, ${user_id ?? null}, ${sealed?.key_id ?? null}, ${sealed?.data ?? null},
            now() + ${lifetime_seconds} * interval '1 second')
    returning expires_at`
}

export type OneTimeToken = { user_id: string | null; key_id: string | null; sealed_data: Buffer | null }

/** Uses a token up: of requests that arrive together one gets the row. */
export function spendOneTimeToken(purpose: OneTimePurpose, token_hash: Buffer): Sql<OneTimeToken> {
  return sql`
    update one_time_tokens set used_at = now()
     where token_hash = ${token_hash} and purpose = ${purpose} and used_at is null and expires_at > clock_timestamp()
    returning user_id, key_id, sealed_data`
}

/** A token that may still be used, left as it is. */
export function findOneTimeToken(purpose: OneTimePurpose, token_hash: Buffer): Sql<OneTimeToken> {
  return sql`
    select user_id, key_id, sealed_data from one_time_tokens
     where token_hash = ${token_hash} and purpose = ${purpose} and used_at is null and expires_at > clock_timestamp()`
}

/** A new link makes the earlier ones of its kind useless. */
export function deleteOneTimeTokens(user_id: string, purposes: readonly OneTimePurpose[]): Sql {
  return sql`delete from one_time_tokens where user_id = ${user_id} and purpose = any(${purposes}::text[])`
}
