import type { Context } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import type { Database } from '#platform/database/transaction.ts'
import type { AssignmentQuery, LongStayQuery } from './assignment.contract.ts'
import { shownAssignment } from './assignment.service.ts'
import {
  countLongStays,
  countStays,
  findLongStays,
  findOccupancy,
  findStays,
  isPatientInReach,
  type StayFilter,
} from './assignment.store.ts'
import { readingReach } from './reading-reach.ts'
import type { KindQuery } from './resource.contract.ts'
import { findResource } from './resource.store.ts'

/** Everyone who had a resource; patients are named as far as the caller reads them. @throws Problem notFound */
export async function listOfResource(ctx: Context, resource_id: string, query: AssignmentQuery) {
  const database = ctx.reaching(readingReach(ctx))
  if (!(await database.once((tx) => tx.first(findResource(resource_id))))) throw new Problem(notFound)
  const page = await listStays(ctx, database, query, { ...query, resource_id })
  ctx.saw({ details: { count: page.items.length, patient_ids: namedIn(page.items) } })
  return page
}

/** All that a patient had. @throws Problem notFound */
export async function listOfPatient(ctx: Context, patient_id: string, query: AssignmentQuery) {
  const usual = ctx.reaching(readingReach(ctx))
  const isUsual = await usual.once((tx) => tx.first(isPatientInReach(patient_id)))
  if (!isUsual && !(await ctx.database.once((tx) => tx.first(isPatientInReach(patient_id)))))
    throw new Problem(notFound)
  const page = await listStays(ctx, isUsual ? usual : ctx.database, query, { ...query, patient_id })
  // What only emergency access lets the caller see is marked so in the audit log.
  ctx.saw({ details: { count: page.items.length }, ...(isUsual ? {} : { purpose: 'BTG' }) })
  return page
}

async function listStays(ctx: Context, database: Database, query: AssignmentQuery, filter: StayFilter) {
  const { skip, limit } = query
  const after = decodeTimeCursor(query.cursor)
  const [stored, counted] = await database.once((tx) =>
    Promise.all([tx.rows(findStays(filter, { skip, limit, after })), tx.first(countStays(filter))]),
  )
  return pageOf(
    query,
    stored.map((row) => shownAssignment(ctx, row)),
    counted?.total ?? 0,
  )
}

/** How it was at a moment that is not to come. */
export async function getOccupancy(ctx: Context, { at, ...kind }: KindQuery & { at?: string | undefined }) {
  const now = Temporal.Now.instant()
  if (at !== undefined && Temporal.Instant.compare(Temporal.Instant.from(at), now) > 0) {
    const message = 'Must not be in the future'
    throw new Problem(invalidRequest, { errors: [{ path: '/query/at', code: 'custom', message }] })
  }
  return { at: at ?? now.toString({ smallestUnit: 'second' }), items: await ctx.database.read(findOccupancy(kind, at)) }
}

/** A work-list: who may have been forgotten. */
export async function listLongStays(ctx: Context, query: LongStayQuery) {
  const { skip, limit, cursor, ...filter } = query
  const after = decodeTimeCursor(cursor)
  const [items, counted] = await ctx
    .reaching(readingReach(ctx))
    .once((tx) =>
      Promise.all([tx.rows(findLongStays(filter, { skip, limit, after })), tx.first(countLongStays(filter))]),
    )
  ctx.saw({ details: { count: items.length, patient_ids: namedIn(items) } })
  return pageOf(query, items, counted?.total ?? 0)
}

const namedIn = (items: readonly { patient_id: string | null }[]) => [
  ...new Set(items.flatMap(({ patient_id }) => patient_id ?? [])),
]

function pageOf<T extends { assigned_at: string; id: string }>(
  { skip, limit }: { skip: number; limit: number },
  items: readonly T[],
  total: number,
) {
  const last = items.at(-1)
  const next_cursor = last && items.length === limit ? encodeCursor(`${last.assigned_at} ${last.id}`) : null
  return { items: [...items], total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}
