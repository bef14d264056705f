// The published tables, edge by edge: NEWS2 (Royal College of Physicians 2017, chart 1 and 2), Morse, BMI, arterial pressure.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { derive } from './derived.contract.ts'
import { alarms, news2, news2Parameters } from './news2.contract.ts'
import type { FallRisk, VitalSigns } from './nursing.contract.ts'
import { flagsOf, loinc, rangesFor, referenceRanges } from './reference-ranges.contract.ts'
import { ageInYears, bodyMassIndex, meanArterialPressure, morse } from './scores.contract.ts'

const well = {
  respiratory_rate_per_min: 16,
  oxygen_saturation_percent: 97,
  on_supplemental_oxygen: false,
  blood_pressure_systolic: 120,
  pulse_bpm: 70,
  consciousness: 'alert',
  temperature_celsius: 37,
} as const
const hypercapnic = { ...well, has_hypercapnic_target: true, oxygen_saturation_percent: 90 } as const
const onOxygen = { ...hypercapnic, on_supplemental_oxygen: true } as const

/** Each pair of neighbours on both sides of an edge, and the ends of what is accepted. */
const edges: [string, Partial<VitalSigns>, keyof VitalSigns, [value: unknown, points: number][]][] = [
  [
    'respiration rate',
    well,
    'respiratory_rate_per_min',
    [
      [3, 3],
      [8, 3],
      [9, 1],
      [11, 1],
      [12, 0],
      [20, 0],
      [21, 2],
      [24, 2],
      [25, 3],
      [80, 3],
    ],
  ],
  [
    'SpO2 on scale 1',
    well,
    'oxygen_saturation_percent',
    [
      [50, 3],
      [91, 3],
      [92, 2],
      [93, 2],
      [94, 1],
      [95, 1],
      [96, 0],
      [100, 0],
    ],
  ],
  [
    'SpO2 on scale 2, on air',
    hypercapnic,
    'oxygen_saturation_percent',
    [
      [50, 3],
      [83, 3],
      [84, 2],
      [85, 2],
      [86, 1],
      [87, 1],
      [88, 0],
      [92, 0],
      [93, 0],
      [100, 0],
    ],
  ],
  [
    'SpO2 on scale 2, on oxygen',
    onOxygen,
    'oxygen_saturation_percent',
    [
      [50, 3],
      [83, 3],
      [84, 2],
      [85, 2],
      [86, 1],
      [87, 1],
      [88, 0],
      [92, 0],
      [93, 1],
      [94, 1],
      [95, 2],
      [96, 2],
      [97, 3],
      [100, 3],
    ],
  ],
  [
    'air or oxygen',
    well,
    'on_supplemental_oxygen',
    [
      [false, 0],
      [true, 2],
    ],
  ],
  [
    'systolic pressure',
    well,
    'blood_pressure_systolic',
    [
      [40, 3],
      [90, 3],
      [91, 2],
      [100, 2],
      [101, 1],
      [110, 1],
      [111, 0],
      [219, 0],
      [220, 3],
      [300, 3],
    ],
  ],
  [
    'pulse',
    well,
    'pulse_bpm',
    [
      [20, 3],
      [40, 3],
      [41, 1],
      [50, 1],
      [51, 0],
      [90, 0],
      [91, 1],
      [110, 1],
      [111, 2],
      [130, 2],
      [131, 3],
      [300, 3],
    ],
  ],
  [
    'consciousness',
    well,
    'consciousness',
    [
      ['alert', 0],
      ['confusion', 3],
      ['voice', 3],
      ['pain', 3],
      ['unresponsive', 3],
    ],
  ],
  [
    'temperature',
    well,
    'temperature_celsius',
    [
      [25, 3],
      [35, 3],
      [35.1, 1],
      [36, 1],
      [36.1, 0],
      [38, 0],
      [38.1, 1],
      [39, 1],
      [39.1, 2],
      [45, 2],
    ],
  ],
]

describe('NEWS2', () => {
  for (const [name, signs, parameter, values] of edges)
    for (const [value, points] of values)
      it(`gives ${points} for ${name} ${String(value)}`, () => {
        const found = news2({ ...signs, [parameter]: value })
        assert.equal(found.points[parameter as (typeof news2Parameters)[number]], points)
      })

  const bands: [string, Partial<VitalSigns>, number, string, boolean][] = [
    ['nothing', well, 0, 'low', false],
    ['4 in ones and twos', { ...well, pulse_bpm: 111, on_supplemental_oxygen: true }, 4, 'low', false],
    ['a single 3', { ...well, consciousness: 'confusion' }, 3, 'low_medium', true],
    ['a single 3 and 1', { ...well, consciousness: 'voice', pulse_bpm: 91 }, 4, 'low_medium', true],
    [
      '5 without a 3',
      { ...well, pulse_bpm: 111, on_supplemental_oxygen: true, temperature_celsius: 38.1 },
      5,
      'medium',
      false,
    ],
    [
      '6 without a 3',
      { ...well, pulse_bpm: 111, on_supplemental_oxygen: true, temperature_celsius: 39.1 },
      6,
      'medium',
      false,
    ],
    [
      '7 without a 3',
      {
        ...well,
        pulse_bpm: 111,
        on_supplemental_oxygen: true,
        temperature_celsius: 39.1,
        oxygen_saturation_percent: 95,
      },
      7,
      'high',
      true,
    ],
  ]
  for (const [what, signs, score, band, raises] of bands)
    it(`is ${band} for ${what}`, () => {
      const found = news2(signs)
      assert.deepEqual([found.score, found.band, found.least_score, alarms(found)], [score, band, score, raises])
    })

  for (const parameter of news2Parameters)
    it(`has no score without ${parameter}, and names it`, () => {
      const found = news2({ ...well, pulse_bpm: 95, [parameter]: null })
      assert.deepEqual([found.score, found.band, found.missing], [null, null, [parameter]])
      assert.equal(found.points[parameter], undefined)
    })

  it('does not know SpO2 of 93 and more on scale 2 where the oxygen is not known', () => {
    const found = news2({ ...hypercapnic, oxygen_saturation_percent: 93, on_supplemental_oxygen: null })
    assert.deepEqual(found.missing, ['oxygen_saturation_percent', 'on_supplemental_oxygen'])
  })

  it('alarms on what is known alone: a missing value hides no danger', () => {
    assert.equal(alarms(news2({ consciousness: 'unresponsive' })), true)
    assert.equal(alarms(news2({ pulse_bpm: 80 })), false)
  })

  const anySigns = fc.record(
    {
      respiratory_rate_per_min: fc.integer({ min: 3, max: 80 }),
      oxygen_saturation_percent: fc.integer({ min: 50, max: 100 }),
      on_supplemental_oxygen: fc.boolean(),
      has_hypercapnic_target: fc.boolean(),
      blood_pressure_systolic: fc.integer({ min: 40, max: 300 }),
      pulse_bpm: fc.integer({ min: 20, max: 300 }),
      consciousness: fc.constantFrom('alert', 'confusion', 'voice', 'pain', 'unresponsive'),
      temperature_celsius: fc.integer({ min: 250, max: 450 }).map((tenths) => tenths / 10),
    },
    { requiredKeys: [] },
  )
  it('is between 0 and 20, knows each parameter or misses it, and has a score exactly when none is missing', () => {
    fc.assert(
      fc.property(anySigns, (signs) => {
        const { score, least_score, missing, points, band } = news2(signs)
        assert.ok(least_score >= 0 && least_score <= 20)
        assert.deepEqual([...missing, ...Object.keys(points)].toSorted(), news2Parameters.toSorted())
        assert.equal(score, missing.length === 0 ? least_score : null)
        assert.equal(band === null, score === null)
      }),
      { numRuns: 1000 },
    )
  })

  it('is not computed for patients under 16, nor where nothing was measured; an unknown age is taken for an adult', () => {
    assert.equal(derive({ vital_signs: well }, 15)?.news2, null)
    assert.equal(derive({ vital_signs: well }, 16).news2?.score, 0)
    assert.equal(derive({ vital_signs: well }, null).news2?.score, 0)
    assert.equal(derive({ notes: 'Sleeps' }, 40).news2, null)
  })
})

describe('the Morse fall scale', () => {
  const none: FallRisk = {
    history_of_falling: false,
    secondary_diagnosis: false,
    ambulatory_aid: 'none',
    iv_therapy: false,
    gait: 'normal',
    mental_status: 'oriented',
  }
  const items: [Partial<FallRisk>, number, string][] = [
    [{}, 0, 'low'],
    [{ history_of_falling: true }, 25, 'moderate'],
    [{ secondary_diagnosis: true }, 15, 'low'],
    [{ ambulatory_aid: 'crutches' }, 15, 'low'],
    [{ ambulatory_aid: 'furniture' }, 30, 'moderate'],
    [{ iv_therapy: true }, 20, 'low'],
    [{ gait: 'weak' }, 10, 'low'],
    [{ gait: 'impaired' }, 20, 'low'],
    [{ mental_status: 'forgets_limitations' }, 15, 'low'],
    [{ iv_therapy: true, gait: 'impaired' }, 40, 'moderate'],
    [{ history_of_falling: true, gait: 'impaired' }, 45, 'high'],
    [
      {
        history_of_falling: true,
        secondary_diagnosis: true,
        ambulatory_aid: 'furniture',
        iv_therapy: true,
        gait: 'impaired',
        mental_status: 'forgets_limitations',
      },
      125,
      'high',
    ],
  ]
  for (const [answers, total, level] of items)
    it(`is ${total}, ${level}, for ${Object.keys(answers).join(' and ') || 'nothing'}`, () => {
      assert.deepEqual(morse({ ...none, ...answers }), { total, level })
    })
})

describe('BMI and mean arterial pressure', () => {
  const bodies: [number, number, number][] = [
    [70, 175, 22.9],
    [80, 200, 20],
    [18.5, 100, 18.5],
    [3.4, 50, 13.6],
    [500, 140, 255.1],
  ]
  for (const [weight_kg, height_cm, bmi] of bodies)
    it(`is ${bmi} for ${weight_kg} kg and ${height_cm} cm`, () => {
      assert.equal(bodyMassIndex({ weight_kg, height_cm }), bmi)
    })

  it('are not computed from half of what they need', () => {
    assert.equal(bodyMassIndex({ weight_kg: 70 }), null)
    assert.equal(meanArterialPressure({ blood_pressure_systolic: 120 }), null)
    assert.equal(meanArterialPressure({ blood_pressure_systolic: 120, blood_pressure_diastolic: 80 }), 93)
  })
})

describe('reference ranges', () => {
  for (const { under_years, of, source } of referenceRanges)
    for (const [field, [low, high]] of Object.entries(of))
      it(`under ${under_years} years flag ${field} outside ${low} to ${high} and nothing inside`, () => {
        assert.ok(source.length > 10 && loinc[field])
        const age = under_years === Infinity ? null : under_years - 0.01
        const flag = (value: number) => flagsOf({ [field]: value }, age).map((one) => one.flag)
        assert.deepEqual([flag(low), flag(high)], [[], []])
        if (low > 0) assert.deepEqual(flag(low - 1), ['low'])
        assert.deepEqual(flag(high + 1), ['high'])
      })

  it('that are not known are said to be not assessed', () => {
    assert.deepEqual(
      flagsOf({ temperature_celsius: 37, blood_glucose_mg_dl: 90 }, 4).map(({ field, flag }) => [field, flag]),
      [
        ['temperature_celsius', 'not_assessed'],
        ['blood_glucose_mg_dl', 'not_assessed'],
      ],
    )
  })

  it('are those of adults from the sixteenth birthday on, and of an infant in months', () => {
    assert.equal(ageInYears('2010-11-29', '2026-11-28'), 15)
    assert.equal(ageInYears('2010-11-28', '2026-11-28'), 16)
    assert.equal(ageInYears('2026-06-28', '2026-11-28'), 5 / 12)
    assert.equal(ageInYears(null, '2026-11-28'), null)
    assert.equal(rangesFor(16).under_years, Infinity)
    assert.equal(rangesFor(15).under_years, 16)
  })

  it('go by an age that is what the calendar of Temporal makes it', () => {
    const days = fc.integer({ min: 0, max: 40_000 })
    const day = (n: number) => Temporal.PlainDate.from('1920-01-01').add({ days: n })
    fc.assert(
      fc.property(days, days, (one, other) => {
        const [born, on] = [day(Math.min(one, other)), day(Math.max(one, other))]
        const { years, months } = born.until(on, { largestUnit: 'years' })
        assert.equal(ageInYears(born.toString(), on.toString()), years === 0 ? months / 12 : years)
      }),
    )
  })
})
