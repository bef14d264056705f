// What no line of the rules shows by itself: names given twice, facts about what is not there, ranges that hold nothing.
import { normalised } from './medicine-names.ts'
import type { RuleSet } from './rule-set.ts'

export function flawsOf(rules: RuleSet): string[] {
  return [
    ...namedTwice(rules),
    ...unknownNames(rules),
    ...emptyClasses(rules),
    ...repeatedFacts(rules),
    ...emptyRanges(rules),
  ]
}

function namedTwice(rules: RuleSet): string[] {
  const owners = new Map<string, string>()
  const flaws: string[] = []
  const claim = (owner: string, names: readonly string[]) => {
    for (const name of new Set(names.map((one) => normalised(one).join(' ')))) {
      const other = owners.get(name)
      if (name === '') flaws.push(`${owner} has a name without letters`)
      else if (other !== undefined && other !== owner) flaws.push(`${name} is a name of ${other} and of ${owner}`)
      owners.set(name, owner)
    }
  }
  for (const { name, other_names } of rules.medicines) claim(name, [name, ...other_names])
  for (const { class: name, other_names } of rules.classes) claim(`the class ${name}`, [name, ...other_names])
  for (const { name, other_names } of rules['other-substances']) claim(name, [name, ...other_names])
  const codes = rules.medicines.map(({ atc }) => atc).filter((code) => code !== '')
  return [...flaws, ...repeated(codes).map((code) => `the ATC code ${code} stands twice`)]
}

function unknownNames(rules: RuleSet): string[] {
  const medicines = new Set(rules.medicines.map(({ name }) => name))
  const classes = new Set(rules.classes.map(({ class: name }) => name))
  const others = new Set(rules['other-substances'].map(({ name }) => name))
  const isKnown = (name: string) => medicines.has(name) || classes.has(name)
  const flaws = rules.medicines.flatMap(({ name, classes: own, contains }) => [
    ...own.filter((one) => !classes.has(one)).map((one) => `${name} is of the class ${one}, which classes.csv lacks`),
    ...contains.filter((one) => !medicines.has(one)).map((one) => `${name} contains ${one}, which medicines.csv lacks`),
  ])
  const named = [
    ...rules.allergies.flatMap(({ id, allergy, medicine }) => [
      [id, allergy === 'same' || others.has(allergy) ? undefined : allergy],
      [id, medicine === 'same' ? undefined : medicine],
    ]),
    ...rules.interactions.flatMap(({ id, one, other }) => [
      [id, one],
      [id, other],
    ]),
    ...rules.duplicates.map(({ id, class: name }) => [id, name === 'same' ? undefined : name]),
    ...[...rules.ages, ...rules.pregnancy].map(({ id, medicine }) => [id, medicine]),
  ]
  return [
    ...flaws,
    ...named.flatMap(([id, name]) =>
      name === undefined || isKnown(name) ? [] : [`${id} names ${name}, which nothing is called`],
    ),
    ...rules.doses.flatMap(({ id, medicine }) =>
      medicines.has(medicine) ? [] : [`${id} is about ${medicine}, which medicines.csv lacks`],
    ),
  ]
}

function emptyClasses(rules: RuleSet): string[] {
  const filled = new Set(rules.medicines.flatMap(({ classes }) => classes))
  return rules.classes.flatMap(({ class: name }) => (filled.has(name) ? [] : [`no medicine is of the class ${name}`]))
}

function repeatedFacts(rules: RuleSet): string[] {
  const { allergies, interactions, duplicates, doses, ages, pregnancy } = rules
  const ids = [...allergies, ...interactions, ...duplicates, ...doses, ...ages, ...pregnancy].map(({ id }) => id)
  const said = [
    ...allergies.map(({ allergy, medicine }) => `allergy to ${allergy} and ${medicine}`),
    ...interactions.map(({ one, other }) => `interaction of ${[one, other].toSorted().join(' and ')}`),
    ...duplicates.map(({ class: name }) => `duplicates of ${name}`),
    ...doses.map(
      ({ medicine, route, from_years, under_years }) => `dose of ${medicine} ${route} ${from_years}-${under_years}`,
    ),
    ...ages.map(({ medicine }) => `age for ${medicine}`),
    ...pregnancy.map(({ medicine }) => `pregnancy and ${medicine}`),
  ]
  return [
    ...repeated(ids).map((id) => `${id} stands twice`),
    ...repeated(said).map((what) => `two facts tell the ${what}`),
  ]
}

function emptyRanges(rules: RuleSet): string[] {
  return rules.doses.flatMap(
    ({ id, from_years = 0, under_years = 200, most_single, most_daily, least_daily, least_hours }) => [
      ...(from_years < under_years ? [] : [`${id} is for no age`]),
      ...((least_daily ?? 0) <= (most_daily ?? Infinity) ? [] : [`${id} has a least above its most`]),
      ...([most_single, most_daily, least_daily, least_hours].some((limit) => limit !== undefined)
        ? []
        : [`${id} limits nothing`]),
    ],
  )
}

function repeated(items: readonly string[]): string[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))]
}
