// Every statement about the patient record itself.
import type { Patient } from './patient.contract.ts'
import type { PatientToken, PatientTokenKind } from './patient-tokens.ts'
import type { PatientRecord, SealedBy, SealedPatient } from './patient.sealing.ts'
import type { Actor, Reach } from '#platform/context.ts'
import { certain } from '#platform/certain.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { StoredDataKey } from '#platform/encryption/data-key.ts'

type Open = Pick<PatientRecord, 'gender' | 'blood_type' | 'marital_status' | 'occupation' | 'preferred_language'>

export type PatientRow = SealedBy &
  SealedPatient &
  Open &
  Pick<
    Patient,
    | 'id'
    | 'patient_number'
    | 'photo_document_id'
    | 'is_complete'
    | 'is_active'
    | 'registered_date'
    | 'created_at'
    | 'updated_at'
    | 'created_by'
    | 'version'
  > & { merged_into: string | null; erased_at: string | null }

/** `merged_into`: the record as a whole, over several merges. `through_glass`: emergency access is the only reason why the actor sees this row. */
export type ReadPatientRow = PatientRow & { through_glass: boolean }

type AskedPatient = { id: string; reach: Reach; actor: Actor }

/** The record with its key. A photo that was deleted, or went with another record when a merge was undone, is none. */
export function findPatient(id: string, reach: Reach, actor: Actor): Sql<ReadPatientRow & { at: number }> {
  return findPatients([{ id, reach, actor }])
}

/** Records that requests of one scope ask for, who therefore ask alike. Written out, since nested fragments would be put together at every call. */
export function findPatients(asked: readonly AskedPatient[]): Sql<ReadPatientRow & { at: number }> {
  const { reach, actor } = certain(asked[0], 'somebody who asks')
  const { department_id, doctor_id, patient_id } = actor
  return sql`
    select asked.at::int, p.id, p.patient_number, p.key_id, k.kek_id, k.wrapped, p.sealed_card, p.sealed_contact, p.sealed_identifiers,
           p.gender, p.blood_type, p.marital_status, p.occupation, p.preferred_language,
           case when p.photo_document_id is null then null
                else (select d.id from documents d
                       where d.id = p.photo_document_id and d.patient_id = openward.whole_record(p.id) and d.deleted_at is null) end as photo_document_id,
           p.is_complete, p.is_active, p.erased_at,
           case when p.merged_into is null then null else openward.whole_record(p.id) end as merged_into, p.registered_date, p.created_at, p.updated_at, p.created_by, p.version,
           ${reach.includes('glass')}::boolean
             and case when p.merged_into is null then p.id else openward.whole_record(p.id) end is distinct from ${patient_id ?? null}::uuid
             and not exists (select from care_relationships c
                              where c.patient_id = case when p.merged_into is null then p.id else openward.whole_record(p.id) end
                              and (c.department_id = ${department_id ?? null}::uuid or c.doctor_id = ${doctor_id ?? null}::uuid)) as through_glass
      from unnest(${asked.map(({ id }) => id)}::uuid[]) with ordinality as asked(id, at)
      join patients p on p.id = asked.id join patient_keys k on k.id = p.key_id`
}

/**
 * As `findPatient`, and nobody else changes it before this transaction ends. Locked first and read by a statement of its own: one
 * that has to wait finds the patient as they are by then, but joins the key that they had before.
 */
export async function lockPatient(tx: Tx, id: string, reach: Reach, actor: Actor): Promise<ReadPatientRow | undefined> {
  const [, row] = await Promise.all([
    tx.run(sql`select from patients where id = ${id} for update`),
    tx.first(findPatient(id, reach, actor)),
  ])
  return row
}

export type NewPatientRow = {
  id: string
  key: StoredDataKey
  sealed: SealedPatient
  record: PatientRecord
  is_complete: boolean
  tokens: readonly PatientToken[]
  /** The hospital's local day. */
  today: string
  created_by: string
  /** Whose care the person is in by being registered. */
  department_id: string | undefined
  doctor_id: string | undefined
}

export type InsertedPatient = Pick<PatientRow, 'patient_number' | 'created_at'>

/**
 * Whole registrations in one statement. Refused by patient_tokens_unique_identifier, all of them, for a known ssn or national id.
 * Tokens in one order, so that two servers that register the same people wait for each other and never deadlock.
 */
export function insertPatients(rows: readonly NewPatientRow[]): Sql<InsertedPatient & { at: number }> {
  const column = <T>(pick: (row: NewPatientRow) => T) => rows.map(pick)
  const tokens = rows
    .flatMap(({ id, tokens: own }) => own.map((token) => ({ id, ...token })))
    .toSorted((one, other) => Buffer.compare(one.token, other.token))
  return sql`
    with new as materialized (
      select * from unnest(${column(({ id }) => id)}::uuid[], ${column(({ key }) => key.id)}::uuid[], ${column(({ key }) => key.kek_id)}::text[],
                           ${column(({ key }) => key.wrapped)}::bytea[], ${column(({ sealed }) => sealed.sealed_card)}::bytea[],
                           ${column(({ sealed }) => sealed.sealed_contact)}::bytea[], ${column(({ sealed }) => sealed.sealed_identifiers)}::bytea[],
                           ${column(({ record }) => record.gender)}::text[], ${column(({ record }) => record.blood_type)}::text[],
                           ${column(({ record }) => record.marital_status)}::text[], ${column(({ record }) => record.occupation)}::text[],
                           ${column(({ record }) => record.preferred_language)}::text[], ${column(({ is_complete }) => is_complete)}::boolean[],
                           ${column(({ today }) => today)}::date[], ${column(({ created_by }) => created_by)}::uuid[],
                           ${column(({ department_id }) => department_id ?? null)}::uuid[], ${column(({ doctor_id }) => doctor_id ?? null)}::uuid[])
             with ordinality as n(id, key_id, kek_id, wrapped, card, contact, identifiers, gender, blood_type, marital_status, occupation,
                                  preferred_language, is_complete, today, created_by, department_id, doctor_id, at)
    ), key as (
      insert into patient_keys (id, patient_id, kek_id, wrapped) select key_id, id, kek_id, wrapped from new
    ), patient as (
      insert into patients (id, patient_number, key_id, sealed_card, sealed_contact, sealed_identifiers, gender, blood_type,
                            marital_status, occupation, preferred_language, is_complete, registered_date, created_by)
      select id, openward.next_number('patient_numbers', 'PT', today), key_id, card, contact, identifiers, gender, blood_type,
             marital_status, occupation, preferred_language, is_complete, today, created_by
        from new order by at
      returning id, patient_number, created_at
    ), token as (
      insert into patient_tokens (patient_id, kind, key_version, token)
      select * from unnest(${tokens.map(({ id }) => id)}::uuid[], ${tokens.map(({ kind }) => kind)}::text[],
                           ${tokens.map(({ key_version }) => key_version)}::int[], ${tokens.map(({ token }) => token)}::bytea[])
    ), care as (
      insert into care_relationships (patient_id, department_id, doctor_id, origin, origin_id)
      select id, department_id, doctor_id, 'registration', id from new where department_id is not null or doctor_id is not null
    )
    select new.at::int, patient.patient_number, patient.created_at from patient join new using (id)`
}

export type ChangedPatient = {
  id: string
  sealed: SealedPatient
  record: PatientRecord & Pick<Patient, 'photo_document_id'>
  is_complete: boolean
}
export type Stamp = Pick<PatientRow, 'updated_at' | 'version'>

export function updatePatient({ id, sealed, record, is_complete }: ChangedPatient): Sql<Stamp> {
  return sql`
    update patients
       set sealed_card = ${sealed.sealed_card}, sealed_contact = ${sealed.sealed_contact}, sealed_identifiers = ${sealed.sealed_identifiers},
           gender = ${record.gender}, blood_type = ${record.blood_type}, marital_status = ${record.marital_status},
           occupation = ${record.occupation}, preferred_language = ${record.preferred_language},
           photo_document_id = ${record.photo_document_id}, is_complete = ${is_complete},
           updated_at = now(), version = version + 1
     where id = ${id} returning updated_at, version`
}

export function setPatientActive(id: string, is_active: boolean): Sql<Stamp> {
  return sql`update patients set is_active = ${is_active}, updated_at = now(), version = version + 1 where id = ${id} returning updated_at, version`
}

export function deletePatientTokens(id: string, kinds: readonly PatientTokenKind[]): Sql {
  return sql`delete from patient_tokens where patient_id = ${id} and kind = any(${kinds}::text[])`
}

/** Refused by patient_tokens_unique_identifier for an ssn or national id of someone else. */
export function insertPatientTokens(id: string, tokens: readonly PatientToken[]): Sql {
  return sql`
    insert into patient_tokens (patient_id, kind, key_version, token)
    select ${id}, * from unnest(${tokens.map(({ kind }) => kind)}::text[], ${tokens.map(({ key_version }) => key_version)}::int[],
                                ${tokens.map(({ token }) => token)}::bytea[])`
}
