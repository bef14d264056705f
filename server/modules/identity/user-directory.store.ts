// Users as those see them who look after them.
import type { SealedProfile } from './profiles.ts'
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import { forgetNameFailures } from './session.store.ts'

export type UserRow = {
  id: string
  key_id: string
  sealed_profile: Buffer
  role: string
  department_id: string | null
  is_active: boolean
  awaits_approval: boolean
  email_verified: boolean
  has_password: boolean
  mfa_enabled: boolean
  failed_logins: number
  locked_until: string | null
  last_login_at: string | null
  denied_permissions: string[]
  created_at: string
  updated_at: string
  version: number
}

const columns = sql`
  users.id, users.key_id, users.sealed_profile, users.role, users.department_id, users.is_active, users.awaits_approval,
  users.email_verified_at is not null as email_verified, users.password_hash is not null as has_password, users.mfa_enabled,
  users.failed_logins, users.locked_until, users.last_login_at, users.created_at, users.updated_at, users.version,
  array(select permission from permission_denials where user_id = users.id order by permission) as denied_permissions`

export function findUser(user_id: string): Sql<UserRow> {
  return sql`select ${columns} from users where id = ${user_id}`
}

export type UserFilter = { role?: string | undefined; is_active?: boolean | undefined }

function matching({ role, is_active }: UserFilter): Sql {
  return all([
    role === undefined ? undefined : sql`users.role = ${role}`,
    is_active === undefined ? undefined : sql`users.is_active = ${is_active}`,
  ])
}

export function findUsers(
  filter: UserFilter,
  page: { after?: string | undefined; skip: number; limit: number },
): Sql<UserRow> {
  const after = page.after === undefined ? undefined : sql`users.id > ${page.after}`
  return sql`
    select ${columns} from users where ${all([matching(filter), after])}
     order by users.id limit ${literal(page.limit)} offset ${skipped(page.skip)}`
}

export function findUsersById(ids: readonly string[]): Sql<UserRow> {
  return sql`select ${columns} from users where id = any(${ids}::uuid[]) order by id`
}

/** Names in the order of the accounts' ids; of patients only where their role is asked for. */
export function findProfiles(filter: UserFilter, after: string | undefined, limit: number): Sql<SealedProfile> {
  const worksHere = filter.role === undefined ? sql`users.role <> 'patient'` : undefined
  const beyond = after === undefined ? undefined : sql`users.id > ${after}`
  return sql`
    select id, key_id, sealed_profile from users where ${all([matching(filter), worksHere, beyond])}
     order by users.id limit ${literal(limit)}`
}

export function findStaffProfiles(ids: readonly string[]): Sql<SealedProfile> {
  return sql`
    select id, key_id, sealed_profile from users where id = any(${ids}::uuid[]) and role <> 'patient' order by id`
}

export function countUsers(filter: UserFilter): Sql<{ count: number }> {
  return sql`select count(*)::int as count from users where ${matching(filter)}`
}

export type ReviewRow = UserRow & {
  permissions: string[]
  is_stale: boolean
  verdict: 'keep' | 'change' | null
  reviewed_by: string | null
  reviewed_at: string | null
}

/** A review holds for half a year; one that said that something has to change, until another says that it stays. */
const reviewHoldsDays = 180

const latestReview = sql`
  left join lateral (select verdict, reviewed_by, created_at from access_reviews where user_id = users.id
                      order by id desc limit 1) as review on true`

/** Everyone but the patients, who can see themselves only. */
function reviewed(is_due: boolean | undefined): Sql {
  const isDue = sql`(users.is_active and (review.verdict is null or review.verdict = 'change'
    or review.created_at < now() - interval '1 day' * ${literal(reviewHoldsDays)}))`
  return all([sql`users.role <> 'patient'`, is_due === undefined ? undefined : is_due ? isDue : sql`not ${isDue}`])
}

export function findReviews(
  is_due: boolean | undefined,
  page: { after?: string | undefined; skip: number; limit: number },
): Sql<ReviewRow> {
  const after = page.after === undefined ? undefined : sql`users.id > ${page.after}`
  return sql`
    select ${columns}, roles.permissions, review.verdict, review.reviewed_by, review.created_at as reviewed_at,
           users.is_active and coalesce(users.last_login_at, users.created_at) < now() - interval '90 days' as is_stale
      from users join roles on roles.name = users.role ${latestReview}
     where ${all([reviewed(is_due), after])}
     order by users.id limit ${literal(page.limit)} offset ${skipped(page.skip)}`
}

export function countReviews(is_due: boolean | undefined): Sql<{ count: number }> {
  return sql`select count(*)::int as count from users ${latestReview} where ${reviewed(is_due)}`
}

export function insertReview(user_id: string, reviewed_by: string, verdict: string) {
  return sql<{ id: string; user_id: string; reviewed_by: string; verdict: 'keep' | 'change'; created_at: string }>`
    insert into access_reviews (user_id, reviewed_by, verdict) select id, ${reviewed_by}, ${verdict} from users where id = ${user_id}
    returning id, user_id, reviewed_by, verdict, created_at`
}

export type Rights = { role: string; department_id: string | null; is_active: boolean }

/** Raising `authority_version` makes the database refuse what other servers still believe of this person. */
export function saveRights(user_id: string, { role, department_id, is_active }: Rights): Sql {
  return sql`
    update users set role = ${role}, department_id = ${department_id}, is_active = ${is_active},
           awaits_approval = awaits_approval and not ${is_active},
           authority_version = authority_version + 1, updated_at = now(), version = version + 1
     where id = ${user_id}`
}

export async function replaceDenials(
  run: (statement: Sql) => Promise<unknown>,
  user_id: string,
  permissions: readonly string[],
  by: string | undefined,
) {
  await run(sql`delete from permission_denials where user_id = ${user_id}`)
  await run(sql`
    insert into permission_denials (user_id, permission, created_by)
    select distinct ${user_id}::uuid, permission, ${by}::uuid from unnest(${permissions}::text[]) as permission`)
}

export function findDenials(user_id: string | null): Sql<{ permission: string }> {
  return sql`select permission from permission_denials where user_id = ${user_id}`
}

export function findRolePermissions(name: string): Sql<{ permissions: string[] }> {
  return sql`select permissions from roles where name = ${name}`
}

export function findMfaPolicy(role: string): Sql<{ mfa_policy: 'default' | 'optional' | 'required' }> {
  return sql`select mfa as mfa_policy from roles where name = ${role}`
}

/** Taken by whatever could leave the house without an administrator. */
export function lockAdministrators(): Sql {
  return sql`select pg_advisory_xact_lock(7203441004)`
}

export function countAdministrators(): Sql<{ count: number }> {
  return sql`select count(*)::int as count from users where role = 'admin' and is_active`
}

export function unlockUser(user_id: string): Sql {
  return sql`
    with devices as (update known_devices set failed_logins = 0, failures_since = null, locked_until = null where user_id = ${user_id}),
         names as (${forgetNameFailures(user_id)})
    update users set failed_logins = 0, failures_since = null, locked_until = null where id = ${user_id}`
}
