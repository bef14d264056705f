// What happens to appointments by itself: holds end, and whoever did not come is marked so. Any server may do it, several at once.
import type { System } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import { eventOf } from './appointment.event.ts'
import { removeEndedHolds } from './hold.store.ts'

/** After the end of an appointment, so that whoever checks people in late is not overtaken. */
export const noShowMinutes = 30
/** As many rows in one transaction. */
const atOnce = 200

export const holdSchedule = defineSchedule({ name: 'appointments.holds', every_seconds: 60 })
export const noShowSchedule = defineSchedule({ name: 'appointments.no_shows', every_seconds: 60 })

/** Removes holds that have ended and tells that their times are free. Returns how many. */
export async function endHolds({ pool }: Pick<System, 'pool'>, signal?: AbortSignal): Promise<number> {
  return untilDone(signal, () =>
    unattended(pool).transaction(async (tx) => {
      const ended = await tx.rows(removeEndedHolds())
      for (const { id, doctor_id, patient_id, appointment_time } of ended) {
        tx.emit({
          type: 'hold.ended',
          subject_type: 'hold',
          subject_id: id,
          patient_id: patient_id ?? undefined,
          payload: { doctor_id, appointment_time },
        })
      }
      return ended.length
    }),
  )
}

/** Marks who was expected and is not there half an hour after the end. Returns how many. */
export async function markNoShows({ pool }: Pick<System, 'pool'>, signal?: AbortSignal): Promise<number> {
  return untilDone(signal, () =>
    unattended(pool).transaction(async (tx) => {
      const missed = await tx.rows(updateMissed())
      if (missed.length === 0) return 0
      await tx.run(insertMissed(missed))
      for (const { id, patient_id, doctor_id, appointment_time, from_status, version } of missed) {
        const details = { from_status, to_status: 'no_show' }
        tx.audit({
          action: 'appointment.set_status',
          resource_type: 'appointment',
          resource_id: id,
          patient_id,
          details,
        })
        tx.emit(eventOf('status_changed', { id, patient_id }, { doctor_id, appointment_time, version, ...details }))
      }
      return missed.length
    }),
  )
}

type Missed = {
  id: string
  patient_id: string
  doctor_id: string
  appointment_time: string
  from_status: string
  version: number
}

/** Whoever is being checked in at this moment is left for the next run, which finds that they came. */
function updateMissed(): Sql<Missed> {
  return sql`
    with missed as (
      select id, status from appointments
       where status in ('booked', 'confirmed') and ends_at < now() - ${noShowMinutes} * interval '1 minute'
       order by ends_at limit 200 for update skip locked
    )
    update appointments a set status = 'no_show', updated_at = now(), version = version + 1
      from missed where a.id = missed.id
    returning a.id, a.patient_id, a.doctor_id, lower(a.during) as appointment_time, missed.status as from_status, a.version`
}

function insertMissed(missed: readonly Missed[]): Sql {
  return sql`
    insert into appointment_history (appointment_id, patient_id, from_status, to_status)
    select id, patient_id, from_status, 'no_show'
      from unnest(${missed.map(({ id }) => id)}::uuid[], ${missed.map(({ patient_id }) => patient_id)}::uuid[],
                  ${missed.map(({ from_status }) => from_status)}::text[]) as missed(id, patient_id, from_status)`
}

async function untilDone(signal: AbortSignal | undefined, work: () => Promise<number>): Promise<number> {
  let done = 0
  for (;;) {
    const count = await work()
    done += count
    if (count < atOnce || signal?.aborted) return done
  }
}

function unattended(pool: System['pool']): Database {
  const enter = () => sql`select openward.enter_as('all')`
  return scopedDatabase(pool, { enter }, { audit: (entry) => ({ role: 'system', correlation_id: 'jobs', ...entry }) })
}
