import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { EventRelay, OutboxEvent, OutboxQuery, SetAsideEvent } from './outbox.contract.ts'

/** No counting goes on for ever behind a relay that has stood still for days. */
const mostCounted = 1000

/** What a relay does not follow it passes over within a second: it is counted until then. */
export function findRelays(): Sql<EventRelay> {
  return sql`
    select r.name, behind.waiting, behind.waiting_since,
           (select count(*)::int from (
              select from event_relay_failures f where f.relay = r.name limit ${literal(mostCounted)}) as aside) as set_aside
      from event_relays r
           cross join lateral (
             select count(*)::int as waiting, min(next.created_at) as waiting_since from (
               select e.created_at from events e
                where (e.recorded_xid, e.id) > (r.settled_xid, r.event_id)
                order by e.recorded_xid, e.id limit ${literal(mostCounted)}) as next) as behind
     order by r.name`
}

export function findSetAside(most: number): Sql<SetAsideEvent> {
  return sql`
    select f.relay, f.event_id, e.type, e.subject_type, e.subject_id, f.code, f.failed_at, f.replay_requested_at
      from event_relay_failures f left join events e on e.id = f.event_id
     order by f.failed_at desc, f.event_id desc limit ${literal(most)}`
}

/** Locked, so that what a relay makes of it and what is asked of it follow one another. */
export function findSetAsideEvent(relay: string, event_id: string): Sql<{ type: string | null }> {
  return sql`
    select (select e.type from events e where e.id = f.event_id) as type
      from event_relay_failures f where f.relay = ${relay} and f.event_id = ${event_id} for update`
}

export function requestReplay(relay: string, event_id: string): Sql {
  return sql`
    update event_relay_failures set replay_requested_at = coalesce(replay_requested_at, now())
     where relay = ${relay} and event_id = ${event_id}`
}

/** Each webhook is asked for each event of the page by the key of the two; there are few webhooks. */
export function findOutboxEvents({ type, limit }: OutboxQuery, before: string | undefined): Sql<OutboxEvent> {
  return sql`
    select page.id, page.type, page.subject_type, page.subject_id, page.created_at,
           exists (select from event_relays r
                    where (page.recorded_xid, page.id) > (r.settled_xid, r.event_id)) as is_waiting,
           (select jsonb_build_object(
                     'waiting', count(*) filter (where d.status = 'waiting'),
                     'delivered', count(*) filter (where d.status = 'delivered'),
                     'dead', count(*) filter (where d.status = 'dead'))
              from webhooks w join webhook_deliveries d on d.webhook_id = w.id and d.event_id = page.id) as deliveries
      from (select id, recorded_xid, type, subject_type, subject_id, created_at from events
             where (${type ?? null}::text is null or type = ${type ?? null})
               and (${before ?? null}::uuid is null or id < ${before ?? null}::uuid)
             order by id desc limit ${literal(limit + 1)}) as page
     order by page.id desc`
}
