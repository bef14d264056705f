// What the record tells of a patient that the rules ask for: age, pregnancy, and what is still being taken.
import type { Medicine } from './prescription.contract.ts'
import type { StoredPrescription } from './prescription.store.ts'

/** Years of age, with a fraction: of an infant the months count. */
export function yearsBetween(date_of_birth: string, today: string): number {
  const from = Temporal.PlainDate.from(date_of_birth)
  const { years } = from.until(Temporal.PlainDate.from(today), { largestUnit: 'year' })
  const birthday = from.add({ years })
  const days = birthday.until(Temporal.PlainDate.from(today), { largestUnit: 'day' }).days
  return years + days / birthday.until(birthday.add({ years: 1 }), { largestUnit: 'day' }).days
}

/** Codes of ICD-10 for a pregnancy that goes on: supervision, the state itself, and what complicates it, but not how it ended. */
const pregnancyCodes = /^(Z33(\.1)?|Z34(\.\w+)?|O(09|1[0-6]|2[0-9]|3[0-9]|4[0-8])(\.\w+)?)$/
const ongoing: ReadonlySet<string> = new Set(['active', 'recurrence', 'relapse'])

export function isPregnancy({
  icd10_code,
  clinical_status,
}: {
  icd10_code: string | null
  clinical_status: string
}): boolean {
  return icd10_code !== null && ongoing.has(clinical_status) && pregnancyCodes.test(icd10_code)
}

/** Where nobody says, the rules for pregnancy are said to be unasked for whoever could be: 10 to 55 years, and not known to be male. */
export function mayBePregnant(gender: string, age_years: number | undefined): boolean {
  return gender !== 'MALE' && (age_years === undefined || (age_years >= 10 && age_years < 56))
}

/** Whether a course may still run: from when it was handed out, or else signed, for its days and those of its refills. */
export function stillTaken(
  { duration_days, refills }: Pick<Medicine, 'duration_days' | 'refills'>,
  { signed_at, dispensed_at }: Pick<StoredPrescription, 'signed_at' | 'dispensed_at'>,
  now: Temporal.Instant,
): boolean {
  const began = dispensed_at ?? signed_at
  if (began === null) return false
  const ends = Temporal.Instant.from(began).add({ hours: 24 * (duration_days * (refills + 1) + 1) })
  return Temporal.Instant.compare(now, ends) < 0
}
