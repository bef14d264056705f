// Relays events to what must happen once for each of them: what is done and how far the relay has come commit together, so that
// neither a crash nor another server repeats it or leaves it out. One server at a time relays; the others wait for its row.
import { certain } from '#platform/certain.ts'
import type { Database, Tx } from '#platform/database/transaction.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { codeOf } from '#platform/jobs/failure.ts'
import { repeat, type Repeated } from '#platform/jobs/repeat.ts'
import type { Log } from '#platform/logging.ts'
import { repeatAwake } from './awake.ts'
import type { FollowedEvent } from './follower.ts'
import { faultOf, passingCodes } from './relay-failure.ts'
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

/** An event that fails alone as often is set aside: soon where the fault is its own, and at once where its key is not here. */
const mostAttempts = { own: 3, keyless: 1, busy: 40, away: Infinity }
/** The pauses after failures that follow one another double, up to this. */
const longestPauseMilliseconds = 15_000
/** What was set aside for what passes is tried again as often. */
const againAfterMinutes = 10

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
  /** Of the event that is next, by whose fault it was that they failed. */
  let attempts = { own: 0, keyless: 0, busy: 0, away: 0 }
  let failures = 0
  let paused_until = Number.NEGATIVE_INFINITY

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
      const fault = faultOf(error)
      if (limit > 1 && fault !== 'away') {
        oneByOne = page_rows
        return true
      }
      attempts[fault] += 1
      if (attempts[fault] < mostAttempts[fault]) throw error
      taken = await setAside(error)
    }
    if (taken > 0) relayed?.()
    attempts = { own: 0, keyless: 0, busy: 0, away: 0 }
    failures = 0
    oneByOne = taken === 0 ? 0 : Math.max(0, oneByOne - 1)
    return taken === limit
  }

  /** Passes over the event that is next, and leaves word of it. */
  function setAside(error: unknown): Promise<number> {
    return database.transaction(async (tx) => {
      const page = await lockAndRead(tx, name, types, 1)
      if (!page) return 0
      for (const { id, type, ...event } of page.events) {
        log.error({ err: error, relay: name, event_id: id, type }, 'an event could not be relayed and was set aside')
        await tx.run(
          sql`insert into event_relay_failures (relay, event_id, code) values (${name}, ${id}, ${codeOf(error)})
              on conflict do nothing`,
        )
        if (error instanceof IntegrityError) {
          const details = { operation: `relay of ${name}`, where: error.where, row_id: error.row_id }
          const patient_id = event.patient_id ?? undefined
          tx.audit({ action: 'integrity.failed', resource_type: 'record', patient_id, outcome: 'failure', details })
        }
      }
      await moveOn(tx, name, page, 1)
      return page.events.length
    })
  }

  /** Tries once more one that was set aside, where an administrator has asked for it or its cause may have passed. */
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
      if (!event || faultOf(error) === 'away') throw error
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
      if (performance.now() < paused_until) return
      try {
        while (await takePage());
        while (await replayOne());
      } catch (error) {
        paused_until = performance.now() + Math.min(every_ms * (2 ** failures - 1), longestPauseMilliseconds)
        failures += 1
        throw error
      }
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
     where f.relay = ${name}
       and (f.replay_requested_at is not null
            or f.code = any (${passingCodes}) and f.failed_at < now() - interval '1 minute' * ${literal(againAfterMinutes)})
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
