import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Concerns, keysOf, leastOf, type LiveEvent } from './concerns.ts'

const event = (type: string): LiveEvent => ({
  id: '1',
  type,
  subject_type: type.split('.')[0] ?? '',
  subject_id: 's',
  patient_id: 'p',
  payload: {},
  created_at: '2026-12-01T14:00:00Z',
})

describe('an event', () => {
  const calendar: Concerns = { 'appointment.*': [['appointments'], ['slots']], 'hold.made': [['slots']] }
  const chart: Concerns = { 'appointment.booked': ({ patient_id }) => [['chart', patient_id]] }

  it('concerns what was said of its type, of its kind, and no other', () => {
    assert.deepEqual(keysOf(event('appointment.booked'), [calendar, chart]), [
      ['appointments'],
      ['slots'],
      ['chart', 'p'],
    ])
    assert.deepEqual(keysOf(event('hold.made'), [calendar, chart]), [['slots']])
    assert.deepEqual(keysOf(event('hold.ended'), [calendar, chart]), [])
  })

  it('has each read once: what a shorter key stands for is left out', () => {
    assert.deepEqual(leastOf([['a', 'b'], ['a'], ['a'], ['ab'], ['c', { d: 1 }]]), [['a'], ['ab'], ['c', { d: 1 }]])
    assert.deepEqual(leastOf([['a'], [], ['b', 'c']]), [[]])
  })
})
