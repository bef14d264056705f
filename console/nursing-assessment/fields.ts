// The fields of the nursing form, and the way between what is typed and the form of the contract.
import { FallRisk, NursingForm, VitalSigns } from '#contracts/assessments/nursing'
import type { NurseWords } from '../words/nurse.en.ts'

export type FieldName = Exclude<keyof NurseWords['form']['fields'], 'taken_at'>
export type Section = keyof NurseWords['form']['sections']
type Kind = 'number' | 'yes_no' | 'choice' | 'words' | 'lines'
export type Field = { name: FieldName; section: Section; kind: Kind; choices?: readonly string[] }

const of = (section: Section, kind: Kind, ...names: FieldName[]): Field[] =>
  names.map((name) => ({ name, section, kind }))
const choosing = (section: Section, name: FieldName, choices: readonly string[]): Field => ({
  name,
  section,
  kind: 'choice',
  choices,
})
const abilities = ['independent', 'assisted', 'dependent']
const { ambulatory_aid, gait, mental_status } = FallRisk.shape

/** In the order in which a nurse measures, and NEWS2 asks. */
export const fields: readonly Field[] = [
  ...of('vital_signs', 'number', 'vital_signs.respiratory_rate_per_min', 'vital_signs.oxygen_saturation_percent'),
  ...of('vital_signs', 'yes_no', 'vital_signs.on_supplemental_oxygen', 'vital_signs.has_hypercapnic_target'),
  ...of(
    'vital_signs',
    'number',
    'vital_signs.blood_pressure_systolic',
    'vital_signs.blood_pressure_diastolic',
    'vital_signs.pulse_bpm',
  ),
  choosing('vital_signs', 'vital_signs.consciousness', VitalSigns.shape.consciousness.unwrap().unwrap().options),
  ...of(
    'vital_signs',
    'number',
    'vital_signs.temperature_celsius',
    'vital_signs.pain_intensity',
    'vital_signs.blood_glucose_mg_dl',
    'vital_signs.weight_kg',
    'vital_signs.height_cm',
  ),
  ...of(
    'general',
    'words',
    'general.general_condition',
    'general.skin_condition',
    'general.mobility_status',
    'general.diet',
    'general.appetite',
  ),
  ...of('general', 'yes_no', 'general.smoker', 'general.allergies_reviewed'),
  ...of(
    'pain',
    'words',
    'pain.location',
    'pain.character',
    'pain.frequency',
    'pain.duration',
    'pain.radiates_to',
    'pain.relieved_by',
    'pain.action_taken',
  ),
  ...of('fall_risk', 'yes_no', 'fall_risk.history_of_falling', 'fall_risk.secondary_diagnosis'),
  choosing('fall_risk', 'fall_risk.ambulatory_aid', ambulatory_aid.options),
  ...of('fall_risk', 'yes_no', 'fall_risk.iv_therapy'),
  choosing('fall_risk', 'fall_risk.gait', gait.options),
  choosing('fall_risk', 'fall_risk.mental_status', mental_status.options),
  choosing('function', 'function.feeding', abilities),
  choosing('function', 'function.hygiene', abilities),
  choosing('function', 'function.toileting', abilities),
  choosing('function', 'function.ambulation', abilities),
  ...of('screening', 'lines', 'screening.educational_needs', 'screening.assistive_devices'),
  ...of(
    'older_person',
    'words',
    'older_person.cognition',
    'older_person.mood',
    'older_person.speech',
    'older_person.hearing',
    'older_person.vision',
    'older_person.sleep',
  ),
  ...of('more', 'lines', 'notes', 'signs_of_abuse'),
]

/** What is typed, by the name of its field; what is not there was not touched. */
export type Values = Partial<Record<FieldName, string>>

const answers = { yes: true, no: false } as const

function read(kind: Kind, typed: string): unknown {
  const text = typed.trim()
  if (text === '') return undefined
  if (kind === 'yes_no') return answers[text as keyof typeof answers]
  if (kind !== 'number') return text
  // Half of the world writes 37,2.
  const value = Number(text.replace(',', '.'))
  return Number.isNaN(value) ? text : value
}

/** What is typed as the contract has it, right or not. */
function formOf(values: Values): Record<string, unknown> {
  const form: Record<string, unknown> = {}
  for (const { name, kind } of fields) {
    const value = read(kind, values[name] ?? '')
    if (value === undefined) continue
    const [section = '', member] = name.split('.')
    if (member === undefined) form[section] = value
    else form[section] = { ...(form[section] as object | undefined), [member]: value }
  }
  return form
}

export function valuesOf(form: NursingForm | null): Values {
  const known = (form ?? {}) as Record<string, unknown>
  return Object.fromEntries(
    fields.flatMap(({ name }) => {
      const [section = '', member] = name.split('.')
      const value =
        member === undefined ? known[section] : (known[section] as Record<string, unknown> | undefined)?.[member]
      return value === null || value === undefined ? [] : [[name, written(value)]]
    }),
  )
}

export const written = (value: unknown): string => (value === true ? 'yes' : value === false ? 'no' : String(value))

/** What is wrong with a field, for words. */
export type Fault =
  | { kind: 'at_least' | 'at_most'; bound: number }
  | { kind: 'number' | 'whole' | 'one_decimal' | 'below_systolic' | 'too_long' | 'all_of_it' | 'not_said' }

type Issue = { code: string; path: PropertyKey[]; minimum?: unknown; maximum?: unknown; input?: unknown }

function faultOf(issue: Issue, field: Field, form: Record<string, unknown>): Fault {
  const [section = '', member = ''] = issue.path.map(String)
  if (section === 'fall_risk' && (form[section] as Record<string, unknown>)[member] === undefined)
    return { kind: 'all_of_it' }
  if (issue.code === 'too_small' && field.kind === 'number') return { kind: 'at_least', bound: Number(issue.minimum) }
  if (issue.code === 'too_big' && field.kind === 'number') return { kind: 'at_most', bound: Number(issue.maximum) }
  if (field.kind === 'choice' || field.kind === 'yes_no') return { kind: 'not_said' }
  if (field.kind !== 'number') return { kind: 'too_long' }
  if (issue.code === 'custom') return { kind: member === 'blood_pressure_diastolic' ? 'below_systolic' : 'one_decimal' }
  const value = (form[section] as Record<string, unknown> | undefined)?.[member]
  return { kind: typeof value === 'number' ? 'whole' : 'number' }
}

// When it was taken is checked apart: an instant is read with Temporal, which not every browser knows.
const Typed = NursingForm.omit({ taken_at: true })

/** What is right of what was typed, and what is wrong with the rest. */
export function judge(values: Values): { form: NursingForm; faults: Map<FieldName, Fault> } {
  const typed = formOf(values)
  const right = structuredClone(typed)
  const faults = new Map<FieldName, Fault>()
  // Once more after what is wrong was taken out: two pressures are compared when both are numbers.
  for (let times = 0; times < 3; times += 1) {
    const result = Typed.safeParse(right)
    if (result.success) return { form: result.data, faults }
    for (const issue of result.error.issues) {
      const field = fields.find(({ name }) => name === issue.path.join('.'))
      if (field) faults.set(field.name, faultOf(issue as Issue, field, typed))
      takeOut(right, issue.path.map(String))
    }
  }
  return { form: {}, faults }
}

function takeOut(form: Record<string, unknown>, [section = '', member]: string[]) {
  const { [member ?? '']: _wrong, ...rest } = (form[section] ?? {}) as Record<string, unknown>
  // Morse's scale is whole or nothing; nor does a section without anything count as one.
  if (member === undefined || section === 'fall_risk' || Object.keys(rest).length === 0) delete form[section]
  else form[section] = rest
}

/** What nobody has filled in yet is no mistake until it is to be signed. */
export const isMissing = ({ kind }: Fault) => kind === 'all_of_it'

export function differing(one: Values, other: Values): FieldName[] {
  return fields.map(({ name }) => name).filter((name) => (one[name] ?? '').trim() !== (other[name] ?? '').trim())
}
