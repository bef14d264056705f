// Pages of events: read once for all readers that stand at the same place, and where a reader begins.
import { malformed, Problem } from '#platform/contract/problem.ts'
import type { Database } from '#platform/database/transaction.ts'
import { keptDays } from '#platform/events/retention.ts'
import { countEvents, findEvents, type StoredEvent } from './live-event.store.ts'
import { isBefore, type Position, readPosition } from './position.ts'
import { pageRows, type ReadPage } from './reader.ts'

/** Whoever missed more is quicker to read anew what they show. */
const mostMissed = 20_000

/** Each page is asked for once, for as long as the returned function is used. */
export function sharedPages(database: Database): ReadPage {
  const pages = new Map<string, Promise<readonly StoredEvent[]>>()
  return (after, before, filter) => {
    const key = JSON.stringify([String(after.xid), after.id, String(before.xid), filter])
    let page = pages.get(key)
    if (!page) pages.set(key, (page = database.once((tx) => tx.rows(findEvents(after, before, filter, pageRows)))))
    return page
  }
}

export type Start = { position: Position; isReset: boolean }

/** Where the reader begins that was given this id last. @throws Problem malformed */
export async function startOf(database: Database, last_event_id: string | undefined, now: Position): Promise<Start> {
  if (last_event_id === undefined || last_event_id === '') return { position: now, isReset: false }
  const position = readPosition(last_event_id)
  if (!position) throw new Problem(malformed, { detail: 'Last-Event-ID must be the id of a message of this stream' })
  const reset = { position: now, isReset: true }
  // A database that was restored from a backup knows of less than its readers.
  if (isBefore(now, position)) return reset
  const kept_since = Temporal.Now.instant().subtract({ hours: 24 * keptDays })
  if (Temporal.Instant.compare(position.at, kept_since) < 0) return reset
  const { count } = await database.once((tx) => tx.one(countEvents(position, now, mostMissed + 1)))
  return count > mostMissed ? reset : { position, isReset: false }
}
