// Where vital signs stand on their charts.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { VitalSignsAt } from '#contracts/assessments/assessment'
import { measures, placeOf, seriesOf, since, spanOf } from './measures.ts'

const at = (taken_at: string, signs: Partial<VitalSignsAt>) => ({ taken_at, ...signs }) as VitalSignsAt
const measure = (name: string) => {
  const found = measures.find((one) => one.name === name)
  assert.ok(found)
  return found
}

describe('a chart', () => {
  it('has the values oldest first, marks what is not usual, and leaves out what was not measured', () => {
    const items = [
      at('2026-12-01T12:00:00Z', { pulse_bpm: 120 }),
      at('2026-12-01T11:00:00Z', { pulse_bpm: null }),
      at('2026-12-01T10:00:00Z', { pulse_bpm: 70 }),
    ]
    const [series] = seriesOf(measure('pulse_bpm'), items, 40)
    assert.deepEqual(series?.range, [60, 100])
    assert.deepEqual(
      series.points.map(({ value, isUsual }) => [value, isUsual]),
      [
        [70, true],
        [120, false],
      ],
    )
  })

  it('of the blood pressure has two lines', () => {
    const items = [at('2026-12-01T12:00:00Z', { blood_pressure_systolic: 150, blood_pressure_diastolic: 80 })]
    assert.deepEqual(
      seriesOf(measure('blood_pressure'), items, 40).map(({ points }) =>
        points.map(({ value, isUsual }) => [value, isUsual]),
      ),
      [[[150, false]], [[80, true]]],
    )
  })

  it('has room for its values and for the usual range', () => {
    const [low, high] = spanOf(seriesOf(measure('pulse_bpm'), [at('2026-12-01T12:00:00Z', { pulse_bpm: 130 })], 40))
    assert.ok(low < 60 && high > 130)
  })

  it('places instants between the first and the last, and one alone in the middle', () => {
    assert.equal(placeOf('2026-12-01T06:00:00Z', '2026-12-01T00:00:00Z', '2026-12-02T00:00:00Z'), 0.25)
    assert.equal(placeOf('2026-12-01T06:00:00Z', '2026-12-01T06:00:00Z', '2026-12-01T06:00:00Z'), 0.5)
  })

  it('begins so long ago as was asked for', () => {
    assert.equal(since('day', Date.parse('2026-12-02T00:00:00Z')), '2026-12-01T00:00:00.000Z')
    assert.equal(since('all', 0), undefined)
  })
})
