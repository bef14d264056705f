// For tests of rotations: a rotation as the command line makes it, and a patient with something in every sealed table.
import { openPool } from '#platform/database/connection.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { openKeys } from '#platform/encryption/keys.ts'
import { sql } from '#platform/database/sql.ts'
import { openDataKey, type StoredDataKey } from '#platform/encryption/data-key.ts'
import { seal } from '#platform/encryption/sealing.ts'
import type { Person, TestApi } from '../../testing.ts'
import { emergencyContactApi } from '../patients/emergency-contact.contract.ts'
import { insuranceApi } from '../patients/insurance.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { nextPerson } from '../patients/people.testing.ts'
import { type Rotation, rotationDatabase } from './rotation.ts'

/** A rotation on the test's database. It does not wait: `settled` stands for the time that servers need to read new keys. */
export async function openRotation(
  api: TestApi,
  {
    keyring = api.system.keys.keyring,
    settled = () => api.system.keys.reload(),
  }: { keyring?: Keyring; settled?: () => Promise<void> } = {},
) {
  const pool = openPool({ url: api.owner_url, size: 3, name: 'rotation', on_error: () => undefined })
  const database = rotationDatabase(pool)
  const said: string[] = []
  const keys = await openKeys(keyring, (work) => database.transaction(work))
  const rotation: Rotation = { pool, database, keys, say: (line) => void said.push(line), wait: settled }
  return { ...rotation, said, [Symbol.asyncDispose]: () => pool.end() }
}

let policies = 0

export type WholePatient = ReturnType<typeof nextPerson> & { patient_id: string; policy_number: string }

/** Registered with a contact, an insurance, an emergency access and an appointment with notes. */
export async function wholePatient(api: TestApi, staff: Person): Promise<WholePatient> {
  const person = nextPerson()
  const { id: patient_id } = await staff.call(patientApi.register, { body: person })
  const params = { patient_id }
  await staff.call(emergencyContactApi.add_contact, {
    params,
    body: { name: 'Luis Ruiz', relationship: 'brother', phone: '(415) 555-2672', is_primary: true },
  })
  const policy_number = `KR-${(policies += 1)}`
  await staff.call(insuranceApi.add_insurance, {
    params,
    body: { provider_name: 'Blue Shield', policy_number, coverage_start_date: '2026-01-01', currency: 'USD' },
  })
  await sealRest(api, patient_id, staff.user_id)
  return { ...person, policy_number, patient_id }
}

async function sealRest(api: TestApi, patient_id: string, user_id: string) {
  const [stored] = await api.rows(sql<StoredDataKey>`
    select k.id, k.kek_id, k.wrapped from patients p join patient_keys k on k.id = p.key_id where p.id = ${patient_id}`)
  if (!stored) throw new Error('the patient has no key')
  const key = openDataKey(api.system.keys.keyring, stored)
  const sealed = (table: string, column: string, row_id: string) =>
    seal(key, { table, column, row_id }, '{"reason":"a"}')
  const id = crypto.randomUUID()
  const doctor = await api.person('doctor', { doctor: true })
  await api.rows(sql`insert into emergency_accesses (id, patient_id, user_id, key_id, sealed_reason, expires_at)
    values (${id}, ${patient_id}, ${user_id}, ${key.id}, ${sealed('emergency_accesses', 'sealed_reason', id)}, now())`)
  await api.rows(sql`insert into appointments (id, confirmation_code, patient_id, doctor_id, during, key_id, sealed_notes)
    values (${id}, ${id}, ${patient_id}, ${doctor.doctor_id}, '[2027-01-01 10:00Z,2027-01-01 10:30Z)', ${key.id}, ${sealed('appointments', 'sealed_notes', id)})`)
  await api.rows(sql`insert into appointment_history (id, appointment_id, patient_id, to_status, key_id, sealed_reason)
    values (${id}, ${id}, ${patient_id}, 'booked', ${key.id}, ${sealed('appointment_history', 'sealed_reason', id)})`)
}
