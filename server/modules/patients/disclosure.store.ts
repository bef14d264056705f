import type { Disclosure } from './disclosure.contract.ts'
import type { SealedBy } from './patient.sealing.ts'
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'

export type DisclosureRow = SealedBy &
  Pick<
    Disclosure,
    'id' | 'patient_id' | 'disclosed_at' | 'kind' | 'recorded_by' | 'recorded_at' | 'suspended_until'
  > & {
    sealed_disclosure: Buffer
  }

const columns = sql`d.id, d.patient_id, d.disclosed_at, d.kind, d.recorded_by, d.recorded_at, d.suspended_until, d.sealed_disclosure,
                    d.key_id, k.kek_id, k.wrapped`

/**
 * For the patient's view of the log: an entry about a disclosure that an authority has asked to keep back would tell that there is one.
 * `resource_id` is that of the entry.
 */
export const isToldToPatient: Sql = sql`
  not exists (select from disclosures where disclosures.id = resource_id and disclosures.suspended_until > now())`

/** `own`: what the patient is not told yet is left out. */
const shownOf = (patient_id: string, own: boolean) =>
  sql`d.patient_id = ${patient_id} and (not ${own}::boolean or d.suspended_until is null or d.suspended_until <= now())`

type TimePage = { skip: number; limit: number; after: readonly [at: string, id: string] | undefined }

export function listDisclosures(
  patient_id: string,
  own: boolean,
  { skip, limit, after }: TimePage,
): Sql<DisclosureRow> {
  const beyond = after && sql`(d.disclosed_at, d.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`
  return sql`
    select ${columns} from disclosures d join patient_keys k on k.id = d.key_id
     where ${all([shownOf(patient_id, own), beyond])}
     order by d.disclosed_at desc, d.id desc limit ${literal(limit)} offset ${skipped(after ? 0 : skip)}`
}

export function countDisclosures(patient_id: string, own: boolean): Sql<{ total: number }> {
  return sql`select count(*)::int as total from disclosures d where ${shownOf(patient_id, own)}`
}

export function findDisclosure(patient_id: string, id: string): Sql<DisclosureRow> {
  return sql`
    select ${columns} from disclosures d join patient_keys k on k.id = d.key_id
     where d.id = ${id} and d.patient_id = ${patient_id} for no key update of d`
}

export type WrittenDisclosure = Pick<Disclosure, 'id' | 'patient_id' | 'disclosed_at' | 'kind' | 'recorded_by'> & {
  key_id: string
  sealed_disclosure: Buffer
}

export function insertDisclosure(row: WrittenDisclosure): Sql<{ recorded_at: string }> {
  return sql`
    insert into disclosures (id, patient_id, disclosed_at, kind, recorded_by, key_id, sealed_disclosure)
    values (${row.id}, ${row.patient_id}, ${row.disclosed_at}, ${row.kind}, ${row.recorded_by}, ${row.key_id}, ${row.sealed_disclosure})
    returning recorded_at`
}

export function updateSuspension(id: string, suspended_until: string | null): Sql {
  return sql`update disclosures set suspended_until = ${suspended_until} where id = ${id}`
}
