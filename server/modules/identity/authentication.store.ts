// Every statement about who a session stands for, and the keys that sign access tokens.
import { type Sql, sql } from '#platform/database/sql.ts'

export type SessionRights = {
  user_id: string
  role: string
  mfa_policy: 'default' | 'optional' | 'required'
  permissions: string[]
  denied: string[]
  department_id: string | null
  doctor_id: string | null
  patient_id: string | null
  authority: string
  authenticated_at: string
  must_change_password: boolean
}

/** The rights of a live session; no row when it has ended, whatever the reason. */
export function findSessionRights(session_id: string): Sql<SessionRights> {
  return sql`
    select users.id as user_id, users.role, users.must_change_password and sessions.method <> 'oidc' as must_change_password,
           roles.permissions, roles.mfa as mfa_policy, users.department_id, doctors.id as doctor_id, patients_of_users.patient_id,
           users.authority_version || '.' || roles.version as authority, sessions.authenticated_at,
           array(select permission from permission_denials where permission_denials.user_id = users.id) as denied
      from sessions
      join users on users.id = sessions.user_id
      join roles on roles.name = users.role
      left join doctors on doctors.user_id = users.id
      left join patients_of_users on patients_of_users.user_id = users.id
     where sessions.id = ${session_id} and sessions.revoked_at is null and users.is_active
       and sessions.expires_at > clock_timestamp() and sessions.last_used_at + sessions.idle_limit > clock_timestamp()`
}

export type StoredSigningKey = { id: string; public_key: string; kek_id: string; wrapped: Buffer; is_current: boolean }

export function findTokenKeys(): Sql<StoredSigningKey> {
  return sql`
    select id, public_key, kek_id, wrapped, retired_at is null as is_current from signing_keys
     where purpose = 'access_token' order by created_at desc`
}

export function insertTokenKey(key: { id: string; public_key: string; kek_id: string; wrapped: Buffer }): Sql {
  return sql`
    insert into signing_keys (id, purpose, public_key, kek_id, wrapped)
    values (${key.id}, 'access_token', ${key.public_key}, ${key.kek_id}, ${key.wrapped}) on conflict do nothing`
}

export function retireTokenKeys(): Sql {
  return sql`update signing_keys set retired_at = now() where purpose = 'access_token' and retired_at is null`
}

/** Keys whose last token has expired long ago. */
export function deleteRetiredTokenKeys(): Sql {
  return sql`delete from signing_keys where purpose = 'access_token' and retired_at < now() - interval '2 hours'`
}
