import assert from 'node:assert/strict'
import { it } from 'node:test'
import { addDays, dateIn, instantAt, minutesIn, weekOf } from './clock.ts'

const placed: [instant: string, zone: string, date: string, minutes: number][] = [
  ['2026-12-01T14:00:00Z', 'UTC', '2026-12-01', 14 * 60],
  ['2026-12-01T02:30:00Z', 'America/New_York', '2026-11-30', 21 * 60 + 30],
  ['2026-12-01T18:45:00Z', 'Asia/Kathmandu', '2026-12-02', 30],
  // The repeated hour of New York's autumn, its first and its second time.
  ['2026-11-01T05:30:00Z', 'America/New_York', '2026-11-01', 90],
  ['2026-11-01T06:30:00Z', 'America/New_York', '2026-11-01', 90],
  ['2026-12-01T00:00:00Z', 'UTC', '2026-12-01', 0],
]

for (const [instant, zone, date, minutes] of placed) {
  it(`${instant} in ${zone} is ${date}, ${minutes} minutes after midnight`, () => {
    assert.deepEqual([dateIn(instant, zone), minutesIn(instant, zone)], [date, minutes])
  })
}

it('days are added over the ends of months, years and February', () => {
  assert.deepEqual(
    [addDays('2026-12-31', 1), addDays('2028-02-28', 1), addDays('2026-03-01', -1), addDays('2026-10-25', 1)],
    ['2027-01-01', '2028-02-29', '2026-02-28', '2026-10-26'],
  )
})

it('an instant is found by its day and minute in a place, across the changes of its clocks', () => {
  const found = ([date, minutes, zone]: [string, number, string]) => instantAt(date, minutes, zone)
  assert.deepEqual(
    [
      found(['2026-12-01', 14 * 60, 'UTC']),
      found(['2026-11-30', 21 * 60 + 30, 'America/New_York']),
      found(['2026-12-02', 30, 'Asia/Kathmandu']),
      found(['2026-11-01', 9 * 60, 'America/New_York']),
      found(['2026-03-08', 9 * 60, 'America/New_York']),
      found(['2026-03-29', 8 * 60 + 15, 'Europe/Madrid']),
    ],
    [
      '2026-12-01T14:00:00.000Z',
      '2026-12-01T02:30:00.000Z',
      '2026-12-01T18:45:00.000Z',
      '2026-11-01T14:00:00.000Z',
      '2026-03-08T13:00:00.000Z',
      '2026-03-29T06:15:00.000Z',
    ],
  )
})

it('a week is from Monday to Sunday, whichever of its days one asks for', () => {
  const week = ['2026-11-30', '2026-12-01', '2026-12-02', '2026-12-03', '2026-12-04', '2026-12-05', '2026-12-06']
  assert.deepEqual([weekOf('2026-11-30'), weekOf('2026-12-03'), weekOf('2026-12-06')], [week, week, week])
})
