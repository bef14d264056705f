import { isRetentionOver, retentionEnd } from './retention.ts'
import { retentionYears } from './erasure.contract.ts'
import type { RetentionQuery } from './retention-list.contract.ts'
import { countRetained, findHeld, findOld, findOver, type Judged, saveEnded } from './retention-list.store.ts'
import { unattendedDatabase } from './unattended.ts'
import { decodeCursor, decodeDayCursor, encodeCursor } from '#platform/contract/cursor.ts'
import type { Context, System } from '#platform/context.ts'
import { defineSchedule } from '#platform/jobs/job.ts'

export const retentionSchedule = defineSchedule({
  name: 'patients.retention',
  every_seconds: 86_400,
  expire_seconds: 3600,
})

const together = 500

export async function listRetained(ctx: Context, { state, skip, limit, cursor }: RetentionQuery) {
  const page = { skip, limit: limit + 1 }
  const statement =
    state === 'over'
      ? findOver({ ...page, after: decodeDayCursor(cursor) })
      : findHeld({ ...page, after: decodeCursor(cursor) })
  const [rows, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(statement), tx.one(countRetained({ state }))]),
  )
  const items = rows.slice(0, limit)
  ctx.saw({ details: { count: items.length, patient_ids: items.map(({ patient_id }) => patient_id) } })
  const last = rows.length > limit ? items.at(-1) : undefined
  const key = state === 'over' ? last && `${last.retention_ended_on} ${last.patient_id}` : last?.patient_id
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor: encodeCursor(key) }
}

/** Finds the records that need not be kept any more, among those that have been here for long enough. Returns how many there are. */
export async function findEndedRetentions(
  system: System,
  signal?: AbortSignal,
  batch_rows = together,
): Promise<number> {
  const { timezone } = system.configuration
  const database = unattendedDatabase(system, { role: 'system', correlation_id: 'jobs' })
  let count = 0
  for (let after: Judged | undefined; ;) {
    const rows: Judged[] = await database.transaction(async (tx) => {
      const found = await tx.rows(findOld(retentionYears, after, batch_rows))
      const ended = found.map(({ id, last_entry_at, legal_hold }) => {
        const ends = retentionEnd(last_entry_at, timezone)
        return { id, retention_ended_on: !legal_hold && isRetentionOver(ends, timezone) ? ends.toString() : null }
      })
      count += ended.filter(({ retention_ended_on }) => retention_ended_on !== null).length
      if (ended.length > 0) await tx.run(saveEnded(ended))
      return found
    })
    after = rows.at(-1)
    if (rows.length < batch_rows || signal?.aborted) return count
  }
}
