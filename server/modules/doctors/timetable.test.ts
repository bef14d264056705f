import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Calendar } from './calendar.store.ts'
import { slotsOn } from './timetable.ts'

const allDay = {
  weekdays: [1, 2, 3, 4, 5, 6, 7],
  start_time: '00:00',
  end_time: '24:00',
  slot_minutes: 5,
}
const calendar = (id: string): Calendar => ({
  id,
  department_id: null,
  timezone: 'UTC',
  location: 'Main',
  is_active: true,
  version: 1,
  hours: [allDay],
  time_off: [],
})
const dates = Array.from({ length: 360 }, (_, days) => Temporal.PlainDate.from('2026-01-01').add({ days }).toString())

it('the slots of a date are kept, until those of all calendars are too many', () => {
  const first = calendar('first')
  const [date = ''] = dates
  const slots = slotsOn(first, date)
  assert.equal(slots.length, 288)
  assert.equal(slotsOn(first, date), slots)
  // Five times 360 days with 288 slots are more than half a million.
  for (const other of ['a', 'b', 'c', 'd', 'e'].map(calendar)) for (const each of dates) slotsOn(other, each)
  const anew = slotsOn(first, date)
  assert.notEqual(anew, slots)
  assert.deepEqual(anew, slots)
})
