// Whether a dose lies in the usual range for age and weight. What cannot be read, or is not known, is not checked.
import type { NotChecked, Finding } from './check.contract.ts'
import { type Frequency, readDosage, readFrequency, readRoute, type Route } from './dosage.ts'
import type { Understood } from './medicine-names.ts'
import type { DoseFact, RuleSet } from './rule-set.ts'

export type DoseSubject = {
  age_years: number | undefined
  weight_kg: number | undefined
  /** There is one, too old to go by. */
  has_outdated_weight?: boolean
}
export type Written = { dosage: string; route: string; frequency: string }
type Told = Pick<Finding, 'severity' | 'rule_id' | 'effect' | 'source'>
type Why = NotChecked['why']

export function checkDose(
  set: RuleSet,
  written: Written,
  { substances, ingredients }: Understood,
  patient: DoseSubject,
): { findings: Told[]; not_checked: Why[] } {
  if (substances.size === 0) return { findings: [], not_checked: [] }
  if (ingredients > 1) return { findings: [], not_checked: ['combination'] }
  const known = set.doses.filter(({ medicine }) => substances.has(medicine))
  if (known.length === 0) return { findings: [], not_checked: ['no_rule'] }
  const route = readRoute(written.route)
  if (!route) return { findings: [], not_checked: ['route_unreadable'] }
  const { age_years } = patient
  if (age_years === undefined) return { findings: [], not_checked: ['age_missing'] }
  const fact = known.find((one) => isFor(one, route, age_years))
  if (!fact) return { findings: [], not_checked: ['no_rule'] }
  const milligrams = readDosage(written.dosage)
  if (milligrams === undefined) return { findings: [], not_checked: ['dosage_unreadable'] }
  if (fact.per_kg && patient.weight_kg === undefined)
    return { findings: [], not_checked: [patient.has_outdated_weight ? 'weight_outdated' : 'weight_missing'] }
  const single = fact.per_kg ? milligrams / (patient.weight_kg ?? 1) : milligrams
  const frequency = readFrequency(written.frequency)
  return {
    findings: flawsOf(fact, single, frequency).map((effect) => ({
      severity: fact.severity,
      rule_id: fact.id,
      effect,
      source: fact.source,
    })),
    not_checked: frequency ? [] : ['frequency_unreadable'],
  }
}

function isFor({ route, from_years = 0, under_years = Infinity }: DoseFact, asked: Route, age_years: number): boolean {
  // What is given into a vein is an injection; a rule for the vein says nothing of the muscle.
  const isSameRoute = route === asked || (route === 'injection' && asked === 'intravenous')
  return isSameRoute && age_years >= from_years && age_years < under_years
}

/** At most one sentence, so that one rule makes one finding. */
function flawsOf(fact: DoseFact, single: number, frequency: Frequency | undefined): string[] {
  const { most_single = Infinity, most_daily = Infinity, least_daily = 0, least_hours = 0 } = fact
  const unit = fact.per_kg ? 'mg/kg' : 'mg'
  const daily = frequency && single * Math.max(frequency.per_day, frequency.hours_between === Infinity ? 1 : 0)
  const flaws: string[] = []
  if (isAbove(single, most_single)) flaws.push(`one dose of ${rounded(single)} ${unit} is above ${most_single} ${unit}`)
  // A dose that is taken less often than daily still is a day's dose on its day.
  if (daily !== undefined && isAbove(Math.max(daily, single), most_daily))
    flaws.push(`${rounded(Math.max(daily, single))} ${unit} a day are above ${most_daily} ${unit}`)
  if (daily !== undefined && isAbove(least_daily, daily))
    flaws.push(`${rounded(daily)} ${unit} a day are below ${least_daily} ${unit}`)
  if (frequency && isAbove(least_hours, frequency.hours_between))
    flaws.push(`doses ${rounded(frequency.hours_between)} hours apart are closer than ${least_hours} hours`)
  return flaws.length > 0 ? [`Outside the usual dose: ${flaws.join('; ')}`] : []
}

/** Division by a weight leaves a remainder far behind the decimal point. */
const isAbove = (value: number, limit: number) => value > limit * (1 + 1e-9)
const rounded = (value: number) => Number(value.toFixed(2))
