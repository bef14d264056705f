// Keeps the use of resources on past days: those that have ended, and anew those that something has touched since.
import type { Database } from '#platform/database/transaction.ts'
import { pastDays } from './period.ts'
import { deleteOtherUsageDays, forgetMarked, findOpenDays, findUsagePast, keepUsage } from './usage-days.store.ts'
import { countDays } from './usage-days.ts'

/** At once: a transaction of about a second, with some hundred beds. */
const days_at_once = 31

/** All that belongs together in one snapshot: a change that it does not see leaves a mark that it does not remove. Says whether more is to do. */
export async function rollUpUsageOnce(database: Database, timezone: string): Promise<boolean> {
  return database.transaction(async (tx) => {
    const { now_at, first_at, last_mark } = await tx.one(findUsagePast())
    const bounds = pastDays(now_at, first_at, timezone)
    await tx.run(deleteOtherUsageDays(bounds))
    if (last_mark !== null) for (const statement of forgetMarked(last_mark)) await tx.run(statement)
    const end = bounds.at(-1)
    if (end === undefined) return false
    const found = (await tx.rows(findOpenDays(bounds, last_mark ?? 0))).map(({ day_number }) => day_number)
    const newest = found.at(-1) ?? 0
    const days = found.filter((day) => day > newest - days_at_once)
    if (days.length > 0) {
      const rows = await countDays(tx, { bounds, days, counted_until: end, by_resource: true })
      for (const statement of keepUsage(bounds, days, rows)) await tx.run(statement)
    }
    return last_mark !== null || days.length < found.length
  })
}
