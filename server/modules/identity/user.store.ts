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
  /** The database's clock, which every server shares. */
  now: string
}

const account = sql`
  select users.id, users.key_id, users.sealed_profile, users.password_hash, users.role, users.is_active, users.awaits_approval,
         users.mfa_enabled, users.sealed_totp, users.totp_last_step, users.failed_logins, users.failures_since,
         users.locked_until, users.external_subject, roles.mfa as mfa_policy, clock_timestamp() as now
    from users join roles on roles.name = users.role`

export function findAccountByName(kind: NameKind, tokens: readonly Token[]): Sql<Account> {
  return sql`${account} where users.id in (select user_id from user_tokens where kind = ${kind} and token = any(${tokens.map(({ token }) => token)}::bytea[]))`
}

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
}

export function insertUser(user: NewUser): Sql {
  return sql`
    insert into users (id, key_id, sealed_profile, password_hash, role, department_id, is_active, awaits_approval, email_verified_at,
                       external_subject, created_by)
    values (${user.id}, ${user.key_id}, ${user.sealed_profile}, ${user.password_hash}, ${user.role}, ${user.department_id ?? null},
            ${user.is_active ?? true}, ${user.awaits_approval ?? false}, case when ${user.email_verified ?? false} then now() end,
            ${user.external_subject ?? null}, ${user.created_by ?? null})`
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
