// Every statement about insurances and the tokens that keep their policy numbers unique.
import type { Insurance } from './insurance.contract.ts'
import type { SealedBy } from './patient.sealing.ts'
import { all, literal, skipped, type Sql, sql } from '#platform/database/sql.ts'
import type { Token } from '#platform/encryption/tokens.ts'

type Open = Omit<Insurance, 'policy_number' | 'group_number' | 'policy_holder_name' | 'coverage_percentage'>
/** `coverage_percentage` as the database writes it. */
export type InsuranceRow = SealedBy & Open & { sealed_policy: Buffer; coverage_percentage: string | null }

const columns = sql`i.id, i.patient_id, i.key_id, k.kek_id, k.wrapped, i.sealed_policy, i.provider_name, i.relationship_to_patient,
                    i.coverage_start_date, i.coverage_end_date, i.copay_amount, i.coverage_percentage, i.max_coverage, i.currency,
                    i.is_active, i.verification_status, i.created_at, i.updated_at, i.version`

export function listInsurances(
  patient_id: string,
  { skip, limit, before }: { skip: number; limit: number; before: string | undefined },
): Sql<InsuranceRow> {
  const beyond = before === undefined ? undefined : sql`i.id < ${before}`
  return sql`
    select ${columns} from insurances i join patient_keys k on k.id = i.key_id
     where ${all([sql`i.patient_id = ${patient_id}`, beyond])}
     order by i.id desc limit ${literal(limit)} offset ${skipped(before ? 0 : skip)}`
}

export function countInsurances(patient_id: string): Sql<{ total: number }> {
  return sql`select count(*)::int as total from insurances where patient_id = ${patient_id}`
}

export function findInsurance(patient_id: string, id: string): Sql<InsuranceRow> {
  return sql`select ${columns} from insurances i join patient_keys k on k.id = i.key_id where i.id = ${id} and i.patient_id = ${patient_id}`
}

export type WrittenInsurance = { id: string; patient_id: string; key_id: string; sealed_policy: Buffer } & Pick<
  Insurance,
  | 'provider_name'
  | 'relationship_to_patient'
  | 'coverage_start_date'
  | 'coverage_end_date'
  | 'copay_amount'
  | 'coverage_percentage'
  | 'max_coverage'
  | 'currency'
  | 'is_active'
>

export function insertInsurance(row: WrittenInsurance): Sql {
  return sql`
    insert into insurances (id, patient_id, key_id, sealed_policy, provider_name, relationship_to_patient, coverage_start_date,
                            coverage_end_date, copay_amount, coverage_percentage, max_coverage, currency, is_active)
    values (${row.id}, ${row.patient_id}, ${row.key_id}, ${row.sealed_policy}, ${row.provider_name}, ${row.relationship_to_patient},
            ${row.coverage_start_date}, ${row.coverage_end_date}, ${row.copay_amount}, ${row.coverage_percentage}, ${row.max_coverage},
            ${row.currency}, ${row.is_active})`
}

export function updateInsurance(row: WrittenInsurance): Sql {
  return sql`
    update insurances
       set key_id = ${row.key_id}, sealed_policy = ${row.sealed_policy}, provider_name = ${row.provider_name},
           relationship_to_patient = ${row.relationship_to_patient}, coverage_start_date = ${row.coverage_start_date},
           coverage_end_date = ${row.coverage_end_date}, copay_amount = ${row.copay_amount},
           coverage_percentage = ${row.coverage_percentage}, max_coverage = ${row.max_coverage}, currency = ${row.currency},
           is_active = ${row.is_active}, verification_status = 'PENDING', updated_at = now(), version = version + 1
     where id = ${row.id}`
}

export function setVerification(id: string, status: Insurance['verification_status']): Sql {
  return sql`update insurances set verification_status = ${status}, updated_at = now(), version = version + 1 where id = ${id}`
}

/** Its tokens go with it. */
export function deleteInsurance(id: string): Sql {
  return sql`delete from insurances where id = ${id}`
}

export function deletePolicyTokens(insurance_id: string): Sql {
  return sql`delete from insurance_tokens where insurance_id = ${insurance_id}`
}

/** Refused by insurance_tokens_unique_policy. */
export function insertPolicyTokens(patient_id: string, insurance_id: string, tokens: readonly Token[]): Sql {
  return sql`
    insert into insurance_tokens (patient_id, insurance_id, key_version, token)
    select ${patient_id}, ${insurance_id}, * from unnest(${tokens.map(({ key_version }) => key_version)}::int[], ${tokens.map(({ token }) => token)}::bytea[])`
}
