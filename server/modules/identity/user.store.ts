// Users and the tokens of their names.
import type { Token } from '#platform/encryption/tokens.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { LockoutState } from './lockout.ts'
import type { NameKind } from './profiles.ts'

export type Account = LockoutState & {
  id: string
  key_id: string
  sealed_profile: Buffer
  password_hash: string | null
  role: string
  is_active: boolean
  awaits_approval: boolean
  mfa_enabled: boolean
  sealed_totp: Buffer | null
  totp_last_step: number | null
  mfa_policy: 'default' | 'optional' | 'required'
  external_subject: string | null
  email_verified_at: string | null
  department_id: string | null
  version: number
  updated_at: string
  /** The database's clock, which every server shares. */
  now: string
}

const account = sql`
  select users.id, users.key_id, users.sealed_profile, users.password_hash, users.role, users.is_active, users.awaits_approval,
         users.mfa_enabled, users.sealed_totp, users.totp_last_step, users.failed_logins, users.failures_since,
         users.locked_until, users.external_subject, users.email_verified_at, users.department_id, users.version, users.updated_at, roles.mfa as mfa_policy, clock_timestamp() as now
    from users join roles on roles.name = users.role`

export function findAccountByName(kind: NameKind, tokens: readonly Token[]): Sql<Account> {
  return sql`${account} where users.id = any(array(select user_id from user_tokens where kind = ${kind} and token = any(${tokens.map(({ token }) => token)}::bytea[])))`
}

/** An id that no account has: the same statements run for a name that nobody has. */
export const nobody = '00000000-0000-0000-0000-000000000000'

export function findAccount(user_id: string): Sql<Account> {
  return sql`${account} where users.id = ${user_id}`
}

export function lockAccount(user_id: string): Sql<Account> {
  return sql`${account} where users.id = ${user_id} for update of users`
}

export type NewUser = {
  id: string
  key_id: string
  sealed_profile: Buffer
  password_hash: string | null
  role: string
  department_id?: string | null
  is_active?: boolean
  awaits_approval?: boolean
  email_verified?: boolean
  external_subject?: string | null
  created_by?: string | null
  must_change_password?: boolean
}

export function insertUser(user: NewUser): Sql {
  return sql`
    insert into users (id, key_id, sealed_profile, password_hash, role, department_id, is_active, awaits_approval, email_verified_at,
                       external_subject, created_by, must_change_password)
    values (${user.id}, ${user.key_id}, ${user.sealed_profile}, ${user.password_hash}, ${user.role}, ${user.department_id ?? null},
            ${user.is_active ?? true}, ${user.awaits_approval ?? false}, case when ${user.email_verified ?? false} then now() end,
            ${user.external_subject ?? null}, ${user.created_by ?? null}, ${user.must_change_password ?? false})`
}

export function insertUserTokens(
  user_id: string,
  tokens: readonly { kind: NameKind; key_version: number; token: Buffer }[],
): Sql {
  return sql`
    insert into user_tokens (user_id, kind, key_version, token)
    select ${user_id}, * from unnest(${tokens.map(({ kind }) => kind)}::text[], ${tokens.map(({ key_version }) => key_version)}::int[],
                                     ${tokens.map(({ token }) => token)}::bytea[])`
}

/** As `insertUserTokens`, leaving out what another has. */
export function insertFreeUserTokens(...given: Parameters<typeof insertUserTokens>): Sql {
  return sql`${insertUserTokens(...given)} on conflict do nothing`
}

export function deleteUserTokens(user_id: string): Sql {
  return sql`delete from user_tokens where user_id = ${user_id}`
}

export function saveLockout(user_id: string, { failed_logins, failures_since, locked_until }: LockoutState): Sql {
  return sql`
    update users set failed_logins = ${failed_logins}, failures_since = ${failures_since}, locked_until = ${locked_until}
     where id = ${user_id}`
}

export function saveTotpStep(user_id: string, step: number): Sql {
  return sql`update users set totp_last_step = ${step} where id = ${user_id} and coalesce(totp_last_step, 0) < ${step}`
}

/** Whether nobody at all can sign in. */
export function findAnyUser(): Sql<{ id: string }> {
  return sql`select id from users limit 1`
}

/** A link that was mailed proves the address too, and whoever holds it is not kept waiting for what strangers did. */
export function savePassword(
  user_id: string,
  password_hash: string,
  also: { unlock?: boolean; verify_email?: boolean } = {},
): Sql {
  const { unlock = false, verify_email = false } = also
  return sql`
    update users set password_hash = ${password_hash}, updated_at = now(), version = version + 1,
           failed_logins = case when ${unlock} then 0 else failed_logins end,
           failures_since = case when ${unlock} then null else failures_since end,
           locked_until = case when ${unlock} then null else locked_until end,
           must_change_password = false, authority_version = authority_version + must_change_password::int,
           email_verified_at = case when ${verify_email} then coalesce(email_verified_at, now()) else email_verified_at end
     where id = ${user_id}`
}

/** Nothing is done with the password that there is but choose another one. */
export function requireNewPassword(user_id: string): Sql {
  return sql`update users set must_change_password = true where id = ${user_id}`
}

export type NewProfile = { key_id: string; sealed_profile: Buffer; sealed_totp: Buffer | null; is_moved: boolean }

export function saveProfile(user_id: string, { key_id, sealed_profile, sealed_totp, is_moved }: NewProfile) {
  return sql<Pick<Account, 'version' | 'updated_at' | 'email_verified_at'>>`
    update users set key_id = ${key_id}, sealed_profile = ${sealed_profile}, sealed_totp = ${sealed_totp}, updated_at = now(),
           version = version + 1, email_verified_at = case when ${is_moved} then null else email_verified_at end
     where id = ${user_id} returning version, updated_at, email_verified_at`
}

export function verifyEmailOf(user_id: string): Sql {
  return sql`update users set email_verified_at = coalesce(email_verified_at, now()) where id = ${user_id}`
}

/** How many links of a kind were made for the user in the last hour; one that was not mailed is made for nobody. */
export function countRecentTokens(user_id: string | null, purpose: string): Sql<{ count: number }> {
  return sql`
    select count(*)::int as count from one_time_tokens
     where user_id = ${user_id}::uuid and purpose = ${purpose} and created_at > now() - interval '1 hour'`
}

/** The secret of a second factor; with the step of its first code it is on. */
export function saveTotp(user_id: string, sealed_totp: Buffer, step: number | null = null): Sql {
  return sql`
    update users set sealed_totp = ${sealed_totp}, totp_last_step = ${step}, mfa_enabled = ${step !== null} where id = ${user_id}`
}

export function removeTotp(user_id: string): Sql {
  return sql`update users set sealed_totp = null, totp_last_step = null, mfa_enabled = false where id = ${user_id}`
}
