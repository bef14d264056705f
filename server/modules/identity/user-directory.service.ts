// Reading accounts. Names are sealed, so a search by name opens them, all of them: staff are thousands, not millions.
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context, System } from '#platform/context.ts'
import { permissionsOf } from './token-reader.ts'
import { canonicalName, hasName, kindOfName, nameTokens, openProfile, type SealedProfile } from './profiles.ts'
import type { AccessReviewItem, AccessReviewQuery, User, UserQuery } from './user.contract.ts'
import {
  countReviews,
  countUsers,
  findProfiles,
  findReviews,
  findUser,
  findUsers,
  findUsersById,
  insertReview,
  type UserRow,
} from './user-directory.store.ts'
import { findAccountByName } from './user.store.ts'
import type { z } from 'zod'

/** Accounts that a search by name opens in one turn of the event loop, in about 10 ms. */
const openedTogether = 2000

export function composeUser(keys: System['keys'], row: UserRow): User {
  const { key_id: _key, sealed_profile: _sealed, ...rest } = row
  return { ...rest, ...openProfile(keys, row) }
}

/** @throws Problem notFound */
export async function readUser(ctx: Context, user_id: string): Promise<User> {
  const row = await ctx.database.once((tx) => tx.first(findUser(user_id)))
  if (!row) throw new Problem(notFound)
  return composeUser(ctx.system.keys, row)
}

export async function listUsers(ctx: Context, query: UserQuery) {
  const { q, skip, limit, cursor, ...filter } = query
  const page = { skip: cursor ? 0 : skip, limit, after: decodeCursor(cursor) }
  if (q) return searchUsers(ctx, q, query)
  const [rows, { count: total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findUsers(filter, { ...page, limit: limit + 1 })), tx.one(countUsers(filter))]),
  )
  const items = rows.slice(0, limit).map((row) => composeUser(ctx.system.keys, row))
  ctx.saw({ details: { count: items.length } })
  const next_cursor = encodeCursor(rows.length > limit ? items.at(-1)?.id : undefined)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/**
 * A whole address or user name is found by its token, a part of a name by opening the names of all who work here. Patients, of whom
 * there may be a hundred for each of those, are looked through where the role is asked for.
 */
async function searchUsers(ctx: Context, q: string, { skip, limit, cursor, role, is_active }: UserQuery) {
  const { keys } = ctx.system
  const wanted = canonicalName(q)
  const found = new Set<string>()
  if (wanted !== '') {
    const named = await ctx.database.once((tx) =>
      tx.first(findAccountByName(kindOfName(q), nameTokens(keys, q).tokens)),
    )
    const fits = (role ?? named?.role) === named?.role && (is_active ?? named?.is_active) === named?.is_active
    if (named && fits && hasName(openProfile(keys, named), q)) found.add(named.id)
  }
  for (let after: string | undefined, rows: SealedProfile[]; ; after = rows.at(-1)?.id) {
    rows = await ctx.database.read(findProfiles({ role, is_active }, after, openedTogether))
    for (const row of rows) {
      const { first_name, last_name, email, username } = openProfile(keys, row)
      if (canonicalName(`${first_name} ${last_name} ${email} ${username}`).includes(wanted)) found.add(row.id)
    }
    if (rows.length < openedTogether) break
  }
  const beyond = decodeCursor(cursor)
  const inOrder = [...found].toSorted()
  const left = beyond === undefined ? inOrder.slice(skip) : inOrder.filter((id) => id > beyond)
  const ids = left.slice(0, limit)
  const shown = ids.length === 0 ? [] : await ctx.database.read(findUsersById(ids))
  ctx.saw({ details: { count: found.size } })
  return {
    items: shown.map((row) => composeUser(keys, row)),
    total: found.size,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: encodeCursor(left.length > limit ? ids.at(-1) : undefined),
  }
}

export async function listAccess(ctx: Context, { skip, limit, cursor, due }: z.output<typeof AccessReviewQuery>) {
  const page = { skip: cursor ? 0 : skip, limit: limit + 1, after: decodeCursor(cursor) }
  const [rows, { count: total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findReviews(due, page)), tx.one(countReviews(due))]),
  )
  const items = rows.slice(0, limit).map((row): AccessReviewItem => {
    const { first_name, last_name } = openProfile(ctx.system.keys, row)
    const { verdict, reviewed_by, reviewed_at, denied_permissions, permissions } = row
    return {
      user_id: row.id,
      first_name,
      last_name,
      role: row.role,
      department_id: row.department_id,
      permissions: [...permissionsOf({ permissions, denied: denied_permissions })],
      denied_permissions,
      is_active: row.is_active,
      mfa_enabled: row.mfa_enabled,
      last_login_at: row.last_login_at,
      is_stale: row.is_stale,
      last_review: verdict && reviewed_by && reviewed_at ? { verdict, reviewed_by, reviewed_at } : null,
    }
  })
  ctx.saw({ details: { count: items.length } })
  const next_cursor = encodeCursor(rows.length > limit ? items.at(-1)?.user_id : undefined)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/** @throws Problem notFound */
export async function recordReview(ctx: Context, user_id: string, reviewer_id: string, verdict: 'keep' | 'change') {
  const made = await ctx.database.once(async (tx) => {
    tx.audit({ action: 'access_review.create', resource_type: 'user', resource_id: user_id, details: { verdict } })
    return tx.first(insertReview(user_id, reviewer_id, verdict))
  })
  if (!made) throw new Problem(notFound)
  return made
}
