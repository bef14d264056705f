// Checks a prescription against the rules: what speaks against it, and what could not be looked at. Nothing here says "safe".
import type { Check, Finding, NotChecked } from './check.contract.ts'
import { checkDose, type DoseSubject } from './dose-check.ts'
import { createVocabulary, normalised, type Understood, type Vocabulary } from './medicine-names.ts'
import { type RuleSet, same, type Severity } from './rule-set.ts'

export type Prescribed = { name: string; code: string | null; dosage: string; route: string; frequency: string }
export type Subject = DoseSubject & {
  is_pregnant: boolean | undefined
  /** Where nobody says whether the patient is: whether they could be. */
  may_be_pregnant: boolean
}
export type Allergy = { id: string; substance: string; code: string | null; severity: string }
export type Current = { prescription_id: string; name: string; code: string | null }
export type Asked = {
  medicines: readonly Prescribed[]
  allergies: readonly Allergy[]
  /** Of other prescriptions that are in force. */
  current: readonly Current[]
  patient: Subject
}
export type Rules = { set: RuleSet; vocabulary: Vocabulary }
export type Result = Pick<Check, 'status' | 'rule_set' | 'findings' | 'not_checked'>

type Item = { name: string; index: number; prescription_id: string | null; what: Understood }
type Told = Pick<Finding, 'kind' | 'severity' | 'rule_id' | 'effect' | 'source'>

export function rulesOf(set: RuleSet): Rules {
  return { set, vocabulary: createVocabulary(set) }
}

export function checkMedicines(rules: Rules | undefined, asked: Asked): Result {
  if (!rules)
    return {
      status: 'not_checked',
      rule_set: null,
      findings: [],
      not_checked: [{ medicine_index: null, what: 'everything', why: 'no_rule_set', detail: null }],
    }
  const { set, vocabulary } = rules
  const items = asked.medicines.map(({ name, code }, index) => ({
    name,
    index,
    prescription_id: null,
    what: vocabulary.understand(name, code),
  }))
  const current = asked.current.map(({ name, code, prescription_id }, index) => ({
    name,
    index,
    prescription_id,
    what: vocabulary.understand(name, code),
  }))
  const pairs = items.flatMap((one, at) =>
    [...items.slice(at + 1), ...current].map((other): [Item, Item] => [one, other]),
  )
  const findings = [
    ...items.flatMap((item) => asked.allergies.flatMap((allergy) => meetsAllergy(rules, item, allergy))),
    ...pairs.flatMap(([one, other]) => [...interactions(set, one, other), ...duplicates(set, one, other)]),
    ...items.flatMap((item) => [
      ...ageFindings(set, item, asked.patient),
      ...pregnancyFindings(set, item, asked.patient),
    ]),
  ]
  const not_checked = unknownOf(vocabulary, items, current, asked.allergies)
  for (const item of items) {
    const prescribed = asked.medicines[item.index]
    if (!prescribed) continue
    not_checked.push(...unaskable(set, item, asked.patient))
    const dose = checkDose(set, prescribed, item.what, asked.patient)
    findings.push(...dose.findings.map((told) => findingOf(item, { kind: 'dose', ...told }, null)))
    not_checked.push(
      ...dose.not_checked.map((why) => ({ medicine_index: item.index, what: 'dose' as const, why, detail: null })),
    )
  }
  const isUntouched = items.every(({ what }) => what.tags.size === 0)
  return {
    status: isUntouched ? 'not_checked' : not_checked.length > 0 ? 'partly_checked' : 'checked',
    rule_set: { version: set.version, digest: set.digest },
    findings: findings.toSorted(
      (one, other) => order[one.severity] - order[other.severity] || one.medicine_index - other.medicine_index,
    ),
    not_checked,
  }
}

const order: Readonly<Record<Severity, number>> = { severe: 0, moderate: 1, minor: 2 }

function findingOf(
  item: Item,
  told: Told,
  other: { name: string; key: string; prescription_id: string | null } | null,
): Finding {
  return {
    key: [told.rule_id, item.index, ...(other ? [other.key] : [])].join('/'),
    ...told,
    medicine_index: item.index,
    medicine: item.name,
    other: other?.name ?? null,
    other_prescription_id: other?.prescription_id ?? null,
    override_reason: null,
  }
}

function meetsAllergy({ set, vocabulary }: Rules, item: Item, allergy: Allergy): Finding[] {
  const { id, substance, code, severity } = allergy
  const to = vocabulary.understand(substance, code)
  const isSameText = normalised(substance).join(' ') === normalised(item.name).join(' ')
  const isSame = isSameText || common(to.substances, item.what.substances)
  const byClass = set.allergies.filter(
    (fact) => fact.allergy !== same && to.tags.has(fact.allergy) && item.what.tags.has(fact.medicine),
  )
  // Who is allergic to a class is allergic to what is of it, whether a fact says so or not.
  const isNamed = byClass.length === 0 && common(to.named, item.what.tags)
  const met = [...set.allergies.filter((fact) => fact.allergy === same && (isSame || isNamed)), ...byClass]
  return met.map((fact) => {
    const isGrave = severity === 'severe' || severity === 'life_threatening'
    const told = {
      kind: 'allergy' as const,
      severity: isGrave ? ('severe' as const) : fact.severity,
      rule_id: fact.id,
      effect: fact.effect,
      source: fact.source,
    }
    return findingOf(item, told, { name: substance, key: id, prescription_id: null })
  })
}

function interactions(set: RuleSet, one: Item, other: Item): Finding[] {
  if (isSameSubstance(one, other)) return []
  const both = (first: string, second: string) => one.what.tags.has(first) && other.what.tags.has(second)
  return set.interactions
    .filter((fact) => both(fact.one, fact.other) || both(fact.other, fact.one))
    .map(({ id, severity, effect, source }) =>
      findingOf(one, { kind: 'interaction', severity, rule_id: id, effect, source }, otherOf(other)),
    )
}

function duplicates(set: RuleSet, one: Item, other: Item): Finding[] {
  const isShared = (name: string) =>
    name === same ? isSameSubstance(one, other) : one.what.tags.has(name) && other.what.tags.has(name)
  return set.duplicates
    .filter((fact) => isShared(fact.class))
    .map(({ id, severity, effect, source }) =>
      findingOf(one, { kind: 'duplicate', severity, rule_id: id, effect, source }, otherOf(other)),
    )
}

const otherOf = ({ name, index, prescription_id }: Item) => ({
  name,
  key: prescription_id === null ? String(index) : `${prescription_id}:${index}`,
  prescription_id,
})

/** Also of medicines that no rule knows: the same name twice. */
function isSameSubstance(one: Item, other: Item): boolean {
  return (
    common(one.what.substances, other.what.substances) ||
    normalised(one.name).join(' ') === normalised(other.name).join(' ')
  )
}

function ageFindings(set: RuleSet, item: Item, { age_years }: Subject): Finding[] {
  if (age_years === undefined) return []
  return set.ages
    .filter(({ medicine, under_years }) => item.what.tags.has(medicine) && age_years < under_years)
    .map(({ id, severity, effect, source }) =>
      findingOf(item, { kind: 'age', severity, rule_id: id, effect, source }, null),
    )
}

function pregnancyFindings(set: RuleSet, item: Item, { is_pregnant }: Subject): Finding[] {
  if (!is_pregnant) return []
  return set.pregnancy
    .filter(({ medicine }) => item.what.tags.has(medicine))
    .map(({ id, severity, effect, source }) =>
      findingOf(item, { kind: 'pregnancy', severity, rule_id: id, effect, source }, null),
    )
}

/** Rules that would speak if more were known of the patient. */
function unaskable(
  set: RuleSet,
  { index, what }: Item,
  { age_years, is_pregnant, may_be_pregnant }: Subject,
): NotChecked[] {
  const missing: NotChecked[] = []
  if (age_years === undefined && set.ages.some(({ medicine }) => what.tags.has(medicine)))
    missing.push({ medicine_index: index, what: 'age', why: 'age_missing', detail: null })
  if (is_pregnant === undefined && may_be_pregnant && set.pregnancy.some(({ medicine }) => what.tags.has(medicine)))
    missing.push({ medicine_index: index, what: 'pregnancy', why: 'pregnancy_unknown', detail: null })
  return missing
}

function unknownOf(
  vocabulary: Vocabulary,
  items: readonly Item[],
  current: readonly Item[],
  allergies: readonly Allergy[],
): NotChecked[] {
  const unknown = (what: Understood) => what.unknown.length > 0 || what.tags.size === 0
  return [
    ...items
      .filter(({ what }) => unknown(what))
      .map(({ index, what }) => ({
        medicine_index: index,
        what: 'medicine' as const,
        why: 'unknown_medicine' as const,
        detail: what.unknown.join(' '),
      })),
    ...current
      .filter(({ what }) => unknown(what))
      .map(({ name }) => ({
        medicine_index: null,
        what: 'current_medicine' as const,
        why: 'unknown_medicine' as const,
        detail: name,
      })),
    ...allergies
      .filter(({ substance, code }) => unknown(vocabulary.understand(substance, code)))
      .map(({ substance }) => ({
        medicine_index: null,
        what: 'allergy' as const,
        why: 'unknown_allergy' as const,
        detail: substance,
      })),
    ...(allergies.length === 0
      ? [{ medicine_index: null, what: 'allergies' as const, why: 'none_recorded' as const, detail: null }]
      : []),
  ]
}

function common(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].some((name) => other.has(name))
}
