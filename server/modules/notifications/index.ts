// Telling patients of their appointments: confirmation, change, cancellation and reminder, each once.
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { relayEvents } from '#platform/events/relay.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import type { Repeated } from '#platform/jobs/repeat.ts'
import type { Module } from '#platform/module.ts'
import { remindOfAppointments, tellOf, toldTypes } from './notice.service.ts'
import { notificationRoutes } from './notification.routes.ts'

export { findRecipient, type Recipient } from './recipient.store.ts'
export { type QuietHours, quietHours, sendingTime } from './sending-time.ts'

const reminderSchedule = defineSchedule({ name: 'notifications.remind', every_seconds: 60 })

export const notifications: Module = {
  name: 'notifications',
  async open(system, jobs) {
    const database = scopedDatabase(
      system.pool,
      { enter: () => sql`select openward.enter_as('all')` },
      { audit: (entry) => ({ role: 'system', correlation_id: 'notifications', ...entry }) },
    )
    let relay: Repeated | undefined
    jobs.schedule(reminderSchedule, () => remindOfAppointments(database, system))
    return {
      routes: notificationRoutes(),
      async start() {
        relay = relayEvents({
          database,
          name: 'notifications',
          types: toldTypes,
          relay: (tx, events) => tellOf(tx, system, events),
          log: system.log,
        })
      },
      async stop() {
        await relay?.stop()
      },
    }
  },
}
