// Adding, changing, verifying and removing insurances.
import { randomUUIDv7 } from 'node:crypto'
import { type Changeable, isOwnRecord, lockChangeable, readOfPatient, sealChanges } from './changeable.ts'
import { identifierMatchValue } from './identifiers.ts'
import { duplicatePolicy, type Insurance, type NewInsurance } from './insurance.contract.ts'
import {
  countInsurances,
  deleteInsurance,
  deletePolicyTokens,
  findInsurance,
  insertInsurance,
  insertPolicyTokens,
  type InsuranceRow,
  listInsurances,
  setVerification,
  updateInsurance,
  type WrittenInsurance,
} from './insurance.store.ts'
import { contactDetailsOnly } from './patient.contract.ts'
import { openKeyOf } from './patient.sealing.ts'
import type { Context } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { notFound, Problem, stale } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'

type Policy = Pick<Insurance, 'policy_number' | 'group_number' | 'policy_holder_name'>
const place = (row_id: string) => ({ table: 'insurances', column: 'sealed_policy', row_id })
const stamps: ReadonlySet<string> = new Set(['id', 'patient_id', 'created_at', 'updated_at', 'version'])

/** @throws Problem notFound, patientErased */
export async function listPatientInsurances(
  ctx: Context,
  patient_id: string,
  { skip, limit, cursor }: { skip: number; limit: number; cursor?: string | undefined },
) {
  const page = { skip, limit: limit + 1, before: decodeCursor(cursor) }
  const [rows, { total }] = await readOfPatient(ctx, patient_id, (tx) =>
    Promise.all([tx.rows(listInsurances(patient_id, page)), tx.one(countInsurances(patient_id))]),
  )
  const items = rows.slice(0, limit).map((row) => answer(ctx.system.keys.keyring, row))
  ctx.saw({ details: { count: items.length } })
  const next_cursor = encodeCursor(rows.length > limit ? items.at(-1)?.id : undefined)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/** @throws Problem as the contract lists */
export async function addInsurance(ctx: Context, patient_id: string, body: NewInsurance): Promise<Insurance> {
  refuseOwn(ctx, patient_id)
  const id = randomUUIDv7()
  const insurance = await ctx.database.transaction(async (tx) => {
    const patient = await lockChangeable(ctx, tx, patient_id)
    await tx.run(insertInsurance(written(patient.key, patient_id, id, body)))
    await tokenise(ctx, tx, patient_id, id, body.policy_number)
    return finish(ctx, tx, patient, 'create', id, undefined)
  })
  ctx.header('location', `/api/v1/patients/${patient_id}/insurances/${id}`)
  return insurance
}

/** What is replaced must be verified again. @throws Problem as the contract lists */
export async function replaceInsurance(
  ctx: Context,
  patient_id: string,
  id: string,
  body: NewInsurance,
): Promise<Insurance> {
  return change(ctx, patient_id, id, 'update', async (tx, { key }) => {
    await tx.run(updateInsurance(written(key, patient_id, id, body)))
    await tx.run(deletePolicyTokens(id))
    await tokenise(ctx, tx, patient_id, id, body.policy_number)
  })
}

/** @throws Problem as the contract lists */
export async function verifyInsurance(
  ctx: Context,
  patient_id: string,
  id: string,
  status: Insurance['verification_status'],
): Promise<Insurance> {
  return change(ctx, patient_id, id, 'verify', async (tx) => void (await tx.run(setVerification(id, status))))
}

/** @throws Problem as the contract lists */
export async function removeInsurance(ctx: Context, patient_id: string, id: string): Promise<void> {
  refuseOwn(ctx, patient_id)
  await ctx.database.transaction(async (tx) => {
    const { key, purpose } = await lockChangeable(ctx, tx, patient_id)
    const before = await readCurrent(ctx, tx, patient_id, id)
    await tx.run(deleteInsurance(id))
    const changes = sealChanges(key, fieldsOf(before), before, {})
    tx.audit({ action: 'insurance.delete', resource_type: 'insurance', resource_id: id, patient_id, purpose, changes })
  })
}

async function change(
  ctx: Context,
  patient_id: string,
  id: string,
  verb: 'update' | 'verify',
  work: (tx: Tx, patient: Changeable) => Promise<void>,
) {
  refuseOwn(ctx, patient_id)
  return ctx.database.transaction(async (tx) => {
    const patient = await lockChangeable(ctx, tx, patient_id)
    const before = await readCurrent(ctx, tx, patient_id, id)
    await work(tx, patient)
    return finish(ctx, tx, patient, verb, id, before)
  })
}

/** The insurance as it is now, with the audit entry of how it came to be so. */
async function finish(
  ctx: Context,
  tx: Tx,
  { row, key, purpose }: Changeable,
  verb: string,
  id: string,
  before: Insurance | undefined,
) {
  const after = answer(ctx.system.keys.keyring, await tx.one(findInsurance(row.id, id)))
  const fields = fieldsOf(after).filter((name) => before === undefined || before[name] !== after[name])
  const changes = fields.length > 0 ? sealChanges(key, fields, before ?? {}, after) : undefined
  tx.audit({
    action: `insurance.${verb}`,
    resource_type: 'insurance',
    resource_id: id,
    patient_id: row.id,
    purpose,
    details: { fields },
    changes,
  })
  return after
}

async function readCurrent(ctx: Context, tx: Tx, patient_id: string, id: string): Promise<Insurance> {
  const row = await tx.first(findInsurance(patient_id, id))
  if (!row) throw new Problem(notFound)
  if (ctx.if_match !== undefined && ctx.if_match !== row.version) throw new Problem(stale)
  return answer(ctx.system.keys.keyring, row)
}

async function tokenise(ctx: Context, tx: Tx, patient_id: string, id: string, policy_number: string) {
  const tokens = ctx.system.keys.tokenizer('insurances').tokens('policy_number', identifierMatchValue(policy_number))
  await tx
    .run(insertPolicyTokens(patient_id, id, tokens))
    .catch(violating({ insurance_tokens_unique_policy: duplicatePolicy }))
}

function written(key: DataKey, patient_id: string, id: string, body: NewInsurance): WrittenInsurance {
  const { policy_number, group_number = null, policy_holder_name = null, ...open } = body
  const policy: Policy = { policy_number, group_number, policy_holder_name }
  return {
    id,
    patient_id,
    key_id: key.id,
    sealed_policy: sealJson(key, place(id), policy),
    provider_name: open.provider_name,
    relationship_to_patient: open.relationship_to_patient ?? null,
    coverage_start_date: open.coverage_start_date,
    coverage_end_date: open.coverage_end_date ?? null,
    copay_amount: open.copay_amount ?? null,
    coverage_percentage: open.coverage_percentage ?? null,
    max_coverage: open.max_coverage ?? null,
    currency: open.currency,
    is_active: open.is_active,
  }
}

function answer(keyring: Keyring, row: InsuranceRow): Insurance {
  const { policy_number, group_number, policy_holder_name } = openJson<Policy>(
    openKeyOf(keyring, row),
    place(row.id),
    row.sealed_policy,
  )
  return {
    id: row.id,
    patient_id: row.patient_id,
    provider_name: row.provider_name,
    policy_number,
    group_number,
    policy_holder_name,
    relationship_to_patient: row.relationship_to_patient,
    coverage_start_date: row.coverage_start_date,
    coverage_end_date: row.coverage_end_date,
    copay_amount: row.copay_amount,
    coverage_percentage: row.coverage_percentage === null ? null : Number(row.coverage_percentage),
    max_coverage: row.max_coverage,
    currency: row.currency,
    is_active: row.is_active,
    verification_status: row.verification_status,
    created_at: row.created_at,
    updated_at: row.updated_at,
    version: row.version,
  }
}

function fieldsOf(insurance: Insurance): (keyof Insurance)[] {
  return (Object.keys(insurance) as (keyof Insurance)[]).filter((name) => !stamps.has(name))
}

/** Who pays is for the reception to settle. */
function refuseOwn(ctx: Context, patient_id: string) {
  if (isOwnRecord(ctx, patient_id)) throw new Problem(contactDetailsOnly)
}
