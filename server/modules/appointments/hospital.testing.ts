// For tests: patients and times to book, made in the database without the modules that own them.
import { randomUUIDv7 } from 'node:crypto'
import { sql } from '#platform/database/sql.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { sealJson } from '#platform/encryption/sealing.ts'
import type { TestApi } from '../../testing.ts'

export async function makePatient(api: TestApi): Promise<string> {
  const id = randomUUIDv7()
  const key = newDataKey(api.system.keys.keyring)
  const sealed = (column: string) => sealJson(key, { table: 'patients', column, row_id: id }, {})
  await api.database.once(async (tx) => {
    await Promise.all([
      tx.run(sql`insert into patients (id, patient_number, key_id, sealed_card, sealed_contact, gender, is_complete, registered_date)
                 values (${id}, ${`PT-${id}`}, ${key.id}, ${sealed('sealed_card')}, ${sealed('sealed_contact')}, 'UNKNOWN', false, current_date)`),
      tx.run(
        sql`insert into patient_keys (id, patient_id, kek_id, wrapped) values (${key.id}, ${id}, ${key.kek_id}, ${key.wrapped})`,
      ),
    ])
  })
  return id
}

export function makePatients(api: TestApi, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => makePatient(api)))
}

/** A wall-clock time in New York, where test doctors work, on a Monday some weeks ahead. */
export function mondayAt(time: string, weeks = 3): string {
  const today = Temporal.Now.plainDateISO('America/New_York')
  const monday = today.add({ days: 8 - today.dayOfWeek + 7 * (weeks - 1) })
  return monday
    .toPlainDateTime(Temporal.PlainTime.from(time))
    .toZonedDateTime('America/New_York')
    .toInstant()
    .toString()
}

/** Pairs of appointments that take a doctor's or a patient's time twice: there must be none. */
export function overlaps(api: TestApi) {
  return api.rows(sql`
    select a.id, b.id from appointments a
      join appointments b on a.id < b.id and a.during && b.during 
       and ((a.doctor_id = b.doctor_id and a.lane = b.lane) or a.patient_id = b.patient_id)
     where a.status not in ('cancelled', 'no_show') and b.status not in ('cancelled', 'no_show')`)
}
