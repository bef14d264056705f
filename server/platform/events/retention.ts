// How long events stay: what follows them is seconds behind, and what changed stands in the records and in the audit log.
import type { Pool } from '#platform/database/connection.ts'
import { literal, sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'

export const eventPurgeSchedule = defineSchedule({ name: 'events.purge', every_seconds: 3600 })

/** An event is deleted when it is older. */
export const keptDays = 30

/**
 * Deletes the events that are older than 30 days, each batch in a transaction of its own, and returns how many there were. Ids
 * begin with the instant at which they were made, so the primary key finds the old ones.
 */
export async function purgeEvents(pool: Pool, signal?: AbortSignal, batch_rows = 5000): Promise<number> {
  const database = scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('none')` },
    { audit: (entry) => entry },
  )
  // The bound stands in a subquery, which is asked once: compared directly, the volatile function would be asked for every row.
  const deleteBatch = sql`
    delete from events where id in (
      select id from events where id < (select uuidv7(interval '1 day' * ${literal(-keptDays)})) order by id limit ${literal(batch_rows)})`
  for (let total = 0; ;) {
    const deleted = await database.once((tx) => tx.run(deleteBatch))
    total += deleted
    if (deleted < batch_rows || signal?.aborted) return total
  }
}
