// The waitlist: freed times are offered to those who wait for them, one at a time.
import { sql } from '#platform/database/sql.ts'
import { scopedDatabase } from '#platform/database/transaction.ts'
import { relayEvents } from '#platform/events/relay.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import type { Repeated } from '#platform/jobs/repeat.ts'
import type { Module } from '#platform/module.ts'
import { createCalendars } from '#modules/doctors'
import { endWhatIsOver, freeingTypes, offerFreed } from './offering.ts'
import { waitlistRoutes } from './waitlist.routes.ts'

const endSchedule = defineSchedule({ name: 'waitlist.end', every_seconds: 30 })

export const waitlist: Module = {
  name: 'waitlist',
  async open(system, jobs) {
    const database = scopedDatabase(
      system.pool,
      { enter: () => sql`select openward.enter_as('all')` },
      { audit: (entry) => ({ role: 'system', correlation_id: 'waitlist', ...entry }) },
    )
    let relay: Repeated | undefined
    jobs.schedule(endSchedule, async ({ signal }) => void (await endWhatIsOver(database, signal)))
    return {
      routes: waitlistRoutes(createCalendars()),
      async start() {
        relay = relayEvents({
          database,
          name: 'waitlist',
          types: freeingTypes,
          relay: (tx, events) => offerFreed(tx, system, events),
          log: system.log,
          // The calendars of the doctors stand still until it commits.
          page_rows: 5,
        })
      },
      async stop() {
        await relay?.stop()
      },
    }
  },
}
