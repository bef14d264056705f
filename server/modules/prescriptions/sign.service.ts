// Checking a draft, and signing it.
import { readLastWeight } from '#modules/assessments'
import { readChart } from '#modules/chart'
import { type Changeable, openCard, sealChanges } from '#modules/patients'
import { type Context, holds } from '#platform/context.ts'
import { forbidden, type InvalidMember, invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { localDay } from '#platform/local-day.ts'
import type { Check, CheckRequest, SignRequest } from './check.contract.ts'
import { checkMedicines, type Rules, type Subject } from './check.ts'
import { readCurrentMedicines } from './current-medicines.ts'
import { isPregnancy, mayBePregnant, yearsBetween } from './patient-facts.ts'
import { changePrescription, prescriberOf } from './prescribing.ts'
import { type Prescription, prescriptionBlocked } from './prescription.contract.ts'
import { assertOwnDraft } from './prescription.service.ts'
import { type Content, openContent, openKey, sealCheck, sealSigned, shownPrescription } from './prescription.sealing.ts'
import {
  findCurrentSigningKey,
  findPrescription,
  insertSigningKey,
  type StoredPrescription,
  updateSigned,
} from './prescription.store.ts'
import {
  canonical,
  newSigningKey,
  newVerificationCode,
  signContent,
  type SignedContent,
  type SigningKey,
} from './signing.ts'
import { weightOf } from './weight.ts'

/** A signed prescription is honoured for as long; most states of the United States allow a year. */
const validDays = 365

/** @throws Problem as the contract lists */
export async function checkDraft(
  ctx: Context,
  rules: Rules | undefined,
  id: string,
  facts: CheckRequest,
): Promise<Check> {
  const doctor_id = prescriberOf(ctx)
  return changePrescription(ctx, id, async (tx, stored, patient) => {
    assertOwnDraft(stored, doctor_id)
    ctx.saw({ resource_id: id, patient_id: stored.patient_id })
    const content = openContent(openKey(ctx.system.keys.keyring, stored), stored)
    return check(ctx, tx, rules, { stored, patient, content, facts })
  })
}

/** @throws Problem as the contract lists */
export async function signDraft(
  ctx: Context,
  rules: Rules | undefined,
  id: string,
  request: SignRequest,
): Promise<Prescription> {
  const doctor_id = prescriberOf(ctx)
  const { overrides, ...facts } = request
  const { keyring } = ctx.system.keys
  const signed = await changePrescription(ctx, id, async (tx, stored, patient) => {
    assertOwnDraft(stored, doctor_id)
    if (!rules && !ctx.actor.permissions.has('prescriptions:sign-unchecked'))
      throw new Problem(forbidden, {
        detail: 'There are no rules to check by: signing unchecked takes prescriptions:sign-unchecked',
      })
    const content = openContent(openKey(keyring, stored), stored)
    const found = await check(ctx, tx, rules, { stored, patient, content, facts })
    const judged = { ...found, findings: overridden(found.findings, overrides) }
    refuseBlocked(judged, stored.patient_id)
    const signing = await takeSigningKey(ctx, tx)
    const now = Temporal.Now.instant().round('millisecond')
    const text: SignedContent = {
      format: 'openward-prescription-1',
      prescription_id: id,
      prescription_number: stored.prescription_number,
      patient_id: stored.patient_id,
      doctor_id,
      signed_at: now.toString(),
      verification_code: newVerificationCode(),
      ...content,
    }
    const { key } = patient
    await tx.run(
      updateSigned({
        id,
        key_id: key.id,
        sealed_content: sealSigned(key, id, canonical(text)),
        sealed_check: sealCheck(key, id, judged),
        rule_set_version: judged.rule_set?.version ?? null,
        verification_code: text.verification_code,
        signing_key_id: signing.id,
        signature: signContent(keyring, signing, text),
        signed_at: text.signed_at,
        expires_at: now.add({ hours: 24 * validDays }).toString(),
      }),
    )
    tellSigned(tx, stored, patient, judged)
    return tx.one(findPrescription(id))
  })
  return shownPrescription(ctx, signed)
}

type Drafted = { stored: StoredPrescription; patient: Changeable; content: Content; facts: CheckRequest }

/** Under the lock of the patient: an allergy that is being recorded at this moment is waited for. */
async function check(
  ctx: Context,
  tx: Tx,
  rules: Rules | undefined,
  { stored, patient, content, facts }: Drafted,
): Promise<Check> {
  const { keyring } = ctx.system.keys
  // Who may not read assessments is not told what stands there.
  const isWeightSought = facts.weight_kg === undefined && holds(ctx.actor, 'assessments:read')
  const [chart, current, lastWeight] = await Promise.all([
    readChart(keyring, tx, stored.patient_id),
    readCurrentMedicines(keyring, tx, stored.patient_id, stored.id),
    isWeightSought ? readLastWeight(keyring, tx, stored.patient_id) : undefined,
  ])
  const now = Temporal.Now.instant()
  const { date_of_birth } = openCard(patient.key, patient.row.id, patient.row.sealed_card)
  const age_years =
    date_of_birth === null ? undefined : yearsBetween(date_of_birth, localDay(ctx.system.configuration.timezone))
  const { weight, has_outdated_weight } = weightOf(facts.weight_kg, lastWeight, age_years, now)
  const recorded = chart.conditions.some(isPregnancy)
  const subject: Subject = {
    age_years,
    weight_kg: weight?.weight_kg,
    has_outdated_weight,
    is_pregnant: recorded ? true : facts.is_pregnant,
    may_be_pregnant: mayBePregnant(patient.row.gender, age_years),
  }
  const allergies = chart.allergies.filter(({ status }) => status === 'active')
  return {
    ...checkMedicines(rules, { medicines: content.medicines, allergies, current, patient: subject }),
    checked_at: now.round('millisecond').toString(),
    weight,
  }
}

/** @throws Problem invalidRequest for what overrides nothing */
function overridden(findings: Check['findings'], overrides: SignRequest['overrides']): Check['findings'] {
  const reasons = new Map(overrides.map(({ key, reason }) => [key, reason]))
  const errors: InvalidMember[] = overrides.flatMap(({ key }, index) =>
    findings.some((finding) => finding.key === key)
      ? []
      : [
          {
            path: `/body/overrides/${index}/key`,
            code: 'unknown_finding',
            message: 'The check has no such finding: check again',
          },
        ],
  )
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  return findings.map((finding) => ({ ...finding, override_reason: reasons.get(finding.key) ?? null }))
}

/** The refusal holds what the rules say, and nothing that the record does. @throws Problem prescriptionBlocked */
function refuseBlocked({ findings }: Check, patient_id: string) {
  const blocking = findings.filter(({ severity, override_reason }) => severity === 'severe' && override_reason === null)
  if (blocking.length === 0) return
  throw new Problem(prescriptionBlocked, {
    findings: blocking.map(({ key, kind, severity, medicine_index, rule_id, source }) => ({
      key,
      kind,
      severity,
      medicine_index,
      rule_id,
      source,
    })),
  }).naming({ patient_id })
}

/** The first signature of all makes the key. */
async function takeSigningKey({ system: { keys } }: Context, tx: Tx): Promise<SigningKey> {
  const known = await tx.first(findCurrentSigningKey())
  if (known) return known
  await tx.run(insertSigningKey(newSigningKey(keys.keyring)))
  return tx.one(findCurrentSigningKey())
}

function tellSigned(
  tx: Tx,
  stored: StoredPrescription,
  { key }: Changeable,
  { findings, not_checked, rule_set, status }: Check,
) {
  const { id, patient_id, doctor_id, version } = stored
  const about = { resource_type: 'prescription', resource_id: id, patient_id }
  const overrides = findings.filter(({ override_reason }) => override_reason !== null)
  tx.audit({
    ...about,
    action: 'prescription.sign',
    details: {
      check: status,
      rule_set: rule_set?.version ?? null,
      rules: findings.map(({ rule_id }) => rule_id),
      not_checked: not_checked.length,
      overrides: overrides.length,
    },
  })
  for (const { rule_id, override_reason: reason } of overrides)
    tx.audit({
      ...about,
      action: 'prescription.override',
      details: { rule: rule_id, rule_set: rule_set?.version ?? null },
      changes: sealChanges<{ reason: string | null }>(key, ['reason'], {}, { reason }),
    })
  tx.emit({
    type: 'prescription.signed',
    subject_type: 'prescription',
    subject_id: id,
    patient_id,
    payload: { doctor_id, version: version + 1 },
  })
}
