// People with rows in every table of theirs, and pictures of those tables, for tests of merges and erasure.
import { randomUUIDv7 } from 'node:crypto'
import { emergencyContactApi } from './emergency-contact.contract.ts'
import { insuranceApi } from './insurance.contract.ts'
import { identifier } from './merge.store.ts'
import { ownedTables } from './owned-tables.ts'
import { patientApi } from './patient.contract.ts'
import { nextPerson } from './people.testing.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import { open, seal } from '#platform/encryption/sealing.ts'
import { sql } from '#platform/database/sql.ts'
import type { Person, TestApi } from '../../testing.ts'

export type Rows = { contacts: number; primary: boolean; insurances: number; appointments: number; glass: number }

let hours = 0
let policies = 0

export async function addContact(who: Person, patient_id: string, name: string, is_primary = false): Promise<string> {
  const body = { name, relationship: 'sister', phone: '+14155550123', is_primary }
  return (await who.call(emergencyContactApi.add_contact, { params: { patient_id }, body })).id
}

/** An appointment with its history; each at an hour of its own unless said. */
export async function addAppointment(
  api: TestApi,
  doctor: Person,
  patient_id: string,
  hour = ++hours,
): Promise<string> {
  const id = randomUUIDv7()
  const history_id = randomUUIDv7()
  const key = await keyOf(api, patient_id)
  const notes = seal(key, { table: 'appointments', column: 'sealed_notes', row_id: id }, 'reason of the visit')
  const reason = seal(
    key,
    { table: 'appointment_history', column: 'sealed_reason', row_id: history_id },
    'booked by phone',
  )
  await api.rows(sql`
    with booked as (
      insert into appointments (id, confirmation_code, patient_id, doctor_id, during, key_id, sealed_notes)
      select ${id}, ${id}, ${patient_id}, d.id, tstzrange(t.at, t.at + interval '30 minutes'), ${key.id}, ${notes}
        from doctors d, (select timestamptz '2030-01-01T00:00:00Z' + ${hour}::int * interval '1 hour' as at) t
       where d.id = ${doctor.doctor_id ?? null}
    )
    insert into appointment_history (id, appointment_id, patient_id, to_status, key_id, sealed_reason)
    select ${history_id}, ${id}, ${patient_id}, 'booked', ${key.id}, ${reason}`)
  return id
}

/** A patient with so many rows. */
export async function addPerson(
  api: TestApi,
  admin: Person,
  doctor: Person,
  rows: Partial<Rows> = {},
  body: object = {},
): Promise<string> {
  const { contacts = 0, primary = false, insurances = 0, appointments = 0, glass = 0 } = rows
  const { id } = await admin.call(patientApi.register, { body: { ...nextPerson(), ...body, force: true } })
  for (let at = 0; at < contacts; at += 1) await addContact(admin, id, `Contact ${at}`, primary && at === 0)
  for (let at = 0; at < insurances; at += 1) {
    await admin.call(insuranceApi.add_insurance, {
      params: { patient_id: id },
      body: {
        provider_name: 'Acme',
        policy_number: `POL-${++policies}`,
        coverage_start_date: '2026-01-01',
        currency: 'USD',
      },
    })
  }
  for (let at = 0; at < appointments; at += 1) await addAppointment(api, doctor, id)
  const key = await keyOf(api, id)
  for (let at = 0; at < glass; at += 1) {
    const row_id = randomUUIDv7()
    const reason = seal(key, { table: 'emergency_accesses', column: 'sealed_reason', row_id }, 'unconscious')
    await api.rows(sql`
      insert into emergency_accesses (id, patient_id, user_id, key_id, sealed_reason, expires_at)
      values (${row_id}, ${id}, ${doctor.user_id}, ${key.id}, ${reason}, now() + interval '1 hour')`)
  }
  return id
}

export async function keyOf(api: TestApi, patient_id: string) {
  const [row] = await api.rows(sql<{ id: string; kek_id: string; wrapped: Buffer }>`
    select k.id, k.kek_id, k.wrapped from patients p join patient_keys k on k.id = p.key_id where p.id = ${patient_id}`)
  if (!row) throw new Error('there is no such patient')
  return openDataKey(api.system.keys.keyring, row)
}

/** What a sealed column says, opened with the key that its row names and only if that key is of the row's own patient. */
export async function openedText(api: TestApi, table: string, column: string, row_id: string): Promise<string> {
  const [row] = await api.rows(sql<{ sealed: Buffer; id: string; kek_id: string; wrapped: Buffer }>`
    select t.${identifier(column)} as sealed, k.id, k.kek_id, k.wrapped from ${identifier(table)} t
      join patient_keys k on k.id = t.key_id and k.patient_id = t.patient_id where t.id = ${row_id}`)
  if (!row) throw new Error('the key of this row is not of its patient')
  return open(openDataKey(api.system.keys.keyring, row), { table, column, row_id }, row.sealed)
}

/** Tables that tell what happened: they only grow. */
const diaries = new Set(['patient_merges', 'audit_logs', 'events'])

/** Every row of every table with a patient in it, byte for byte. */
export async function picture(api: TestApi): Promise<Map<string, string[]>> {
  const tables = [...new Set(ownedTables.map(({ table }) => table))].filter((table) => !diaries.has(table))
  const all = await Promise.all(
    tables.map(async (table): Promise<[string, string[]]> => {
      const rows = await api.rows(
        sql<{ row: string }>`select to_jsonb(t)::text as row from ${identifier(table)} t order by 1`,
      )
      return [table, rows.map(({ row }) => row)]
    }),
  )
  return new Map(all)
}
