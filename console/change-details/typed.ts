// What the form of somebody's details holds while it is typed, and what of it is sent: what was changed, and nothing else.
import type { Patient, PatientMembers } from '#contracts/patients/patient'

const texts = [
  'first_name',
  'middle_name',
  'last_name',
  'date_of_birth',
  'phone_primary',
  'phone_secondary',
  'email',
  'ssn',
  'national_id',
  'marital_status',
  'occupation',
  'preferred_language',
] as const
const lines = ['line1', 'line2', 'city', 'state', 'postal_code', 'country'] as const
const choices = ['gender', 'blood_type'] as const

export type TextName = (typeof texts)[number]
export type LineName = (typeof lines)[number]
export type Typed = Record<TextName | LineName, string> & { gender: Patient['gender']; blood_type: string }

export function typedOf(patient: Patient): Typed {
  return {
    ...(Object.fromEntries(texts.map((name) => [name, patient[name] ?? ''])) as Record<TextName, string>),
    ...(Object.fromEntries(lines.map((name) => [name, patient.address?.[name] ?? ''])) as Record<LineName, string>),
    gender: patient.gender,
    blood_type: patient.blood_type ?? '',
  }
}

/** An identifier that is shown masked is not sent unless it was typed anew; a patient sends their contact details alone. */
export function changesOf(typed: Typed, patient: Patient): PatientMembers {
  const before = typedOf(patient)
  const isChanged = (name: keyof Typed) => typed[name].trim() !== before[name]
  const changed = [...texts, ...choices].filter(isChanged).map((name) => [name, typed[name].trim() || null])
  return {
    ...(Object.fromEntries(changed) as PatientMembers),
    ...(lines.some(isChanged) && { address: addressOf(typed) }),
  }
}

function addressOf(typed: Typed): PatientMembers['address'] {
  if (lines.every((name) => typed[name].trim() === '')) return null
  const { line1, line2, city, state, postal_code, country } = typed
  return {
    line1: line1.trim(),
    line2: line2.trim() || null,
    city: city.trim(),
    state: state.trim() || null,
    postal_code: postal_code.trim() || null,
    country,
  }
}
