// For tests: a desk, somebody who waits, and what a server does by and by.
import { randomUUIDv7 } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import { relayEvents } from '#platform/events/relay.ts'
import { appointmentApi } from '../appointments/appointment.contract.ts'
import { makePatient } from '../appointments/hospital.testing.ts'
import type { Person, TestApi } from '../../testing.ts'
import { freeingTypes, offerFreed } from './offering.ts'
import { waitlistApi, type WaitlistEntry } from './waitlist.contract.ts'

export type Terms = Partial<
  Pick<
    WaitlistEntry,
    'from_date' | 'to_date' | 'weekdays' | 'from_time' | 'to_time' | 'location' | 'priority' | 'kind' | 'patient_id'
  >
> & { specialization?: string }

export async function openDesk(api: TestApi) {
  const staff = await api.person('staff')
  const today = Temporal.Now.plainDateISO('America/New_York')
  const window = { from_date: today.toString(), to_date: today.add({ days: 60 }).toString() }

  return {
    staff,
    window,
    doctor: async (specialization = 'cardiology') =>
      (await api.person('doctor', { doctor: { specialization } })).doctor_id ?? '',

    /** A patient of their own, unless another is named, who waits for the doctor or the specialization. */
    async wait(doctor_id: string, { specialization, ...terms }: Terms = {}): Promise<WaitlistEntry> {
      const patient_id = terms.patient_id ?? (await makePatient(api))
      const { location, ...rest } = terms
      const target = specialization === undefined ? { doctor_id } : { specialization }
      return staff.call(waitlistApi.join, {
        body: { ...window, ...target, ...rest, ...(location ? { location } : {}), patient_id },
      })
    },

    /** Somebody else books the time and cancels it. */
    async free(doctor_id: string, appointment_time: string, patient_id?: string): Promise<string> {
      const booked = await staff.call(appointmentApi.book, {
        body: { doctor_id, appointment_time, patient_id: patient_id ?? (await makePatient(api)) },
      })
      await staff.call(appointmentApi.cancel, { params: { appointment_id: booked.id }, body: {} })
      return booked.id
    },

    entry: (id: string) => staff.call(waitlistApi.get, { params: { waitlist_entry_id: id } }),
    statuses: (entries: readonly WaitlistEntry[]) =>
      Promise.all(
        entries.map(
          async ({ id }) => (await staff.call(waitlistApi.get, { params: { waitlist_entry_id: id } })).status,
        ),
      ),
    accept: (id: string, who: Person = staff) => who.call(waitlistApi.accept, { params: { waitlist_entry_id: id } }),
    decline: (id: string, who: Person = staff) => who.call(waitlistApi.decline, { params: { waitlist_entry_id: id } }),
    withdraw: (id: string, who: Person = staff) =>
      who.call(waitlistApi.withdraw, { params: { waitlist_entry_id: id } }),

    /** The time to answer is over. */
    passTime: (entry_id: string) =>
      api.rows(sql`
        with offer as (update waitlist_offers set expires_at = now() - interval '1 second' where entry_id = ${entry_id} and status = 'open')
        select 1`),
  }
}

/** Relays what has happened so far, by as many relays at once. */
export async function relayFreed(api: TestApi, relays = 1): Promise<void> {
  const marker = randomUUIDv7()
  const settled = Promise.withResolvers<void>()
  const running = Array.from({ length: relays }, () =>
    relayEvents({
      database: api.database,
      name: 'waitlist',
      types: [...freeingTypes, 'test.settled'],
      relay: async (tx, events) => {
        await offerFreed(tx, api.system, events)
        if (events.some(({ subject_id }) => subject_id === marker)) settled.resolve()
      },
      log: api.system.log,
      every_ms: 5,
    }),
  )
  await api.database.once(async (tx) => tx.emit({ type: 'test.settled', subject_type: 'test', subject_id: marker }))
  await settled.promise
  await Promise.all(running.map((relay) => relay.stop()))
}
