import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { Delivery, DeliveryQuery } from './delivery.contract.ts'
import type { Told } from './signature.ts'

export function findDeliveries(
  webhook_id: string,
  { status, limit }: Pick<DeliveryQuery, 'status' | 'limit'>,
  before: string | undefined,
): Sql<Delivery> {
  return sql`
    select id, event_id, type, subject_id, status, attempts, case when status = 'waiting' then next_attempt_at end as next_attempt_at,
           attempted_at, answered_status, failure, created_at, settled_at
      from webhook_deliveries
     where webhook_id = ${webhook_id} and (${status ?? null}::text is null or status = ${status ?? null})
       and (${before ?? null}::uuid is null or id < ${before ?? null}::uuid)
     order by id desc limit ${literal(limit + 1)}`
}

export function findDelivery(id: string): Sql<Pick<Delivery, 'status' | 'type'> & { webhook_id: string }> {
  return sql`select webhook_id, status, type from webhook_deliveries where id = ${id} for update`
}

export function replayDelivery(id: string): Sql {
  return sql`
    update webhook_deliveries set status = 'waiting', attempts = 0, next_attempt_at = now(), claimed_until = null, settled_at = null
     where id = ${id}`
}

export type DueWebhook = { id: string; url: string; key_id: string; sealed_secret: Buffer; is_paused: boolean }

/** Those that are to be told something now; one that is paused only when it is time to try it. */
export function findDueWebhooks(): Sql<DueWebhook> {
  return sql`
    select w.id, w.url, w.key_id, w.sealed_secret, w.paused_until is not null as is_paused
      from webhooks w
     where w.is_active and (w.paused_until is null or w.paused_until <= now())
       and exists (select from webhook_deliveries d
                    where d.webhook_id = w.id and d.status = 'waiting' and (d.claimed_until is null or d.claimed_until <= now())
                      and (w.paused_until is not null or d.next_attempt_at <= now()))`
}

export type Claimed = Told & { attempts: number; is_old: boolean }

/** Longer than an attempt may take: what a server that died had claimed is free again after that. */
const claimSeconds = 15
/** What could not be delivered for so long is given up, however few the attempts. */
const oldAfterDays = 3

const claim = sql`
  update webhook_deliveries d set claimed_until = now() + interval '1 second' * ${literal(claimSeconds)}, attempted_at = now()
    from due join events e on e.id = due.event_id
   where d.id = due.id
  returning d.id, d.event_id, d.type, e.subject_type, d.subject_id, e.patient_id, e.created_at as happened_at, d.attempts,
            d.created_at < now() - interval '1 day' * ${literal(oldAfterDays)} as is_old`

/** Of each record only what happened first goes out: what is behind it waits, claimed or not. */
const isNext = sql`
  not exists (select from webhook_deliveries earlier
               where earlier.webhook_id = d.webhook_id and earlier.subject_id = d.subject_id and earlier.status = 'waiting'
                 and earlier.event_id < d.event_id)`

const isFree = sql`(d.claimed_until is null or d.claimed_until <= now())`

/** Claims what is due, oldest first. */
export function claimDue(webhook_id: string, most: number): Sql<Claimed> {
  return sql`
    with due as materialized (
      select d.id, d.event_id from webhook_deliveries d join webhooks w on w.id = d.webhook_id
       where d.webhook_id = ${webhook_id} and w.is_active and w.paused_until is null
         and d.status = 'waiting' and d.next_attempt_at <= now() and ${isFree} and ${isNext}
       order by d.event_id limit ${literal(most)} for update of d skip locked)
    ${claim}`
}

/**
 * Claims one to try a paused webhook with: another each time, so that one that cannot succeed does not keep the others from it. No
 * row where another server is trying.
 */
export function claimTrial(webhook_id: string): Sql<Claimed> {
  return sql`
    with trying as (
      update webhooks set paused_until = now() + interval '1 second' * ${literal(claimSeconds)}
       where id = ${webhook_id} and is_active and paused_until <= now() returning id),
    due as materialized (
      select d.id, d.event_id from webhook_deliveries d join trying on trying.id = d.webhook_id
       where d.status = 'waiting' and ${isFree} and ${isNext}
       order by d.attempted_at nulls first, d.event_id limit 1 for update of d skip locked)
    ${claim}`
}

export function markDelivered(id: string, status: number): Sql {
  return sql`
    update webhook_deliveries set status = 'delivered', answered_status = ${status}, failure = null, settled_at = now(), claimed_until = null
     where id = ${id}`
}

export type Failed = {
  answered_status: number | null
  failure: string
  retry_seconds: number
  is_counted: boolean
  is_dead: boolean
}

export function markFailed(id: string, failed: Failed): Sql {
  return sql`
    update webhook_deliveries
       set status = case when ${failed.is_dead}::boolean then 'dead' else status end,
           attempts = attempts + ${failed.is_counted ? 1 : 0}, answered_status = ${failed.answered_status}, failure = ${failed.failure},
           next_attempt_at = now() + interval '1 second' * ${failed.retry_seconds}::float8, claimed_until = null,
           settled_at = case when ${failed.is_dead}::boolean then now() end
     where id = ${id}`
}

/** Lets go of what was claimed and not sent. */
export function release(id: string): Sql {
  return sql`update webhook_deliveries set claimed_until = null where id = ${id} and status = 'waiting'`
}

/** A success ends a pause, and what failed before it is due at once. Written only where there is something to write. */
export function noteSuccess(webhook_id: string): Sql {
  return sql`
    with noted as (
      update webhooks set failures = 0, paused_until = null, last_success_at = now()
       where id = ${webhook_id}
         and (failures > 0 or paused_until is not null or last_success_at is null or last_success_at < now() - interval '10 seconds')
      returning id, old.paused_until is not null as was_paused)
    update webhook_deliveries d set next_attempt_at = now()
      from noted
     where d.webhook_id = noted.id and noted.was_paused and d.status = 'waiting' and d.next_attempt_at > now()`
}

/** After so many in a row it is paused, each time for longer. */
const failuresUntilPause = 5
const shortestPauseSeconds = 30
const longestPauseSeconds = 300

/** Those that were on their way when it was paused say nothing new. Tells whether it is paused by this and was not before. */
export function noteFailure(
  webhook_id: string,
  { failure, is_trial }: { failure: string; is_trial: boolean },
): Sql<{ is_new_pause: boolean }> {
  const pauseSeconds = sql`
    (0.8 + 0.4 * random()) * least(${literal(longestPauseSeconds)},
      ${literal(shortestPauseSeconds)} * power(2, least(10, greatest(0, failures + 1 - ${literal(failuresUntilPause)}))))`
  return sql`
    update webhooks
       set failures = failures + 1, last_failure_at = now(), last_failure = ${failure},
           paused_until = case when failures + 1 >= ${literal(failuresUntilPause)} then now() + interval '1 second' * ${pauseSeconds} end
     where id = ${webhook_id} and (paused_until is null or ${is_trial}::boolean)
    returning old.paused_until is null and paused_until is not null as is_new_pause`
}

/** A batch of those that are older than events are kept. */
export function deleteOldDeliveries(kept_days: number, batch_rows: number): Sql {
  return sql`
    delete from webhook_deliveries where id in (
      select id from webhook_deliveries where id < (select uuidv7(interval '1 day' * ${literal(-kept_days)})) order by id limit ${literal(batch_rows)})`
}
