// Every statement about emergency contacts. Each row names the key that sealed it, since a merge moves rows between patients.
import type { EmergencyContact } from './emergency-contact.contract.ts'
import type { SealedBy } from './patient.sealing.ts'
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'

export type ContactRow = SealedBy &
  Pick<
    EmergencyContact,
    'id' | 'patient_id' | 'relationship' | 'is_primary' | 'created_at' | 'updated_at' | 'version'
  > & { sealed_contact: Buffer }

const columns = sql`c.id, c.patient_id, c.key_id, k.kek_id, k.wrapped, c.sealed_contact, c.relationship, c.is_primary,
                    c.created_at, c.updated_at, c.version`

/** Behind the one whom to call first come all others, the page of whom begins `after` an id. */
export function listContacts(
  patient_id: string,
  { skip, limit, after }: { skip: number; limit: number; after: string | undefined },
): Sql<ContactRow> {
  const beyond = after === undefined ? undefined : sql`not c.is_primary and c.id > ${after}`
  return sql`
    select ${columns} from emergency_contacts c join patient_keys k on k.id = c.key_id
     where ${all([sql`c.patient_id = ${patient_id}`, beyond])}
     order by c.is_primary desc, c.id limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countContacts(patient_id: string): Sql<{ total: number }> {
  return sql`select count(*)::int as total from emergency_contacts where patient_id = ${patient_id}`
}

export function findContact(patient_id: string, id: string): Sql<ContactRow> {
  return sql`select ${columns} from emergency_contacts c join patient_keys k on k.id = c.key_id where c.id = ${id} and c.patient_id = ${patient_id}`
}

export type WrittenContact = {
  id: string
  patient_id: string
  key_id: string
  sealed_contact: Buffer
  relationship: string
  is_primary: boolean
}
type Stamp = Pick<ContactRow, 'created_at' | 'updated_at' | 'version'>

export function insertContact({
  id,
  patient_id,
  key_id,
  sealed_contact,
  relationship,
  is_primary,
}: WrittenContact): Sql<Stamp> {
  return sql`
    insert into emergency_contacts (id, patient_id, key_id, sealed_contact, relationship, is_primary)
    values (${id}, ${patient_id}, ${key_id}, ${sealed_contact}, ${relationship}, ${is_primary}) returning created_at, updated_at, version`
}

export function updateContact({ id, key_id, sealed_contact, relationship, is_primary }: WrittenContact): Sql<Stamp> {
  return sql`
    update emergency_contacts
       set key_id = ${key_id}, sealed_contact = ${sealed_contact}, relationship = ${relationship}, is_primary = ${is_primary},
           updated_at = now(), version = version + 1
     where id = ${id} returning created_at, updated_at, version`
}

/** Makes room for another one to be first. */
export function clearPrimaryContact(patient_id: string): Sql {
  return sql`update emergency_contacts set is_primary = false, updated_at = now(), version = version + 1 where patient_id = ${patient_id} and is_primary`
}

export function deleteContact(id: string): Sql {
  return sql`delete from emergency_contacts where id = ${id}`
}
