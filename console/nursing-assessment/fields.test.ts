// What is typed as the form of the contract, and back.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { differing, type FieldName, fields, judge, valuesOf } from './fields.ts'
import { NursingForm } from '#contracts/assessments/nursing'

describe('what is typed', () => {
  it('becomes the form, with a comma or a point, and goes back as it was', () => {
    const typed = {
      'vital_signs.temperature_celsius': '37,2',
      'vital_signs.on_supplemental_oxygen': 'no',
      'vital_signs.consciousness': 'alert',
      'general.diet': ' soft ',
      notes: 'Sleeps',
    } as const
    const { form, faults } = judge(typed)
    assert.deepEqual(form, {
      vital_signs: { temperature_celsius: 37.2, on_supplemental_oxygen: false, consciousness: 'alert' },
      general: { diet: 'soft' },
      notes: 'Sleeps',
    })
    assert.equal(faults.size, 0)
    assert.deepEqual(valuesOf(form), {
      ...typed,
      'vital_signs.temperature_celsius': '37.2',
      'general.diet': 'soft',
    })
    assert.deepEqual(differing(typed, valuesOf(form)), ['vital_signs.temperature_celsius'])
  })

  it('and is wrong is told at its field, and keeps nothing else from being saved', () => {
    const { form, faults } = judge({
      'vital_signs.pulse_bpm': '1',
      'vital_signs.respiratory_rate_per_min': '81',
      'vital_signs.weight_kg': 'heavy',
      'vital_signs.height_cm': '170.25',
      'vital_signs.blood_pressure_systolic': '80',
      'vital_signs.blood_pressure_diastolic': '90',
      'general.diet': 'x'.repeat(201),
      notes: 'Stays',
    })
    assert.deepEqual(Object.fromEntries(faults), {
      'vital_signs.pulse_bpm': { kind: 'at_least', bound: 20 },
      'vital_signs.respiratory_rate_per_min': { kind: 'at_most', bound: 80 },
      'vital_signs.weight_kg': { kind: 'number' },
      'vital_signs.height_cm': { kind: 'one_decimal' },
      'vital_signs.blood_pressure_diastolic': { kind: 'below_systolic' },
      'general.diet': { kind: 'too_long' },
    })
    assert.deepEqual(form, { vital_signs: { blood_pressure_systolic: 80 }, notes: 'Stays' })
  })

  it('of two pressures is compared when both are right', () => {
    const { form, faults } = judge({
      'vital_signs.blood_pressure_systolic': '80',
      'vital_signs.blood_pressure_diastolic': '90',
    })
    assert.deepEqual(Object.fromEntries(faults), { 'vital_signs.blood_pressure_diastolic': { kind: 'below_systolic' } })
    assert.deepEqual(form, { vital_signs: { blood_pressure_systolic: 80 } })
  })

  it('of the risk of falling is whole or not saved', () => {
    const { form, faults } = judge({ 'fall_risk.gait': 'weak' })
    assert.deepEqual(form, {})
    assert.deepEqual([...new Set([...faults.values()].map(({ kind }) => kind))], ['all_of_it'])
    assert.equal(faults.size, 5)
  })

  it('has a field for everything that the contract takes', () => {
    const shapes = Object.entries(NursingForm.shape).flatMap(([section, schema]) => {
      const inner = 'unwrap' in schema ? schema.unwrap() : schema
      return 'shape' in inner ? Object.keys(inner.shape as object).map((member) => `${section}.${member}`) : [section]
    })
    const names: FieldName[] = fields.map(({ name }) => name)
    assert.deepEqual(shapes.filter((name) => name !== 'taken_at').toSorted(), names.toSorted())
  })
})
