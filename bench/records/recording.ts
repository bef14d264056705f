// Records what a former system knew of one person: visits with their vital signs, allergies, then prescriptions.
import { Problem } from '#platform/contract/problem.ts'
import { assessmentApi, nursingApi } from '../../server/modules/assessments/assessment.contract.ts'
import { allergyApi } from '../../server/modules/chart/allergy.contract.ts'
import { prescriptionApi, prescriptionEnded } from '../../server/modules/prescriptions/prescription.contract.ts'
import { prescriptionNotDraft } from '../../server/modules/prescriptions/prescription.contract.ts'
import { visitApi, visitOpen, visitTransition } from '../../server/modules/visits/visit.contract.ts'
import type { Row } from './material.ts'
import type { Outcome, Report } from './outcomes.ts'
import { overrideReason, toPrescription } from './prescriptions.ts'
import { isProblem, unless } from './connection.ts'
import type { Staff } from './staff.ts'
import { type Encounter, isSameIndex, type Sign, type Taken, toEncounters, toForm } from './vitals.ts'

export type Person = {
  patient_id: string
  vitals: Row[]
  allergies: Row[]
  medication_requests: Row[]
  encounters: Row[]
}
type Told = Pick<Outcome, 'outcome' | 'code' | 'sentence'>

const types: Readonly<Record<string, 'outpatient' | 'inpatient' | 'emergency'>> = {
  IMP: 'inpatient',
  EMER: 'emergency',
}

const steps = ['triaged', 'in_progress', 'completed'] as const

/** One after the other: a person has one open visit in a department, and each prescription is checked against those before. */
export async function recordPerson(staff: Staff, digest: string, person: Person, report: Report): Promise<void> {
  const visits = new Map<string, string>()
  for (const encounter of toEncounters(person.vitals)) {
    const known = encounter.rows.map((row) => report.find('vitals', row))
    if (known.some((outcome) => !outcome)) report.write(await recordEncounter(staff, digest, person, encounter))
    const visit_id = encounter.rows.map((row) => report.find('vitals', row)?.visit_id).find((id) => id !== undefined)
    if (visit_id !== undefined) visits.set(encounter.at, visit_id)
  }
  for (const row of person.allergies)
    if (!report.find('allergies', row.row)) report.write([await recordAllergy(staff, digest, person, row)])
  const requests = person.medication_requests.toSorted((one, other) => time(one) - time(other))
  for (const row of requests)
    if (!report.find('medication_requests', row.row))
      report.write([await prescribe(staff, digest, person, row, visits.get(row.fields['authored'] ?? ''))])
}

const time = ({ fields }: Row) => Date.parse(fields['authored'] ?? '')

/** The same row makes the same thing once, though the run that made it was killed before it could tell. */
const once = (digest: string, ...what: (string | number)[]) => ({
  'idempotency-key': `${digest.slice(0, 16)}/${what.join('/')}`,
})

/** @throws what is no refusal of this row: then the run ends, and a later one goes on */
function told(error: unknown): Told {
  if (!(error instanceof Problem) || error.kind.status >= 500 || [401, 429].includes(error.kind.status)) throw error
  const { kind, members } = error
  const wrong = (members.errors ?? []).map(({ path, message }) => `${path}: ${message}`)
  return { outcome: 'refused', code: kind.code, sentence: [members.detail ?? kind.title, ...wrong].join('; ') }
}

async function recordEncounter(staff: Staff, digest: string, person: Person, encounter: Encounter): Promise<Outcome[]> {
  const { at, taken, refused, rows } = encounter
  const [first = 0] = rows
  if (taken.length === 0) return refused
  try {
    const visit_id = await openVisit(staff, digest, person, at, first)
    const outcomes = [...refused]
    for (const [index, one] of taken.entries())
      outcomes.push(...(await assess(staff, once(digest, 'assessment', first, index), visit_id, at, one)))
    await complete(staff, visit_id)
    return outcomes
  } catch (error) {
    const why = told(error)
    return rows.map((row) => ({ file: 'vitals', row, ...why }))
  }
}

/** From wherever a run before this one came to. */
async function complete({ nurse }: Staff, visit_id: string) {
  const params = { visit_id }
  const put = (status: (typeof steps)[number]) => nurse(visitApi.setStatus, { params, body: { status } })
  const { status } = (await unless(visitTransition, put('triaged'))) ?? (await nurse(visitApi.get, { params }))
  for (const step of steps.slice(steps.findIndex((one) => one === status) + 1)) await put(step)
}

async function openVisit({ nurse, doctor_id }: Staff, digest: string, person: Person, at: string, first: number) {
  const { class: kind = '', type = 'Visit' } =
    person.encounters.find(({ fields }) => fields['start'] === at)?.fields ?? {}
  const body = {
    patient_id: person.patient_id,
    doctor_id,
    type: types[kind] ?? ('outpatient' as const),
    // A visit opens now: when it was stands in its words, and in the time of its vital signs.
    chief_complaint: `${type}, ${at.slice(0, 10)}`,
  }
  const opened = nurse(visitApi.open, { body }, once(digest, 'visit', first)).then(({ id }) => id)
  return opened.catch((error: unknown) => {
    if (isProblem(error, visitOpen)) return String(error.members['visit_id'])
    throw error
  })
}

async function assess(
  { nurse }: Staff,
  key: Record<string, string>,
  visit_id: string,
  at: string,
  { signs, bmi }: Taken,
): Promise<Outcome[]> {
  const params = { visit_id }
  const file = 'vitals' as const
  const begin = (some: readonly Sign[]) => nurse(nursingApi.create, { params, body: toForm(at, some) }, key)
  try {
    const { id } = await begin(signs)
    const { derived } = await nurse(assessmentApi.finalize, { params: { assessment_id: id }, body: {} }, key)
    const done = { file, outcome: 'done' as const, id, visit_id }
    return [
      ...signs.map(({ row, is_unit_taken }) => ({
        ...done,
        row,
        ...(is_unit_taken ? { note: 'no unit in the file: recorded as mm[Hg]' } : {}),
      })),
      ...bmi.map(({ row, value }): Outcome => {
        if (isSameIndex(derived?.bmi ?? null, value)) return { ...done, row, note: 'computed from height and weight' }
        const sentence = 'What is computed from height and weight is another body mass index'
        return { file, row, outcome: 'refused', code: 'bmi_differs', sentence, visit_id }
      }),
    ]
  } catch (error) {
    const why = told(error)
    const wrong = error instanceof Problem ? (error.members.errors ?? []) : []
    const out = signs.filter(({ field }) => wrong.some(({ path }) => path.endsWith(`/${field}`)))
    const rest = signs.filter((sign) => !out.includes(sign))
    const refuse = (rows: readonly { row: number }[]) => rows.map(({ row }): Outcome => ({ file, row, ...why }))
    if (out.length === 0) return [...refuse(signs), ...refuse(bmi)]
    // One value that is refused does not take the others with it.
    if (rest.length === 0) return [...refuse(out), ...refuse(bmi)]
    return [...refuse(out), ...(await assess({ nurse } as Staff, key, visit_id, at, { signs: rest, bmi }))]
  }
}

async function recordAllergy({ nurse }: Staff, digest: string, { patient_id }: Person, { row, fields }: Row) {
  const { display = '', code = '', criticality = '', category = '' } = fields
  const body = {
    substance: display,
    code,
    code_system: 'snomed' as const,
    // Criticality is what it may do; severity, what it did: that is known of the gravest only.
    ...(criticality === 'high' ? { severity: 'severe' as const } : {}),
    reaction: `Criticality ${criticality}, category ${category} in the former record`,
  }
  const file = 'allergies' as const
  return nurse(allergyApi.add_allergy, { params: { patient_id }, body }, once(digest, 'allergy', row)).then(
    ({ id }): Outcome => ({ file, row, outcome: 'done', id }),
    (error: unknown): Outcome => ({ file, row, ...told(error) }),
  )
}

/** Drafted, checked, signed; what was stopped there is cancelled here, and stands against nothing that comes after it. */
async function prescribe(
  { doctor }: Staff,
  digest: string,
  { patient_id }: Person,
  { row, fields }: Row,
  visit_id: string | undefined,
): Promise<Outcome> {
  const file = 'medication_requests' as const
  let id: string | undefined
  try {
    const body = toPrescription(fields, { patient_id, visit_id })
    ;({ id } = await doctor(prescriptionApi.create, { body }, once(digest, 'prescription', row)))
    const params = { prescription_id: id }
    const note = await unless(prescriptionNotDraft, sign(doctor, params, fields['authored'] ?? ''))
    if (fields['status'] === 'stopped')
      await unless(
        prescriptionEnded,
        doctor(prescriptionApi.cancel, { params, body: { reason: 'Stopped in the former record' } }),
      )
    return { file, row, outcome: 'done', id, ...note }
  } catch (error) {
    return { file, row, ...told(error), ...(id === undefined ? {} : { outcome: 'draft', id }) }
  }
}

async function sign(doctor: Staff['doctor'], params: { prescription_id: string }, authored: string) {
  const { findings } = await doctor(prescriptionApi.check, { params, body: {} })
  const severe = findings.filter(({ severity }) => severity === 'severe')
  const overrides = severe.map(({ key }) => ({ key, reason: overrideReason(authored) }))
  await doctor(prescriptionApi.sign, { params, body: { overrides } })
  return severe.length === 0 ? {} : { note: `overridden: ${severe.map(({ rule_id }) => rule_id).join(', ')}` }
}
