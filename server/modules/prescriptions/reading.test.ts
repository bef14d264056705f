// Names, doses and frequencies as people write them; and what is said of what cannot be read.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkMedicines, rulesOf } from './check.ts'
import { readDosage, readFrequency, readRoute } from './dosage.ts'
import { readRuleSet, shippedRules } from './rule-set.ts'

const rules = rulesOf(readRuleSet(shippedRules))
const { understand } = rules.vocabulary

describe('the name of a medicine', () => {
  const known: [string, string[], string[]][] = [
    ['Amoxicillin 500 MG Oral Capsule', ['amoxicillin'], []],
    ['AMOXICILINA', ['amoxicillin'], []],
    ['Tylenol', ['paracetamol'], []],
    ['Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral Tablet', ['paracetamol', 'oxycodone'], []],
    [
      'amoxicillin/clavulanic acid 875 mg/125 mg',
      ['amoxicillin/clavulanic acid', 'amoxicillin', 'clavulanic acid'],
      [],
    ],
    ['24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet', ['metformin'], []],
    ['Ácido acetilsalicílico 100 mg', ['aspirin'], []],
    ['losartan potassium', ['losartan'], []],
    ['St. John’s wort', ["St John's wort"], []],
    ['Amoxicillin / Foobarine', ['amoxicillin'], ['foobarine']],
    ['Foobarine', [], ['foobarine']],
    ['Sodium chloride 0.9 %', [], ['sodium', 'chloride', '0.9']],
  ]
  for (const [name, substances, unknown] of known)
    it(`${name} means ${substances.join(' and ') || 'nothing known'}`, () => {
      const what = understand(name)
      assert.deepEqual([[...what.substances].toSorted(), what.unknown], [substances.toSorted(), unknown])
    })

  it('is understood by its ATC code too, and by the group of a code that is not listed', () => {
    assert.deepEqual([...understand('Hausmarke', 'J01CA04').substances], ['amoxicillin'])
    assert.ok(understand('Pivampicillin', 'J01CA02').tags.has('penicillins'))
    assert.deepEqual(understand('Pivampicillin', 'J01CA02').unknown, ['pivampicillin'])
  })
})

describe('a dosage', () => {
  const read: [string, number | undefined][] = [
    ['500 mg', 500],
    ['500mg', 500],
    ['0.125 mg', 0.125],
    ['75 mcg', 0.075],
    ['75 µg', 0.075],
    ['100 micrograms', 0.1],
    ['1 g', 1000],
    ['1.5 g', 1500],
    ['500-1000 mg', 1000],
    ['500 to 1000 mg', 1000],
    ['500 a 1000 miligramos', 1000],
    ['1,500 mg', undefined],
    ['1.500 mg', undefined],
    ['2 tablets', undefined],
    ['5 mL', undefined],
    ['250 mg/5 mL', undefined],
    ['10 units', undefined],
    ['500', undefined],
    ['0 mg', undefined],
    ['500 mg then 250 mg', undefined],
    ['', undefined],
  ]
  for (const [text, milligrams] of read)
    it(`${text || '(nothing)'} is ${milligrams === undefined ? 'not read' : `${milligrams} mg`}`, () => {
      assert.equal(readDosage(text), milligrams)
    })
})

describe('a frequency', () => {
  const read: [string, number | undefined][] = [
    ['every 8 hours', 3],
    ['Every 6-8 hours', 4],
    ['every 4 to 6 hours as needed', 6],
    ['q8h', 3],
    ['three times a day', 3],
    ['3 times daily', 3],
    ['three times daily with food', 3],
    ['twice daily', 2],
    ['BID', 2],
    ['once daily', 1],
    ['at bedtime', 1],
    ['every other day', 0.5],
    ['once a week', 1 / 7],
    ['cada 8 horas', 3],
    ['tres veces al día', 3],
    ['una vez al día', 1],
    ['stat', 1],
    ['od', undefined],
    ['as directed', undefined],
    ['1-0-1', undefined],
    ['every 0 hours', undefined],
    ['99 times a day', undefined],
  ]
  for (const [text, per_day] of read)
    it(`${text} is ${per_day === undefined ? 'not read' : `${per_day.toFixed(2)} a day`}`, () => {
      assert.equal(readFrequency(text)?.per_day, per_day)
    })
})

it('a route is read in words and letters, or not at all', () => {
  assert.deepEqual(['oral', 'PO', 'by mouth', 'vía oral', 'IV', 'im', 'inhaled', 'topical'].map(readRoute), [
    'oral',
    'oral',
    'oral',
    'oral',
    'intravenous',
    'injection',
    undefined,
    undefined,
  ])
})

describe('what is not checked', () => {
  const patient = { age_years: 40, weight_kg: 70, is_pregnant: false, may_be_pregnant: false }
  const amoxicillin = { name: 'Amoxicillin', code: null, dosage: '500 mg', route: 'oral', frequency: 'every 8 hours' }
  const nuts = { id: 'a', substance: 'Peanut (substance)', code: null, severity: 'mild' }
  const whys = (
    medicine: Partial<typeof amoxicillin>,
    about: Partial<typeof patient> | { age_years?: undefined } = {},
  ) => {
    const asked = {
      medicines: [{ ...amoxicillin, ...medicine }],
      allergies: [nuts],
      current: [],
      patient: { ...patient, ...about },
    }
    const { status, not_checked } = checkMedicines(rules, asked)
    return [status, ...not_checked.map(({ what, why }) => `${what}: ${why}`)]
  }

  it('is nothing for a known medicine, dose, person and allergy', () => assert.deepEqual(whys({}), ['checked']))

  const cases: [string, Partial<typeof amoxicillin>, object, string[]][] = [
    ['a medicine that no rule knows', { name: 'Foobarine' }, {}, ['not_checked', 'medicine: unknown_medicine']],
    [
      'half of a combination',
      { name: 'Amoxicillin / Foobarine' },
      {},
      ['partly_checked', 'medicine: unknown_medicine'],
    ],
    ['the dose of a combination', { name: 'Percocet' }, {}, ['partly_checked', 'dose: combination']],
    ['a dose that cannot be read', { dosage: '2 tablets' }, {}, ['partly_checked', 'dose: dosage_unreadable']],
    [
      'a frequency that cannot be read',
      { frequency: 'as directed' },
      {},
      ['partly_checked', 'dose: frequency_unreadable'],
    ],
    ['a route that cannot be read', { route: 'somehow' }, {}, ['partly_checked', 'dose: route_unreadable']],
    ['a route without a rule', { route: 'IV' }, {}, ['partly_checked', 'dose: no_rule']],
    ['a medicine without a usual dose', { name: 'St Johns wort' }, {}, ['partly_checked', 'dose: no_rule']],
    [
      'the dose of somebody without a birth date',
      {},
      { age_years: undefined },
      ['partly_checked', 'dose: age_missing'],
    ],
    [
      'the dose of a child without a weight',
      {},
      { age_years: 3, weight_kg: undefined },
      ['partly_checked', 'dose: weight_missing'],
    ],
    [
      'a medicine that matters in pregnancy, where nobody knows',
      { name: 'Lisinopril', dosage: '10 mg', frequency: 'daily' },
      { is_pregnant: undefined, may_be_pregnant: true },
      ['partly_checked', 'pregnancy: pregnancy_unknown'],
    ],
  ]
  for (const [what, medicine, about, expected] of cases)
    it(`is ${what}`, () => assert.deepEqual(whys(medicine, about), expected))

  it('is an allergy that no rule understands, and one that nobody asked for', () => {
    const asked = { medicines: [amoxicillin], current: [], patient }
    const strange = checkMedicines(rules, { ...asked, allergies: [{ ...nuts, substance: 'Something odd' }] })
    assert.deepEqual(
      strange.not_checked.map(({ why, detail }) => [why, detail]),
      [['unknown_allergy', 'Something odd']],
    )
    assert.deepEqual(
      checkMedicines(rules, { ...asked, allergies: [] }).not_checked.map(({ why }) => why),
      ['none_recorded'],
    )
  })

  it('is everything without a rule set', () => {
    const { status, rule_set, not_checked } = checkMedicines(undefined, {
      medicines: [amoxicillin],
      allergies: [],
      current: [],
      patient,
    })
    assert.deepEqual([status, rule_set, not_checked.map(({ why }) => why)], ['not_checked', null, ['no_rule_set']])
  })

  it('does not hide an allergy that is written as the medicine is, whatever it is', () => {
    const asked = {
      medicines: [{ ...amoxicillin, name: 'Foobarine 5 mg' }],
      allergies: [{ ...nuts, substance: 'foobarine 5 MG' }],
      current: [],
      patient,
    }
    assert.deepEqual(
      checkMedicines(rules, asked).findings.map(({ rule_id, severity }) => [rule_id, severity]),
      [['A-same-substance', 'severe']],
    )
  })
})

describe('a penicillin allergy', () => {
  const patient = { age_years: 40, weight_kg: 70, is_pregnant: false, may_be_pregnant: false }
  const met = (name: string, severity: string) =>
    checkMedicines(rules, {
      medicines: [{ name, code: null, dosage: '500 mg', route: 'oral', frequency: 'every 8 hours' }],
      allergies: [{ id: 'a', substance: 'Allergy to penicillin', code: null, severity }],
      current: [],
      patient,
    })
      .findings.filter(({ kind }) => kind === 'allergy')
      .map((finding) => finding.severity)

  it('speaks against amoxicillin, however mild it was', () => assert.deepEqual(met('Amoxil', 'mild'), ['severe']))
  it('is a warning before a cephalosporin, and blocks it where it was grave', () => {
    assert.deepEqual([met('Keflex', 'mild'), met('Keflex', 'life_threatening')], [['moderate'], ['severe']])
  })
  it('says nothing of azithromycin', () => assert.deepEqual(met('Zithromax', 'severe'), []))
})
