import { mostCounted } from '#platform/contract/fields.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { Webhook, WebhookChange } from './webhook.contract.ts'

const count = (status: 'waiting' | 'dead') => sql`
  (select count(*)::int from (select from webhook_deliveries d where d.webhook_id = webhooks.id and d.status = ${status}
                               limit ${literal(mostCounted)}) as counted)`

const columns = sql`
  id, url, description, types, is_active,
  case when not is_active then 'inactive' when paused_until is not null then 'paused' when failures > 0 then 'failing' else 'working' end as state,
  paused_until, last_success_at, last_failure_at, last_failure, created_at, updated_at, version,
  ${count('waiting')} as waiting, ${count('dead')} as dead`

export function findWebhooks(): Sql<Webhook> {
  return sql`select ${columns} from webhooks order by id limit ${literal(500)}`
}

export function findWebhook(id: string): Sql<Webhook> {
  return sql`select ${columns} from webhooks where id = ${id}`
}

export type NewRow = Pick<Webhook, 'id' | 'url' | 'description' | 'types' | 'is_active'> & {
  key_id: string
  sealed_secret: Buffer
  created_by: string | undefined
}

export function insertWebhook(row: NewRow): Sql<Webhook> {
  return sql`
    insert into webhooks (id, url, description, types, is_active, key_id, sealed_secret, created_by)
    values (${row.id}, ${row.url}, ${row.description}, ${row.types}, ${row.is_active}, ${row.key_id}, ${row.sealed_secret},
            ${row.created_by ?? null})
    returning ${columns}`
}

/** No row where there is no such webhook, or not in this version. One that is switched on begins with a clean slate. */
export function updateWebhook(id: string, version: number | undefined, change: WebhookChange): Sql<Webhook> {
  const { description, types, is_active } = change
  return sql`
    update webhooks
       set description = case when ${description !== undefined}::boolean then ${description ?? null} else description end,
           types = coalesce(${types ?? null}::text[], types), is_active = coalesce(${is_active ?? null}::boolean, is_active),
           failures = case when ${is_active ?? null}::boolean then 0 else failures end,
           paused_until = case when ${is_active ?? null}::boolean then null else paused_until end,
           updated_at = now(), version = version + 1
     where id = ${id} and (${version ?? null}::int is null or version = ${version ?? null})
    returning ${columns}`
}

/** No row as for a change. */
export function deleteWebhook(id: string, version: number | undefined): Sql {
  return sql`delete from webhooks where id = ${id} and (${version ?? null}::int is null or version = ${version ?? null})`
}

/** One telling for each webhook that wants to know of each of these events. */
export function insertDeliveries(event_ids: readonly string[]): Sql {
  return sql`
    insert into webhook_deliveries (webhook_id, event_id, type, subject_id)
    select w.id, e.id, e.type, e.subject_id
      from events e
      join webhooks w on w.is_active
                     and w.types && array['*', e.type, split_part(e.type, '.', 1) || '.*']
     where e.id = any(${event_ids}::uuid[])
     order by e.id
    on conflict do nothing`
}
