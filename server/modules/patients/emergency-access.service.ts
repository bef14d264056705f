// Breaking the glass and reviewing it; who saw a record.
import { randomUUIDv7 } from 'node:crypto'
import { isOwn } from './disclosure.service.ts'
import { alreadyReviewed, type EmergencyAccess, type ReviewedAccess, type SeenBy } from './emergency-access.contract.ts'
import {
  type AccessRow,
  type ByUser,
  countEmergencyAccesses,
  countSeenBy,
  findEmergencyAccess,
  insertEmergencyAccess,
  listEmergencyAccesses,
  listSeenBy,
  reviewEmergencyAccess,
} from './emergency-access.store.ts'
import { patientErased } from './patient.contract.ts'
import { openKeyOf } from './patient.sealing.ts'
import { lockPatient } from './patient.store.ts'
import { addressesOf, linkTo } from '#modules/identity'
import { certain } from '#platform/certain.ts'
import type { Context, System } from '#platform/context.ts'
import { forbidden, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { open, openJson, seal } from '#platform/encryption/sealing.ts'
import { queueMail } from '#platform/mail/queue.ts'

const place = (row_id: string) => ({ table: 'emergency_accesses', column: 'sealed_reason', row_id })

/** @throws Problem notFound, patientErased */
export async function openEmergencyAccess(ctx: Context, patient_id: string, reason: string): Promise<EmergencyAccess> {
  const user_id = certain(ctx.actor.user_id, 'user')
  return ctx.database.transaction(async (tx) => {
    // Locked: a merge meanwhile would leave the access with a record that opens nothing any more.
    const patient = await lockPatient(tx, patient_id, ctx.reach, ctx.actor)
    if (!patient || patient.merged_into !== null) throw new Problem(notFound)
    if (patient.erased_at !== null || patient.wrapped === null) throw new Problem(patientErased)
    const id = randomUUIDv7()
    const key = openKeyOf(ctx.system.keys.keyring, patient)
    const access = await tx.one(
      insertEmergencyAccess({ id, patient_id, user_id, key_id: key.id, sealed_reason: seal(key, place(id), reason) }),
    )
    tx.audit({
      action: 'emergency_access.open',
      resource_type: 'emergency_access',
      resource_id: id,
      patient_id,
      purpose: 'BTG',
    })
    tx.emit({
      type: 'emergency_access.opened',
      subject_type: 'emergency_access',
      subject_id: id,
      patient_id,
      payload: { user_id, expires_at: access.expires_at },
    })
    await tellReviewers(tx, ctx.system, access)
    return access
  })
}

/** The mail says when, and nothing of whose record it is, who opened it or why. */
async function tellReviewers(tx: Tx, system: System, { created_at }: EmergencyAccess): Promise<void> {
  const link = linkTo(system.configuration, 'emergency_accesses')
  for (const { user_id, email } of await addressesOf(tx, system, 'emergency-access:review'))
    await queueMail(tx, system, {
      template: 'emergency_access',
      to: email,
      user_id,
      data: { happened_at: created_at, link },
    })
}

type Page = { skip: number; limit: number; cursor?: string | undefined }

export async function listAccessesToReview(
  ctx: Context,
  { skip, limit, cursor, reviewed }: Page & { reviewed?: boolean | undefined },
) {
  const asked = { skip, limit: limit + 1, after: cursorOf(cursor) }
  const [rows, counted] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(listEmergencyAccesses(reviewed, asked)), tx.one(countEmergencyAccesses(reviewed))]),
  )
  const patient_ids = [...new Set(rows.slice(0, limit).map(({ patient_id }) => patient_id))]
  ctx.saw({ details: { count: Math.min(rows.length, limit), patient_ids } })
  return pageOf(rows, counted.total, { skip, limit }, (row) => answer(ctx.system.keys, row))
}

/** @throws Problem notFound, alreadyReviewed, forbidden for one's own */
export async function reviewAccess(
  ctx: Context,
  id: string,
  verdict: 'justified' | 'not_justified',
): Promise<ReviewedAccess> {
  const user_id = certain(ctx.actor.user_id, 'user')
  return ctx.database.transaction(async (tx) => {
    const row = await tx.first(findEmergencyAccess(id))
    if (!row) throw new Problem(notFound)
    if (row.user_id === user_id)
      throw new Problem(forbidden, { detail: 'Somebody else must review your own emergency access' })
    if ((await tx.run(reviewEmergencyAccess(id, user_id, verdict))) === 0) throw new Problem(alreadyReviewed)
    tx.audit({
      action: 'emergency_access.review',
      resource_type: 'emergency_access',
      resource_id: id,
      patient_id: row.patient_id,
      details: { verdict },
    })
    return answer(ctx.system.keys, await tx.one(findEmergencyAccess(id)))
  })
}

/** @throws Problem notFound */
export async function listAccessLog(ctx: Context, patient_id: string, { skip, limit, cursor }: Page) {
  const asked = { skip, limit: limit + 1, after: cursorOf(cursor) }
  const own = isOwn(ctx, patient_id)
  const [rows, counted] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(listSeenBy(patient_id, own, asked)), tx.one(countSeenBy(patient_id, own))]),
  )
  if (!counted.is_there) throw new Problem(notFound)
  return pageOf(rows, counted.total, { skip, limit }, ({ profile_key_id, sealed_profile, ...row }): SeenBy => {
    const { user_id } = row
    // Another patient who tried is none of this one's business; who works here is.
    const isNamed = user_id !== null && profile_key_id !== null && sealed_profile !== null && row.role !== 'patient'
    const isShown = isNamed || ctx.reach === 'all' || user_id === ctx.actor.user_id
    return {
      ...row,
      user_id: isShown ? user_id : null,
      user_name: isNamed ? nameOfUser(ctx.system.keys, { user_id, profile_key_id, sealed_profile }) : null,
    }
  })
}

function answer(
  keys: Keys,
  { key_id, kek_id, wrapped, sealed_reason, profile_key_id, sealed_profile, ...row }: AccessRow,
): ReviewedAccess {
  const reason =
    wrapped === null ? null : open(openKeyOf(keys.keyring, { key_id, kek_id, wrapped }), place(row.id), sealed_reason)
  return { ...row, reason, user_name: nameOfUser(keys, { user_id: row.user_id, profile_key_id, sealed_profile }) }
}

/** Of those who work here: whoever looks at a record is known to its patient by name. */
function nameOfUser(keys: Keys, { user_id, profile_key_id, sealed_profile }: ByUser): string {
  const place = { table: 'users', column: 'sealed_profile', row_id: user_id }
  const { first_name = '', last_name = '' } = openJson<{ first_name?: string; last_name?: string }>(
    keys.systemById(profile_key_id),
    place,
    sealed_profile,
  )
  return `${first_name} ${last_name}`.trim()
}

/** @throws Problem invalidRequest */
function cursorOf(cursor: string | undefined): string | undefined {
  if (!cursor) return undefined
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cursor)) return cursor
  throw new Problem(invalidRequest, {
    errors: [{ path: '/query/cursor', code: 'cursor', message: 'Must be the next_cursor of a page' }],
  })
}

function pageOf<R extends { id: string }, T>(
  rows: readonly R[],
  total: number,
  { skip, limit }: { skip: number; limit: number },
  show: (row: R) => T,
) {
  const shown = rows.slice(0, limit)
  const next_cursor = rows.length > limit ? certain(shown.at(-1), 'last row').id : null
  return { items: shown.map(show), total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}
