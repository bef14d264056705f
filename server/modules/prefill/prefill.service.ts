// What a form may begin with: what is known and still true, each value with where it comes from.
import { type Context, holds } from '#platform/context.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { listAllergies, listConditions } from '#modules/chart'
import { readVitalSigns } from '#modules/assessments'
import { listEmergencyContacts, listPatientInsurances } from '#modules/patients'
import { listCurrentMedicines } from '#modules/prescriptions'
import type { AssessmentKind } from '../assessments/assessment-record.contract.ts'
import type { Prefill } from './prefill.contract.ts'
import { findVisitPatient } from './prefill.store.ts'

type Item = Prefill['items'][number]
const page = { skip: 0, limit: 100 }
const nothing = { items: [] }
/** Looked through for the last height and weight. */
const measurements = { skip: 0, limit: 50 }

/** @throws Problem notFound, patientErased, patientMerged */
export async function prefillForm(ctx: Context, visit_id: string, kind: AssessmentKind): Promise<Prefill> {
  const visit = await ctx.database.once((tx) => tx.first(findVisitPatient(visit_id)))
  if (!visit) throw new Problem(notFound)
  const { patient_id } = visit
  const [seesChart, seesRecord] = [holds(ctx.actor, 'chart:read'), holds(ctx.actor, 'patients:read')]
  const [signs, allergies, conditions, medicines, insurances, contacts] = await Promise.all([
    readVitalSigns(ctx, patient_id, measurements),
    seesChart ? listAllergies(ctx, patient_id, page) : nothing,
    seesChart ? listConditions(ctx, patient_id, page) : nothing,
    listCurrentMedicines(ctx, patient_id),
    seesRecord ? listPatientInsurances(ctx, patient_id, page) : nothing,
    seesRecord ? listEmergencyContacts(ctx, patient_id, page) : nothing,
  ])
  const items: Item[] = [
    ...(kind === 'nursing' ? measured(signs.items) : []),
    ...allergies.items
      .filter(({ status }) => status === 'active')
      .map(({ id, updated_at: at, substance, reaction, severity }) =>
        item('allergies', { substance, reaction, severity }, { type: 'allergy', id, at }),
      ),
    ...conditions.items
      .filter(({ clinical_status }) => clinical_status !== 'resolved')
      .map(({ id, updated_at: at, text, icd10_code }) =>
        item('conditions', { text, icd10_code }, { type: 'condition', id, at }),
      ),
    ...medicines.map(({ prescription_id: id, signed_at: at, name, code, dosage, route, frequency }) =>
      item('current_medicines', { name, code, dosage, route, frequency }, { type: 'prescription', id, at }),
    ),
    ...insurances.items.map(({ id, updated_at: at, provider_name }) =>
      item('insurance', { provider_name }, { type: 'insurance', id, at }),
    ),
    ...contacts.items.map(({ id, updated_at: at, name, relationship, phone }) =>
      item('emergency_contact', { name, relationship, phone }, { type: 'emergency_contact', id, at }),
    ),
  ]
  ctx.saw({ patient_id, details: { count: items.length } })
  return { items }
}

const item = (field: string, value: unknown, source: Item['source']): Item => ({ field, value, source })

/** Height and weight as they were last measured; of the rest, what was taken last. */
function measured(items: Awaited<ReturnType<typeof readVitalSigns>>['items']): Item[] {
  const lasting = ['height_cm', 'weight_kg', 'has_hypercapnic_target'] as const
  const kept = lasting.flatMap((name) => {
    const found = items.find((one) => (one[name] ?? null) !== null)
    return found ? [item(`vital_signs.${name}`, found[name], sourceOf(found))] : []
  })
  const [last] = items
  if (!last) return kept
  const {
    assessment_id: _a,
    visit_id: _v,
    taken_at: _t,
    bmi: _b,
    mean_arterial_pressure: _m,
    news2_score,
    ...signs
  } = last
  const value = { ...signs, news2_score }
  return [...kept, item('last_vital_signs', value, sourceOf(last))]
}

const sourceOf = ({ assessment_id: id, taken_at: at }: { assessment_id: string; taken_at: string }) => ({
  type: 'assessment',
  id,
  at,
})
