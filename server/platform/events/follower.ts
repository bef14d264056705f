// Follows the events table from now on, so that what this process keeps in memory learns of every server's changes.
import { certain } from '#platform/certain.ts'
import { type Pool, withinLimit } from '#platform/database/connection.ts'
import { literal, sql } from '#platform/database/sql.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Log } from '#platform/logging.ts'

export type FollowedEvent = {
  id: string
  type: string
  subject_type: string
  subject_id: string
  patient_id: string | null
  payload: Record<string, unknown>
}

export type FollowOptions = {
  pool: Pool
  /** What follows them, for the log. */
  name: string
  types: readonly string[]
  /** Called with the events of one page, in order; when it fails the same page comes again. */
  onEvents: (events: readonly FollowedEvent[]) => Promise<void>
  log: Log
  every_ms?: number
}

type Row = FollowedEvent & { recorded_xid: string }

const pageRows = 1000
/** A page that does not come is asked for again, on another connection. */
const answerLimitMilliseconds = 15_000
const beforeAllIds = '00000000-0000-0000-0000-000000000000'

/**
 * Calls `onEvents` with every event of these types whose transaction ends after this call, at least once. An event is taken
 * only when its transaction is older than every one that runs in this database: a later page could otherwise pass by one that commits late.
 */
export async function followEvents({
  pool,
  name,
  types,
  onEvents,
  log,
  every_ms = 500,
}: FollowOptions): Promise<Repeated> {
  const begun = sql`select openward.settled_xid()::text as horizon`
  const { rows } = await pool.query<{ horizon: string }>(begun.text)
  let xid = certain(rows[0], 'settled transaction').horizon
  let id = beforeAllIds

  async function readPage(): Promise<boolean> {
    const {
      text,
      values,
      name: statement,
    } = sql`
      with settled as materialized (select openward.settled_xid() as horizon)
      select settled.horizon::text as horizon, e.*
        from settled left join lateral (
             select id, recorded_xid::text as recorded_xid, type, subject_type, subject_id, patient_id, payload from events
              where (recorded_xid, id) > (${xid}::xid8, ${id}::uuid) and recorded_xid < settled.horizon
                and type = any(${types}::text[])
              order by events.recorded_xid, events.id limit ${literal(pageRows)}) as e on true`
    const page = await pool.query<Row & { horizon: string; id: string | null }>(
      withinLimit(text, answerLimitMilliseconds, [...values], statement),
    )
    const events = page.rows.filter((row) => row.id !== null)
    if (events.length > 0) await onEvents(events)
    const lastOfFull = events[pageRows - 1]
    const { horizon } = certain(page.rows[0], 'settled transaction')
    ;({ recorded_xid: xid, id } = lastOfFull ?? { recorded_xid: horizon, id: beforeAllIds })
    return lastOfFull !== undefined
  }

  return repeat({
    name,
    every_ms,
    log,
    async work() {
      while (await readPage());
    },
  })
}
