// Relays events to what must happen once for each of them: what is done and how far the relay has come commit together, so that
// neither a crash nor another server repeats it or leaves it out. One server at a time relays; the others wait for its row.
import { certain } from '#platform/certain.ts'
import type { Database, Tx } from '#platform/database/transaction.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import { codeOf } from '#platform/jobs/failure.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Log } from '#platform/logging.ts'
import { repeatAwake } from './awake.ts'
import type { FollowedEvent } from './follower.ts'
import type { Wakes } from './wake.ts'

export type RelayOptions = {
  database: Database
  /** A row of event_relays, which a migration brings with the place to begin at. */
  name: string
  /** All where none are named. */
  types?: readonly string[] | undefined
  /** Does in `tx` what the events call for, in their order. What it throws is tried again, and set aside in the end. */
  relay: (tx: Tx, events: readonly FollowedEvent[]) => Promise<void>
  /** Called when what was done for some has committed. */
  relayed?: () => void
  log: Log
  every_ms?: number
  /** As many in one transaction; fewer where `relay` locks what others wait for. */
  page_rows?: number
  /** Looks as soon as there are events, and not only now and then. */
  wakes?: Wakes
}

type Row = FollowedEvent & { recorded_xid: string }

/** An event that fails alone as often is set aside. */
const mostAttempts = 3

/** Begins to relay, and looks for more every second. */
export function relayEvents({
  database,
  name,
  types,
  relay,
  relayed,
  log,
  every_ms = 1000,
  page_rows = 200,
  wakes,
}: RelayOptions): Repeated {
  /** After a page has failed its events are taken one by one, so that only the one at fault is set aside. */
  let oneByOne = 0
  let attempts = 0

  async function takePage(): Promise<boolean> {
    const limit = oneByOne > 0 ? 1 : page_rows
    let taken = 0
    try {
      taken = await database.transaction(async (tx) => {
        const page = await lockAndRead(tx, name, types, limit)
        if (!page) return 0
        if (page.events.length > 0) await relay(tx, page.events)
        await moveOn(tx, name, page, limit)
        return page.events.length
      })
    } catch (error) {
      if (limit > 1) {
        oneByOne = page_rows
        return true
      }
      attempts += 1
      if (attempts < mostAttempts) throw error
      taken = await setAside(error)
    }
    if (taken > 0) relayed?.()
    attempts = 0
    oneByOne = taken === 0 ? 0 : Math.max(0, oneByOne - 1)
    return taken === limit
  }

  /** Passes over the event that is next, and leaves word of it. */
  function setAside(error: unknown): Promise<number> {
    return database.transaction(async (tx) => {
      const page = await lockAndRead(tx, name, types, 1)
      if (!page) return 0
      for (const { id, type } of page.events) {
        log.error({ err: error, relay: name, event_id: id, type }, 'an event could not be relayed and was set aside')
        await tx.run(
          sql`insert into event_relay_failures (relay, event_id, code) values (${name}, ${id}, ${codeOf(error)})
              on conflict do nothing`,
        )
      }
      await moveOn(tx, name, page, 1)
      return page.events.length
    })
  }

  /** Tries once more one that was set aside, where an administrator has asked for it. */
  async function replayOne(): Promise<boolean> {
    let event: FollowedEvent | undefined
    try {
      await database.transaction(async (tx) => {
        if (!(await lock(tx, name))) return
        event = await tx.first(nextReplay(name))
        if (!event) return
        await relay(tx, [event])
        await tx.run(sql`delete from event_relay_failures where relay = ${name} and event_id = ${event.id}`)
      })
    } catch (error) {
      if (!event) throw error
      const { id, type } = event
      log.error({ err: error, relay: name, event_id: id, type }, 'an event was tried again in vain and stays set aside')
      await database.once((tx) =>
        tx.run(sql`update event_relay_failures set code = ${codeOf(error)}, failed_at = now(), replay_requested_at = null
                    where relay = ${name} and event_id = ${id}`),
      )
      return true
    }
    if (event) relayed?.()
    return event !== undefined
  }

  const repeated = {
    name: `relay of ${name}`,
    every_ms,
    log,
    async work() {
      while (await takePage());
      while (await replayOne());
    },
  }
  return wakes ? repeatAwake({ ...repeated, wakes }) : repeat(repeated)
}

/** Undefined where another server is relaying. */
function lock(tx: Tx, name: string): Promise<{ name: string } | undefined> {
  return tx.first(sql<{ name: string }>`select name from event_relays where name = ${name} for update skip locked`)
}

function nextReplay(name: string): Sql<FollowedEvent> {
  return sql`
    select e.id, e.type, e.subject_type, e.subject_id, e.patient_id, e.payload
      from event_relay_failures f join events e on e.id = f.event_id
     where f.relay = ${name} and f.replay_requested_at is not null
     order by f.replay_requested_at, f.event_id limit 1`
}

type Page = { events: Row[]; horizon: string }

/** Undefined where another server is relaying. */
async function lockAndRead(
  tx: Tx,
  name: string,
  types: RelayOptions['types'],
  limit: number,
): Promise<Page | undefined> {
  if (!(await lock(tx, name))) return undefined
  const rows = await tx.rows(nextEvents(name, types, limit))
  return {
    events: rows.filter((row): row is Row & { horizon: string } => row.id !== null),
    horizon: certain(rows[0], 'settled transaction').horizon,
  }
}

/** Those whose transactions are older than every one that runs, so that none is passed over that commits late. */
function nextEvents(
  name: string,
  types: RelayOptions['types'],
  limit: number,
): Sql<(Row | { [Member in keyof Row]: null }) & { horizon: string }> {
  return sql`
    with settled as materialized (select openward.settled_xid() as horizon)
    select settled.horizon::text as horizon, e.*
      from settled left join lateral (
           select e.id, e.recorded_xid::text as recorded_xid, e.type, e.subject_type, e.subject_id, e.patient_id, e.payload
             from event_relays r join events e on (e.recorded_xid, e.id) > (r.settled_xid, r.event_id)
            where r.name = ${name} and e.recorded_xid < settled.horizon and (${types ?? null}::text[] is null or e.type = any(${types ?? null}::text[]))
            order by e.recorded_xid, e.id limit ${literal(limit)}) as e on true`
}

/** Where no event is left behind, the next look begins at the horizon: other events are not read again and again. */
async function moveOn(tx: Tx, name: string, { events, horizon }: Page, limit: number): Promise<void> {
  const last = events.at(-1)
  const to =
    last && events.length === limit
      ? { xid: last.recorded_xid, id: last.id }
      : { xid: horizon, id: '00000000-0000-0000-0000-000000000000' }
  await tx.run(
    sql`update event_relays set settled_xid = ${to.xid}::xid8, event_id = ${to.id}
         where name = ${name} and (settled_xid, event_id) <> (${to.xid}::xid8, ${to.id}::uuid)`,
  )
}
