// What happens, as it happens: to everyone what they may see; and who outside is told of it, which is for administrators.
import { sql } from '#platform/database/sql.ts'
import { adminOnly, type Row, signedIn } from './row.ts'

export const eventRows: readonly Row[] = [
  { operation: 'GET /api/v1/events', expect: signedIn, ask: () => ({ query: { follow: 'false' } }) },
  { operation: 'GET /api/v1/event-outbox', expect: adminOnly },
  { operation: 'GET /api/v1/event-outbox/events', expect: adminOnly },
  {
    operation: 'POST /api/v1/event-outbox/relays/{relay}/set-aside/{event_id}/replay',
    expect: adminOnly,
    ask: () => ({ params: { relay: 'webhooks' } }),
    prepare: async ({ ids }, { api }) => {
      await api.rows(
        sql`insert into events (id, type, subject_type, subject_id) values (${ids['event_id']}, 'test.aside', 'test', uuidv7()) on conflict do nothing`,
      )
      await api.rows(
        sql`insert into event_relay_failures (relay, event_id, code) values ('webhooks', ${ids['event_id']}, 'unexpected') on conflict do nothing`,
      )
    },
  },

  { operation: 'GET /api/v1/webhooks', expect: adminOnly },
  { operation: 'POST /api/v1/webhooks', expect: adminOnly },
  { operation: 'GET /api/v1/webhooks/{webhook_id}', expect: adminOnly },
  { operation: 'PATCH /api/v1/webhooks/{webhook_id}', expect: adminOnly },
  { operation: 'DELETE /api/v1/webhooks/{webhook_id}', expect: adminOnly },
  { operation: 'GET /api/v1/webhooks/{webhook_id}/deliveries', expect: adminOnly },
  {
    operation: 'POST /api/v1/webhooks/deliveries/{delivery_id}/replay',
    expect: adminOnly,
    prepare: async ({ ids }, { api }) =>
      void (await api.rows(
        sql`insert into webhook_deliveries (id, webhook_id, event_id, type, subject_id, status)
            values (${ids['delivery_id']}, ${ids['webhook_id']}, uuidv7(), 'test.happened', uuidv7(), 'dead')`,
      )),
  },
]
