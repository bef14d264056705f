import { type Sql, sql } from '#platform/database/sql.ts'
import type { Work } from './job.ts'

/** A job waits this long for a server that can do it: one is never dropped for having waited. */
const waitingDays = 3650
/** A process that is not heard of for this long has died. pg-boss takes no less than ten. */
const heartbeatSeconds = 30

/** `short`: one with a key waits at most once. `exclusive`: the next run of a schedule waits for the end of the last. */
export type Policy = 'short' | 'exclusive'

/** The queue of a kind of job, as this version of the server declares it. */
export function upsertQueue({ name, retry, expire_seconds }: Work, policy: Policy): Sql {
  return sql`
    insert into pgboss.queue as q (name, policy, retry_limit, retry_delay, retry_backoff, retry_delay_max, expire_seconds,
                                   heartbeat_seconds, retention_seconds, deletion_seconds, partition, table_name)
    values (${name}, ${policy}, ${retry.limit}, ${retry.delay_seconds}, true, ${retry.delay_max_seconds}, ${expire_seconds},
            ${heartbeatSeconds}, ${waitingDays * 86_400}, 0, false, 'job_common')
    on conflict (name) do update
       set retry_limit = excluded.retry_limit, retry_delay = excluded.retry_delay, retry_delay_max = excluded.retry_delay_max,
           expire_seconds = excluded.expire_seconds, updated_on = now()
     where (q.retry_limit, q.retry_delay, q.retry_delay_max, q.expire_seconds)
           is distinct from (excluded.retry_limit, excluded.retry_delay, excluded.retry_delay_max, excluded.expire_seconds)`
}

export type NewJob = {
  id: string
  work: Work
  policy: Policy
  data: unknown
  key: string
  after: string | null
  /** Of a schedule: at most one job for each period. */
  every_seconds: number | null
}

/**
 * One statement, whatever the state of the database: it brings the queue along where no server has yet run this kind of job.
 * The same row as pg-boss's own `send` makes, which would take a round trip of its own before it.
 */
export function insertJob({ id, work, policy, data, key, after, every_seconds }: NewJob): Sql {
  const { name, retry, expire_seconds } = work
  return sql`
    with queue as (
      insert into pgboss.queue (name, policy, retry_limit, retry_delay, retry_backoff, retry_delay_max, expire_seconds,
                                heartbeat_seconds, retention_seconds, deletion_seconds, partition, table_name)
      values (${name}, ${policy}, ${retry.limit}, ${retry.delay_seconds}, true, ${retry.delay_max_seconds}, ${expire_seconds},
              ${heartbeatSeconds}, ${waitingDays * 86_400}, 0, false, 'job_common')
      on conflict do nothing)
    insert into pgboss.job_common (id, name, data, policy, singleton_key, singleton_on, start_after, keep_until,
                                   retry_limit, retry_delay, retry_backoff, retry_delay_max, expire_seconds, heartbeat_seconds,
                                   deletion_seconds)
    values (${id}, ${name}, ${data === null ? null : JSON.stringify(data)}::jsonb, ${policy}, ${key},
            'epoch'::timestamp + interval '1 second' * (${every_seconds}::int * floor(extract(epoch from now()) / ${every_seconds}::int)),
            coalesce(${after}::timestamptz, now()), coalesce(${after}::timestamptz, now()) + interval '1 day' * ${waitingDays}::int,
            ${retry.limit}, ${retry.delay_seconds}, true, ${retry.delay_max_seconds}, ${expire_seconds}, ${heartbeatSeconds}, 0)
    on conflict do nothing`
}

/** Gives back what a stopping server has begun, without counting it as an attempt. */
export function handBack(ids: readonly string[]): Sql {
  return sql`
    update pgboss.job_common set state = 'retry', retry_limit = retry_limit + 1, start_after = now(), heartbeat_on = null
     where id = any(${ids}::uuid[]) and state = 'active'`
}

/** What is done is forgotten after two days, what has failed after ninety. */
export function deleteOldJobs(): Sql {
  return sql`
    delete from pgboss.job_common
     where (state in ('completed', 'cancelled') and completed_on < now() - interval '2 days')
        or (state = 'failed' and completed_on < now() - interval '90 days')`
}
