import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  defaultHours,
  expandHours,
  freeSlots,
  instantText,
  nearestSlots,
  slotAt,
  type TimeRange,
  type WorkingHours,
} from './slots.ts'

const everyDay = [1, 2, 3, 4, 5, 6, 7]
const ms = (text: string) => Temporal.Instant.from(text).epochMilliseconds
const startsOf = (slots: readonly TimeRange[]) =>
  slots.map(({ starts_at_ms }) => Temporal.Instant.fromEpochMilliseconds(starts_at_ms).toString())
const wallOf = (at_ms: number, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at_ms)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })
const onDay = (zone: string, date: string, start_time: string, end_time: string, slot_minutes: number) =>
  expandHours([{ weekdays: everyDay, start_time, end_time, slot_minutes }], zone, { from: date, to: date })

/** Every date between 2020 and 2040 on which the clocks of a zone change. */
function transitionDates(zone: string): string[] {
  const dates: string[] = []
  let at = Temporal.ZonedDateTime.from(`2020-01-01T00:00[${zone}]`).getTimeZoneTransition('next')
  while (at && at.year <= 2040) {
    dates.push(at.subtract({ seconds: 1 }).toPlainDate().toString(), at.toPlainDate().toString())
    at = at.getTimeZoneTransition('next')
  }
  return [...new Set(dates)]
}

const zones = [
  'America/New_York',
  'Europe/Berlin',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'America/St_Johns',
  'Africa/Casablanca',
  'UTC',
]
const transitions = zones.flatMap((zone) => transitionDates(zone).map((date) => ({ zone, date })))
const anyHours = fc
  .record({
    start: fc.integer({ min: 0, max: 1380 }),
    length: fc.integer({ min: 5, max: 600 }),
    slot_minutes: fc.integer({ min: 5, max: 240 }),
  })
  .map(({ start, length, slot_minutes }): WorkingHours => {
    const clock = (minutes: number) =>
      `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
    return {
      weekdays: everyDay,
      start_time: clock(start),
      end_time: clock(Math.min(start + length, 1439)),
      slot_minutes,
    }
  })
const anyDay = fc.oneof(
  fc.constantFrom(...transitions),
  fc.record({
    zone: fc.constantFrom(...zones),
    date: fc
      .integer({ min: 0, max: 7000 })
      .map((days) => Temporal.PlainDate.from('2020-01-01').add({ days }).toString()),
  }),
)

describe('slots of working hours', () => {
  it('are the default hours from Monday to Friday, as far as whole slots fit', () => {
    const hours = [defaultHours({ available_from: '09:00', available_to: '10:45', consultation_minutes: 30 })]
    // Friday to Monday.
    const slots = expandHours(hours, 'America/New_York', { from: '2026-12-04', to: '2026-12-07' })
    const expected = ['2026-12-04', '2026-12-07'].flatMap((date) =>
      ['14:00', '14:30', '15:00'].map((time) => `${date}T${time}:00Z`),
    )
    assert.deepEqual(startsOf(slots), expected)
  })

  it('stay at their wall-clock time when the clocks change', () => {
    const slots = ['2026-03-06', '2026-03-09'].flatMap((date) => onDay('America/New_York', date, '09:00', '10:00', 60))
    assert.deepEqual(startsOf(slots), ['2026-03-06T14:00:00Z', '2026-03-09T13:00:00Z'])
  })

  for (const { title, slot_minutes, expected } of [
    { title: 'on the hour', slot_minutes: 60, expected: ['06:00', '07:00', '08:00'] },
    { title: 'and those that reach into it', slot_minutes: 45, expected: ['06:00', '07:15', '08:00'] },
  ]) {
    it(`do not exist in the skipped hour: ${title}`, () => {
      // 02:00 becomes 03:00, which is 07:00Z.
      const slots = onDay('America/New_York', '2026-03-08', '01:00', '05:00', slot_minutes)
      assert.deepEqual(
        startsOf(slots).map((text) => text.slice(11, 16)),
        expected,
      )
    })
  }

  it('occur once in the repeated hour, the first time', () => {
    const slots = onDay('America/New_York', '2026-11-01', '00:30', '03:00', 30)
    assert.deepEqual(
      startsOf(slots).map((text) => text.slice(11, 16)),
      ['04:30', '05:00', '05:30', '07:00', '07:30'],
    )
  })

  it('keep to the validity of their block', () => {
    const block = {
      weekdays: everyDay,
      start_time: '09:00',
      end_time: '10:00',
      slot_minutes: 60,
      valid_from: '2026-12-02',
      valid_until: '2026-12-03',
    }
    assert.deepEqual(startsOf(expandHours([block], 'UTC', { from: '2026-12-01', to: '2026-12-05' })), [
      '2026-12-02T09:00:00Z',
      '2026-12-03T09:00:00Z',
    ])
  })

  it('begin at a configured wall-clock time, last as long as configured and never overlap, on every day of every zone', () => {
    assert.ok(transitions.length >= 300, `only ${transitions.length} transition days`)
    fc.assert(
      fc.property(anyDay, anyHours, ({ zone, date }, hours) => {
        const slots = expandHours([hours], zone, { from: date, to: date })
        const offered = slots.map(({ starts_at_ms }) => wallOf(starts_at_ms, zone))
        assert.equal(new Set(offered).size, offered.length)
        const midnight = Temporal.PlainDate.from(date).toPlainDateTime()
        const minute = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
        const configured = new Set<string>()
        for (
          let at = minute(hours.start_time);
          at + hours.slot_minutes <= minute(hours.end_time);
          at += hours.slot_minutes
        ) {
          configured.add(midnight.add({ minutes: at }).toString({ smallestUnit: 'minute' }))
        }
        assert.ok(offered.every((wall) => configured.has(wall)))
        for (const [at, slot] of slots.entries()) {
          assert.equal(slot.ends_at_ms - slot.starts_at_ms, hours.slot_minutes * 60_000)
          assert.ok((slots[at + 1]?.starts_at_ms ?? Infinity) >= slot.ends_at_ms)
        }
        // Nothing is missing but what touches a skipped minute.
        const skipped = [...configured].filter((wall) => !offered.includes(wall))
        for (const wall of skipped) {
          const touches = Array.from({ length: hours.slot_minutes }, (_, at) =>
            Temporal.PlainDateTime.from(wall).add({ minutes: at }),
          )
          assert.ok(
            touches.some((plain) => !plain.toZonedDateTime(zone).toPlainDateTime().equals(plain)),
            `${wall} ${zone} is missing`,
          )
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('are found again by their start, and by nothing beside it', () => {
    fc.assert(
      fc.property(anyDay, anyHours, ({ zone, date }, hours) => {
        for (const slot of expandHours([hours], zone, { from: date, to: date }).slice(0, 3)) {
          assert.deepEqual(slotAt([hours], zone, slot.starts_at_ms), slot)
          assert.equal(slotAt([hours], zone, slot.starts_at_ms + 60_000), undefined)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('free slots', () => {
  const slots = onDay('UTC', '2026-12-01', '09:00', '12:00', 60)
  const range = (from: string, to: string): TimeRange => ({
    starts_at_ms: ms(`2026-12-01T${from}:00Z`),
    ends_at_ms: ms(`2026-12-01T${to}:00Z`),
  })

  for (const { title, taken, free } of [
    { title: 'nothing is taken', taken: [], free: ['09', '10', '11'] },
    { title: 'one is taken, its neighbours touch it', taken: [range('10:00', '11:00')], free: ['09', '11'] },
    { title: 'a range overlaps two by a minute each', taken: [range('09:59', '10:01')], free: ['11'] },
    { title: 'a long one began before', taken: [range('07:00', '10:30')], free: ['11'] },
    {
      title: 'two short ones lie in one slot',
      taken: [range('09:05', '09:10'), range('09:20', '09:25')],
      free: ['10', '11'],
    },
  ]) {
    it(`are those that nothing touches: ${title}`, () => {
      assert.deepEqual(
        startsOf(freeSlots(slots, taken)).map((text) => text.slice(11, 13)),
        free,
      )
    })
  }

  it('are written as canonical instants, with a fraction only where there is one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (at_ms) => {
        const text = instantText(at_ms)
        assert.equal(Temporal.Instant.compare(text, Temporal.Instant.fromEpochMilliseconds(at_ms)), 0)
        assert.equal(text.includes('.'), at_ms % 1000 !== 0)
      }),
    )
  })

  it('nearest to an instant come in order of time', () => {
    assert.deepEqual(
      startsOf(nearestSlots(slots, ms('2026-12-01T11:10:00Z'), 2)).map((text) => text.slice(11, 13)),
      ['10', '11'],
    )
  })
})
