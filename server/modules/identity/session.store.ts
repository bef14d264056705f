// Sessions, their refresh tokens, and the devices that users signed in from.
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { LockoutState } from './lockout.ts'

export type NewSession = {
  id: string
  user_id: string
  idle_seconds: number
  lifetime_seconds: number
  ip_address: string
  user_agent: string | undefined
  device_id: string | undefined
  method: string
}

export function insertSession(session: NewSession): Sql {
  return sql`
    insert into sessions (id, user_id, idle_limit, expires_at, ip_address, user_agent, device_id, method)
    values (${session.id}, ${session.user_id}, ${session.idle_seconds} * interval '1 second',
            now() + ${session.lifetime_seconds} * interval '1 second', ${session.ip_address}, ${session.user_agent},
            ${session.device_id}, ${session.method})`
}

export function insertRefreshToken(session_id: string, token_hash: Buffer): Sql {
  return sql`insert into refresh_tokens (token_hash, session_id) values (${token_hash}, ${session_id})`
}

export type StoredRefreshToken = {
  session_id: string
  user_id: string
  method: string
  revoked_at: string | null
  is_spent: boolean
  key_id: string | null
  sealed_successor: Buffer | null
  /** Spent less than ten seconds ago, and nobody has used what it was exchanged for. */
  is_forgiven: boolean
}

/** Waits for whoever uses the token at this moment. What came of it only a statement behind this one sees. */
export function lockRefreshToken(token_hash: Buffer): Sql {
  return sql`select from refresh_tokens where token_hash = ${token_hash} for update`
}

export function findRefreshToken(token_hash: Buffer): Sql<StoredRefreshToken> {
  return sql`
    select token.session_id, sessions.user_id, sessions.method, sessions.revoked_at, token.spent_at is not null as is_spent,
           token.key_id, token.sealed_successor,
           token.spent_at > clock_timestamp() - interval '10 seconds' and token.sealed_successor is not null
             and exists (select from refresh_tokens as next where next.token_hash = token.successor_hash and next.spent_at is null) as is_forgiven
      from refresh_tokens as token join sessions on sessions.id = token.session_id
     where token.token_hash = ${token_hash}`
}

export function spendRefreshToken(token_hash: Buffer, next: { hash: Buffer; key_id: string; sealed: Buffer }): Sql {
  return sql`
    update refresh_tokens set spent_at = clock_timestamp(), successor_hash = ${next.hash}, key_id = ${next.key_id}, sealed_successor = ${next.sealed}
     where token_hash = ${token_hash}`
}

/** Once a successor is used, what it replaced has nothing more to answer. */
export function forgetSuccessor(session_id: string, token_hash: Buffer): Sql {
  return sql`update refresh_tokens set sealed_successor = null, key_id = null where session_id = ${session_id} and successor_hash = ${token_hash}`
}

export function revokeSession(session_id: string, reason: string, user_id?: string): Sql {
  return sql`
    update sessions set revoked_at = now(), revoke_reason = ${reason}
     where id = ${session_id} and revoked_at is null and user_id = coalesce(${user_id ?? null}::uuid, user_id)`
}

/** Ends every session of a user but one, where one is given. */
export function revokeSessions(user_id: string, reason: string, except?: string): Sql {
  return sql`
    update sessions set revoked_at = now(), revoke_reason = ${reason}
     where user_id = ${user_id} and revoked_at is null and id is distinct from ${except ?? null}::uuid`
}

/** Limits are only ever lowered here. */
export function shortenSessions(
  user_id: string,
  { idle_seconds, lifetime_seconds }: Pick<NewSession, 'idle_seconds' | 'lifetime_seconds'>,
): Sql {
  return sql`
    update sessions set idle_limit = least(idle_limit, ${idle_seconds} * interval '1 second'),
           expires_at = least(expires_at, created_at + ${lifetime_seconds} * interval '1 second')
     where user_id = ${user_id} and revoked_at is null`
}

/** The sessions of a user, or of everyone in a role, that one factor opened; what the organisation asks is not known here. */
export function revokeOneFactorSessions(
  whose: { user_id: string } | { role: string },
): Sql<{ id: string; user_id: string }> {
  const theirs =
    'role' in whose
      ? sql`user_id in (select id from users where role = ${whose.role})`
      : sql`user_id = ${whose.user_id}`
  return sql`
    update sessions set revoked_at = now(), revoke_reason = 'mfa_required'
     where ${theirs} and revoked_at is null and expires_at > now() and method <> 'oidc' and method not like '%+otp'
    returning id, user_id`
}

export type StoredDevice = LockoutState & { id: string; user_id: string }

export function findDevice(token_hash: Buffer): Sql<StoredDevice> {
  return sql`select id, user_id, failed_logins, failures_since, locked_until from known_devices where token_hash = ${token_hash}`
}

export function lockDevice(id: string): Sql<StoredDevice> {
  return sql`select id, user_id, failed_logins, failures_since, locked_until from known_devices where id = ${id} for update`
}

export function saveDeviceLockout(id: string, { failed_logins, failures_since, locked_until }: LockoutState): Sql {
  return sql`
    update known_devices set failed_logins = ${failed_logins}, failures_since = ${failures_since}, locked_until = ${locked_until},
           last_used_at = now()
     where id = ${id}`
}

const devicesKept = 20

/** Remembers a device, and forgets all but the newest twenty of the user. */
export function insertDevice(id: string, user_id: string, token_hash: Buffer): Sql {
  return sql`
    with old as (
      delete from known_devices where id in
        (select id from known_devices where user_id = ${user_id} order by last_used_at desc, id desc offset ${literal(devicesKept - 1)}))
    insert into known_devices (id, user_id, token_hash) values (${id}, ${user_id}, ${token_hash})`
}

/** What wrong passwords for a name have led to, be it somebody's or nobody's. The table was made for the latter alone. */
export type NameFailures = LockoutState & { token: Buffer; now: string }

export function findNameFailures(token: Buffer): Sql<LockoutState> {
  return sql`select failed_logins, failures_since, locked_until from unknown_logins where token = ${token}`
}

export function lockNameFailures(token: Buffer): Sql<NameFailures> {
  return sql`
    insert into unknown_logins (token) values (${token}) on conflict (token) do update set updated_at = now()
    returning token, failed_logins, failures_since, locked_until, clock_timestamp() as now`
}

export function saveNameFailures(token: Buffer, { failed_logins, failures_since, locked_until }: LockoutState): Sql {
  return sql`
    update unknown_logins set failed_logins = ${failed_logins}, failures_since = ${failures_since}, locked_until = ${locked_until}
     where token = ${token}`
}

/** Of every name of the user, whichever they signed in with. */
export function forgetNameFailures(user_id: string): Sql {
  return sql`
    delete from unknown_logins using user_tokens
     where user_tokens.user_id = ${user_id} and user_tokens.token = unknown_logins.token`
}

/** The device that a session was opened from. */
export function findSessionDevice(session_id: string): Sql<StoredDevice> {
  return sql`
    select known_devices.id, known_devices.user_id, failed_logins, failures_since, locked_until
      from sessions join known_devices on known_devices.id = sessions.device_id and known_devices.user_id = sessions.user_id
     where sessions.id = ${session_id}`
}

export function findSessionLimits(session_id: string): Sql<{ idle_seconds: number; expires_at: string }> {
  return sql`
    select extract(epoch from idle_limit)::int as idle_seconds, expires_at from sessions where id = ${session_id}`
}

export type LiveSession = {
  id: string
  is_current: boolean
  created_at: string
  last_used_at: string
  expires_at: string
  ip_address: string | null
  user_agent: string | null
  method: string
}

export function findLiveSessions(user_id: string, current: string): Sql<LiveSession> {
  return sql`
    select id, id = ${current}::uuid as is_current, created_at, last_used_at, expires_at, host(ip_address) as ip_address, user_agent, method
      from sessions
     where user_id = ${user_id} and revoked_at is null and expires_at > now() and last_used_at + idle_limit > now()
     order by id desc limit 100`
}

export type StoredAttempt = {
  at: string
  outcome: 'success' | 'failure' | 'denied'
  reason: string | null
  method: string | null
  ip_address: string | null
  user_agent: string | null
}

export function findSignInAttempts(user_id: string): Sql<StoredAttempt> {
  return sql`
    select timestamp as at, outcome, details ->> 'reason' as reason, details ->> 'method' as method,
           host(ip_address) as ip_address, user_agent
      from audit_logs where user_id = ${user_id} and action = 'session.login' order by id desc limit 20`
}
