// What the warehouse says of a patient: a year of birth, and not even that of whom few are alike or who is very old. Pure but for opening.
import { tryOpenCard } from '#modules/patients'
import type { Row } from './columns.ts'
import type { PatientToClass } from './dimension.store.ts'
import { dayNumber } from './local-days.ts'
import type { Telling } from './fact-rows.ts'

/** Ages over 89 are one class (45 CFR 164.514(b)(2)(i)(C)). */
const oldestAge = 90

export type PatientClass = { birth_year: number | null; age_class: string; gender: string }

/**
 * By the age at the end of a year: who turns ninety within it is of the oldest class from its beginning, so that what was written
 * stays true all year.
 */
export function classOf({ date_of_birth, gender }: { date_of_birth: string | null; gender: string }, year: number) {
  if (date_of_birth === null) return { birth_year: null, age_class: 'unknown', gender }
  const birth_year = Number(date_of_birth.slice(0, 4))
  const age = year - birth_year
  if (age >= oldestAge) return { birth_year: null, age_class: `${oldestAge}+`, gender }
  const decade = Math.max(0, Math.floor(age / 10) * 10)
  return { birth_year, age_class: `${decade}-${decade + 9}`, gender }
}

export type Cells = { add(person: PatientClass): void; told(person: PatientClass): PatientClass }

/** Of a year of birth and gender with fewer than `smallest` people the year is left out; of an age class with fewer, all of it. */
export function openCells(smallest: number): Cells {
  const counts = new Map<string, number>()
  const byYear = ({ birth_year, gender }: PatientClass) => `${birth_year} ${gender}`
  const byClass = ({ age_class, gender }: PatientClass) => `${age_class}/${gender}`
  const isSmall = (cell: string) => (counts.get(cell) ?? 0) < smallest
  return {
    add(person) {
      for (const cell of [byYear(person), byClass(person)]) counts.set(cell, (counts.get(cell) ?? 0) + 1)
    },
    told(person) {
      if (isSmall(byClass(person))) return { birth_year: null, age_class: 'suppressed', gender: 'SUPPRESSED' }
      return isSmall(byYear(person)) ? { ...person, birth_year: null } : person
    },
  }
}

/** Of a record that is part of another nothing is told but that. */
export function readClass({ keyring }: Pick<Telling, 'keyring'>, patient: PatientToClass, year: number): PatientClass {
  if (patient.status === 'merged') return { birth_year: null, age_class: 'unknown', gender: 'UNKNOWN' }
  const date_of_birth = tryOpenCard(keyring, patient)?.date_of_birth ?? null
  return classOf({ date_of_birth, gender: patient.gender }, year)
}

export function patientRow(
  { pseudonyms, shift_weeks }: Pick<Telling, 'pseudonyms' | 'shift_weeks'>,
  { id, status, registered_date }: PatientToClass,
  told: PatientClass,
): Row {
  return {
    patient_key: pseudonyms.of('patient', id),
    status,
    ...told,
    registered_date: dayNumber(registered_date) + 7 * pseudonyms.weeksOf(id, shift_weeks),
  }
}
