// The shipped rules: sound, sourced, and every one of them speaks when it should.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ConfigurationError } from '#platform/configuration.ts'
import { type Asked, checkMedicines, rulesOf } from './check.ts'
import { type DoseFact, factsOf, readRuleSet, same, shippedRules } from './rule-set.ts'

const set = readRuleSet(shippedRules)
const rules = rulesOf(set)
const adult = { age_years: 40, weight_kg: 70, is_pregnant: false, may_be_pregnant: false }
const medicine = (name: string, more: object = {}) => ({
  name,
  code: null,
  dosage: 'as directed',
  route: 'oral',
  frequency: 'as directed',
  ...more,
})
const allergyTo = (substance: string, severity = 'moderate') => ({ id: 'a', substance, code: null, severity })
const firedBy = (asked: Partial<Asked>) =>
  checkMedicines(rules, { medicines: [], allergies: [], current: [], patient: adult, ...asked }).findings.map(
    ({ rule_id }) => rule_id,
  )

/** Every medicine that a fact about this name or class is about, combinations included. */
const membersOf = (name: string) => {
  const direct = set.medicines.filter((one) => one.name === name || one.classes.includes(name)).map((one) => one.name)
  return [
    ...direct,
    ...set.medicines.filter(({ contains }) => contains.some((one) => direct.includes(one))).map((one) => one.name),
  ]
}

describe('the shipped rules', () => {
  it('are at least 150 facts, each with a source', (t) => {
    const facts = factsOf(set)
    t.diagnostic(`${facts.length} facts about ${set.medicines.length} medicines in ${set.classes.length} classes`)
    assert.ok(facts.length >= 150)
    assert.ok(facts.every(({ source }) => source.length > 8))
  })

  it('name their version, and a digest that changes with any letter of them', () => {
    const copy = mkdtempSync(join(tmpdir(), 'rules-'))
    cpSync(shippedRules, copy, { recursive: true })
    assert.deepEqual([readRuleSet(copy).version, readRuleSet(copy).digest], [set.version, set.digest])
    const path = join(copy, 'ages.csv')
    writeFileSync(path, readFileSync(path, 'utf8').replace('G-codeine,codeine,12', 'G-codeine,codeine,13'))
    assert.notEqual(readRuleSet(copy).digest, set.digest)
    rmSync(copy, { recursive: true })
  })

  const broken: [string, string, (text: string) => string, RegExp][] = [
    ['a fact that stands twice', 'ages.csv', (text) => text + text.split('\n').at(-2) + '\n', /stands twice/],
    [
      'a fact without a source',
      'ages.csv',
      (text) => `${text}G-new,aspirin,3,severe,Because,\n`,
      /ages\.csv line \d+: source/,
    ],
    [
      'a source that names no publisher',
      'ages.csv',
      (text) => `${text}G-new,warfarin,3,severe,Because,somebody said so\n`,
      /publisher/,
    ],
    [
      'a fact about a medicine that is not listed',
      'ages.csv',
      (text) => `${text}G-new,placebo,3,severe,Because,BNF: Placebo\n`,
      /placebo, which nothing is called/,
    ],
    ['a severity that is none', 'ages.csv', (text) => text.replace('severe', 'awful'), /severity/],
    [
      'a class without a medicine',
      'classes.csv',
      (text) => `${text}placebos,,\n`,
      /no medicine is of the class placebos/,
    ],
    [
      'a name of two medicines',
      'medicines.csv',
      (text) => `${text}newdrug,,,,aspirina\n`,
      /aspirina is a name of aspirin and of newdrug/,
    ],
    [
      'an unknown class',
      'medicines.csv',
      (text) => `${text}newdrug,,placebos,,\n`,
      /placebos, which classes\.csv lacks/,
    ],
    [
      'a range that holds nothing',
      'doses.csv',
      (text) => text.replace('oral,18,,no,1000,4000', 'oral,18,12,no,1000,4000'),
      /for no age/,
    ],
    ['a column too few', 'ages.csv', (text) => `${text}G-new,aspirin\n`, /ages\.csv/],
    ['no version', 'version.txt', () => '\n', /version/],
  ]
  for (const [what, file, spoil, message] of broken) {
    it(`are refused with ${what}`, () => {
      const copy = mkdtempSync(join(tmpdir(), 'rules-'))
      cpSync(shippedRules, copy, { recursive: true })
      writeFileSync(join(copy, file), spoil(readFileSync(join(copy, file), 'utf8')))
      assert.throws(
        () => readRuleSet(copy),
        (error: unknown) => error instanceof ConfigurationError && message.test(error.message),
      )
      rmSync(copy, { recursive: true })
    })
  }

  it('are refused where a file is missing', () => {
    assert.throws(() => readRuleSet(tmpdir()), ConfigurationError)
  })
})

describe('every fact fires', () => {
  for (const { id, allergy, medicine: to } of set.allergies) {
    it(id, () => {
      const causes =
        allergy === same ? ['gentamicin'] : membersOf(allergy).length > 0 ? [allergy, ...membersOf(allergy)] : [allergy]
      const targets = to === same ? ['gentamicin'] : membersOf(to)
      assert.ok(targets.length > 0)
      for (const cause of causes)
        for (const target of targets)
          assert.ok(
            firedBy({ medicines: [medicine(target)], allergies: [allergyTo(cause)] }).includes(id),
            `${cause} and ${target}`,
          )
    })
  }
  for (const { id, one, other } of set.interactions) {
    it(id, () => {
      const pairs = membersOf(one).flatMap((first) => membersOf(other).map((second) => [first, second] as const))
      const sharing = (first: string, second: string) => {
        const [a, b] = [rules.vocabulary.understand(first), rules.vocabulary.understand(second)]
        return [...a.substances].some((name) => b.substances.has(name))
      }
      const apart = pairs.filter(([first, second]) => !sharing(first, second))
      assert.ok(apart.length > 0)
      for (const [first, second] of apart) {
        assert.ok(firedBy({ medicines: [medicine(first), medicine(second)] }).includes(id), `${first} and ${second}`)
        assert.ok(firedBy({ medicines: [medicine(second), medicine(first)] }).includes(id), `${second} and ${first}`)
        const current = [{ prescription_id: 'p', name: second, code: null }]
        assert.ok(
          firedBy({ medicines: [medicine(first)], current }).includes(id),
          `${first} and ${second}, which is taken already`,
        )
      }
    })
  }
  for (const { id, class: name } of set.duplicates) {
    it(id, () => {
      const [first = '', second = first] = name === same ? ['gentamicin'] : membersOf(name)
      assert.notEqual(first, '')
      assert.ok(firedBy({ medicines: [medicine(first), medicine(second)] }).includes(id))
      assert.ok(
        firedBy({
          medicines: [medicine(first)],
          current: [{ prescription_id: 'p', name: second, code: null }],
        }).includes(id),
      )
    })
  }
  for (const { id, medicine: of, under_years } of set.ages) {
    it(id, () => {
      for (const name of membersOf(of)) {
        const at = (age_years: number) => firedBy({ medicines: [medicine(name)], patient: { ...adult, age_years } })
        assert.ok(at(under_years - 0.01).includes(id), name)
        assert.equal(at(under_years).includes(id), false, name)
      }
    })
  }
  for (const { id, medicine: of } of set.pregnancy) {
    it(id, () => {
      for (const name of membersOf(of)) {
        const being = (is_pregnant: boolean) =>
          firedBy({ medicines: [medicine(name)], patient: { ...adult, is_pregnant } })
        assert.ok(being(true).includes(id), name)
        assert.equal(being(false).includes(id), false, name)
      }
    })
  }
  const routes = { oral: 'oral', intravenous: 'IV', injection: 'intramuscular' }
  const written = (fact: DoseFact, single: number, frequency: string) => {
    const milligrams = single * (fact.per_kg ? 10 : 1)
    return medicine(fact.medicine, {
      dosage: `${Math.floor(milligrams * 100 + 1e-6) / 100} mg`,
      route: routes[fact.route],
      frequency,
    })
  }
  for (const fact of set.doses) {
    it(fact.id, () => {
      const patient = { ...adult, age_years: fact.from_years ?? 0.1, weight_kg: 10 }
      const fires = (single: number, frequency: string) =>
        firedBy({ medicines: [written(fact, single, frequency)], patient }).includes(fact.id)
      const { most_single, most_daily, least_daily, least_hours } = fact
      const once = least_hours === 168 ? 'once a week' : 'once a day'
      let limits = 0
      const probe = (limit: number | undefined, work: (value: number) => void) => {
        if (limit === undefined) return
        limits += 1
        work(limit)
      }
      probe(most_single, (most) => {
        assert.equal(fires(most * 1.1, once), true, 'above one dose')
        if ((most_daily ?? most) >= most && (least_daily ?? 0) <= most)
          assert.equal(fires(most, once), false, 'at one dose')
      })
      probe(most_daily, (most) => {
        assert.equal(fires((most * 1.2) / 4, '4 times a day'), true, 'above a day')
        if ((most_single ?? most) >= most / 4 && (least_hours ?? 0) <= 6)
          assert.equal(fires(most / 4, '4 times a day'), false, 'at a day')
      })
      probe(least_daily, (least) => assert.equal(fires(least / 8, '4 times a day'), true, 'below a day'))
      probe(least_hours, (least) =>
        assert.equal(
          fires(0.01, least > 24 ? 'daily' : least > 2 ? 'every hour'.replace('hour', '1 hour') : 'every 1 hour'),
          true,
          'too close',
        ),
      )
      assert.ok(limits > 0)
    })
  }
})
