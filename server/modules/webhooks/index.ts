// Telling other programs of events, by signed requests.
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { relayEvents } from '#platform/events/relay.ts'
import { keptDays } from '#platform/events/retention.ts'
import { wakesOf } from '#platform/events/wake.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import type { Repeated } from '#platform/jobs/repeat.ts'
import type { Module } from '#platform/module.ts'
import { deliveryRoutes } from './delivery.routes.ts'
import { deleteOldDeliveries } from './delivery.store.ts'
import { sendSigned, startDispatch } from './dispatch.ts'
import { webhookRoutes } from './webhook.routes.ts'
import { insertDeliveries } from './webhook.store.ts'

const purgeSchedule = defineSchedule({ name: 'webhooks.purge', every_seconds: 3600 })
const purgeRows = 5000

export const webhooks: Module = {
  name: 'webhooks',
  async open(system, jobs) {
    // Ids and types of whatever happens: nothing here reads a record.
    const database = scopedDatabase(
      system.pool,
      { enter: () => sql`select openward.enter_as('none')` },
      { audit: (entry) => ({ role: 'system', correlation_id: 'webhooks', ...entry }) },
    )
    const running: Repeated[] = []
    jobs.schedule(purgeSchedule, async ({ signal }) => {
      while (!signal.aborted) {
        if ((await database.once((tx) => tx.run(deleteOldDeliveries(keptDays, purgeRows)))) < purgeRows) return
      }
    })
    return {
      routes: [...webhookRoutes(), ...deliveryRoutes()],
      async start() {
        const wakes = wakesOf(system)
        running.push(
          relayEvents({
            database,
            name: 'webhooks',
            relay: async (tx, events) => void (await tx.run(insertDeliveries(events.map(({ id }) => id)))),
            // For whoever sends them, at any server.
            relayed: () => wakes.announce(),
            log: system.log,
            wakes,
          }),
          startDispatch(system, database, sendSigned(system)),
        )
      },
      async stop() {
        await Promise.all(running.map((one) => one.stop()))
      },
    }
  },
}
