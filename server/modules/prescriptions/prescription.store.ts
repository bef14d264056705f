// Every statement about prescriptions and the keys that sign them.
import { all, countOf, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Prescription, PrescriptionQuery } from './prescription.contract.ts'
import type { SigningKey } from './signing.ts'

/** The patient's key as stored; without `wrapped` the person was erased. */
export type StoredKey = { key_id: string; kek_id: string | null; wrapped: Buffer | null }
export type StoredPrescription = Omit<Prescription, 'notes' | 'medicines' | 'check' | 'signature' | 'cancel_reason'> &
  StoredKey & {
    sealed_content: Buffer
    sealed_check: Buffer | null
    sealed_cancel_reason: Buffer | null
    signature: Buffer | null
  }

const columns = sql`p.id, p.prescription_number, p.appointment_id, p.visit_id, p.doctor_id, p.patient_id, p.status, p.signed_at, p.signature,
  p.signing_key_id, p.verification_code, p.expires_at, p.dispensed_at, p.dispensed_by, p.cancelled_at, p.cancelled_by, p.replaces_id,
  (select r.id from prescriptions r where r.replaces_id = p.id order by r.created_at desc limit 1) as replaced_by_id,
  p.created_at, p.updated_at, p.version, p.sealed_content, p.sealed_check, p.sealed_cancel_reason, p.key_id, k.kek_id, k.wrapped`
const source = sql`prescriptions p join patient_keys k on k.id = p.key_id`

/** What is not signed is no prescription yet: nobody should take what a doctor still thinks about. `own_id`: of the caller, as a patient. */
const unlessOwnDraft = (own_id: string | undefined) =>
  own_id === undefined ? undefined : sql`(p.status <> 'draft' or p.patient_id <> ${own_id})`

export function findPrescription(id: string, own_id?: string): Sql<StoredPrescription> {
  return sql`select ${columns} from ${source} where ${all([sql`p.id = ${id}`, unlessOwnDraft(own_id)])}`
}

/** Read by `findPrescription` afterwards, in a statement that sees what was waited for. */
export function lockPrescription(id: string): Sql {
  return sql`select from prescriptions where id = ${id} for update`
}

export type PrescriptionFilter = Pick<PrescriptionQuery, 'patient_id' | 'doctor_id' | 'status'> & {
  own_id: string | undefined
  created_from: string | undefined
  created_before: string | undefined
}
type TimePage = { skip: number; limit: number; after: readonly [at: string, id: string] | undefined }

function matching(filter: PrescriptionFilter): Sql {
  const { patient_id, doctor_id, status, own_id, created_from, created_before } = filter
  return all([
    unlessOwnDraft(own_id),
    patient_id === undefined ? undefined : sql`p.patient_id = ${patient_id}`,
    doctor_id === undefined ? undefined : sql`p.doctor_id = ${doctor_id}`,
    status === undefined ? undefined : sql`p.status = ${status}`,
    created_from === undefined ? undefined : sql`p.created_at >= ${created_from}`,
    created_before === undefined ? undefined : sql`p.created_at < ${created_before}`,
  ])
}

export function listPrescriptions(
  filter: PrescriptionFilter,
  { skip, limit, after }: TimePage,
): Sql<StoredPrescription> {
  const beyond = after && sql`(p.created_at, p.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select ${columns} from ${source} where ${all([matching(filter), beyond])}
     order by p.created_at desc, p.id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countPrescriptions(filter: PrescriptionFilter): Sql<{ total: number }> {
  return countOf(sql`prescriptions p where ${matching(filter)}`)
}

/** Whose an appointment or a visit is, as far as the caller reaches it. */
export function findOccasion({
  appointment_id,
  visit_id,
}: {
  appointment_id: string | null
  visit_id: string | null
}): Sql<{ patient_id: string }> {
  return sql`
    select patient_id from appointments where id = ${appointment_id}::uuid
    union all select patient_id from openward.patient_of_visit(${visit_id}::uuid) as patient_id where patient_id is not null`
}

export type NewPrescription = {
  id: string
  day: string
  patient_id: string
  doctor_id: string
  appointment_id: string | null
  visit_id: string | null
  replaces_id: string | null
  key_id: string
  sealed_content: Buffer
}

/** Refused by prescriptions_one_an_appointment. */
export function insertPrescription(row: NewPrescription): Sql {
  return sql`
    insert into prescriptions (id, prescription_number, patient_id, doctor_id, appointment_id, visit_id, replaces_id, key_id, sealed_content)
    values (${row.id}, openward.next_number('prescription_numbers', 'RX', ${row.day}), ${row.patient_id}, ${row.doctor_id},
            ${row.appointment_id}, ${row.visit_id}, ${row.replaces_id}, ${row.key_id}, ${row.sealed_content})`
}

export function updateDraft(id: string, { key_id, sealed_content }: { key_id: string; sealed_content: Buffer }): Sql {
  return sql`
    update prescriptions set key_id = ${key_id}, sealed_content = ${sealed_content}, updated_at = now(), version = version + 1
     where id = ${id} and status = 'draft'`
}

export type Signed = {
  id: string
  key_id: string
  sealed_content: Buffer
  sealed_check: Buffer
  rule_set_version: string | null
  verification_code: string
  signing_key_id: string
  signature: Buffer
  signed_at: string
  expires_at: string
}

export function updateSigned(row: Signed): Sql {
  return sql`
    update prescriptions
       set status = 'signed', key_id = ${row.key_id}, sealed_content = ${row.sealed_content}, sealed_check = ${row.sealed_check},
           rule_set_version = ${row.rule_set_version}, verification_code = ${row.verification_code},
           signing_key_id = ${row.signing_key_id}, signature = ${row.signature}, signed_at = ${row.signed_at},
           expires_at = ${row.expires_at}, updated_at = now(), version = version + 1
     where id = ${row.id} and status = 'draft'`
}

export function updateDispensed(id: string, by: string | undefined): Sql {
  return sql`
    update prescriptions set status = 'dispensed', dispensed_at = now(), dispensed_by = ${by ?? null}, updated_at = now(), version = version + 1
     where id = ${id} and status = 'signed'`
}

/** `sealed_reason` with the key of the row. */
export function updateCancelled(id: string, by: string | undefined, sealed_reason: Buffer): Sql {
  return sql`
    update prescriptions
       set status = 'cancelled', cancelled_at = now(), cancelled_by = ${by ?? null}, sealed_cancel_reason = ${sealed_reason},
           updated_at = now(), version = version + 1
     where id = ${id} and status in ('draft', 'signed')`
}

/** As many as one transaction takes. */
export function expirePrescriptions(
  most: number,
): Sql<{ id: string; patient_id: string; doctor_id: string; version: number }> {
  return sql`
    with due as (
      select id from prescriptions where status = 'signed' and expires_at <= now()
       order by expires_at limit ${literal(most)} for update skip locked
    )
    update prescriptions p set status = 'expired', updated_at = now(), version = version + 1 from due where due.id = p.id
    returning p.id, p.patient_id, p.doctor_id, p.version`
}

/** What the patient may still be taking of other prescriptions: those in force that were signed within the longest course. */
export function listInForce(patient_id: string, other_than: string | null): Sql<StoredPrescription> {
  return sql`
    select ${columns} from ${source}
     where p.patient_id = ${patient_id} and p.id is distinct from ${other_than}::uuid and p.status in ('signed', 'dispensed', 'expired')
       and p.signed_at > now() - interval '2 years'
     order by p.signed_at desc, p.id desc limit ${literal(500)}`
}

export function findCurrentSigningKey(): Sql<SigningKey> {
  return sql`select id, public_key, kek_id, wrapped from signing_keys where purpose = 'prescription' and retired_at is null`
}

export function insertSigningKey({ id, public_key, kek_id, wrapped }: SigningKey): Sql {
  return sql`
    insert into signing_keys (id, purpose, public_key, kek_id, wrapped) values (${id}, 'prescription', ${public_key}, ${kek_id}, ${wrapped})
    on conflict do nothing`
}

/** The public half stays for what it has signed. */
export function retireSigningKeys(): Sql {
  return sql`update signing_keys set retired_at = now() where purpose = 'prescription' and retired_at is null`
}

export function findPublicKey(id: string | null): Sql<{ public_key: string }> {
  return sql`select public_key from signing_keys where id = ${id} and purpose = 'prescription'`
}

export type ToVerify = StoredKey & {
  id: string
  patient_id: string
  prescription_number: string
  doctor_id: string
  status: string
  is_over: boolean
  is_replaced: boolean
  sealed_content: Buffer
  signature: Buffer
  public_key: string
}

export function findToVerify(code: string): Sql<ToVerify> {
  return sql`select * from openward.prescription_to_verify(${code})`
}

export type Prescriber = {
  first_name: string
  last_name: string
  specialization: string
  license_number: string
  location: string
}

export function findPrescriber(doctor_id: string): Sql<Prescriber> {
  return sql`select first_name, last_name, specialization, license_number, location from doctors where id = ${doctor_id}`
}

export function isPatientRead(id: string): Sql<{ id: string }> {
  return sql`select id from patients where id = ${id} and merged_into is null and erased_at is null`
}
