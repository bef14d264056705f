import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { countWatched, deleteWatched, findRecord, findWatched, insertWatched } from './watched-record.store.ts'

type WatchedQuery = { skip: number; limit: number; cursor?: string | undefined }

export async function listWatched(ctx: Context, { skip, limit, cursor }: WatchedQuery) {
  const page = { skip, limit: limit + 1, after: decodeTimeCursor(cursor) }
  const [rows, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findWatched(page)), tx.one(countWatched())]),
  )
  const items = rows.slice(0, limit)
  ctx.saw({ details: { count: items.length, patient_ids: items.map(({ patient_id }) => patient_id) } })
  const last = rows.length > limit ? items.at(-1) : undefined
  const next_cursor = encodeCursor(last && `${last.watched_since} ${last.patient_id}`)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/** @throws Problem notFound */
export async function watchRecord(ctx: Context, patient_id: string): Promise<void> {
  const watched_by = certain(ctx.actor.user_id, 'user')
  await ctx.database.transaction(async (tx) => {
    if (!(await tx.first(findRecord(patient_id)))) throw new Problem(notFound)
    await tx.run(insertWatched(patient_id, watched_by))
    tx.audit({ action: 'watched_record.add', resource_type: 'watched_record', resource_id: patient_id, patient_id })
  })
}

/** @throws Problem notFound */
export async function endWatch(ctx: Context, patient_id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    if ((await tx.run(deleteWatched(patient_id))) === 0) throw new Problem(notFound)
    tx.audit({ action: 'watched_record.remove', resource_type: 'watched_record', resource_id: patient_id, patient_id })
  })
}
