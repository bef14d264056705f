import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  coversTime,
  defaultHours,
  expandHours,
  freeSlots,
  instantText,
  nearestSlots,
  reservedAmong,
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

const [first_year, last_year] = [2020, 2040]

type Transition = { at_ms: number; before: number; after: number }
const known = new Map<string, Transition[]>()

/** The transitions of a zone within those years, as instants and offsets from UTC. */
function transitionsOf(zone: string): Transition[] {
  const found = known.get(zone) ?? []
  if (known.has(zone)) return found
  known.set(zone, found)
  const begin = Temporal.ZonedDateTime.from(`${first_year}-01-01T00:00[${zone}]`)
  for (
    let at = begin.getTimeZoneTransition('next');
    at && at.year <= last_year;
    at = at.getTimeZoneTransition('next')
  ) {
    const before = at.subtract({ seconds: 1 }).offsetNanoseconds / 1e6
    found.push({ at_ms: at.epochMilliseconds, before, after: at.offsetNanoseconds / 1e6 })
  }
  return found
}

/** One zone of each family: those whose clocks show the same all through these years are one. */
const families = [
  ...new Map(
    Intl.supportedValuesOf('timeZone').map((zone) => {
      const { offsetNanoseconds } = Temporal.ZonedDateTime.from(`${first_year}-01-01T00:00[${zone}]`)
      return [JSON.stringify([offsetNanoseconds, transitionsOf(zone)]), zone]
    }),
  ).values(),
]
/** Every date of every family on which its clocks change, and the date that they change to. */
const transitions = families.flatMap((zone) => {
  const dates = transitionsOf(zone).flatMap(({ at_ms, before, after }) =>
    [at_ms - 1 + before, at_ms + after].map((wall_ms) => dateAt(wall_ms)),
  )
  return [...new Set(dates)].map((date) => ({ zone, date }))
})

function dateAt(wall_ms: number): string {
  return Temporal.Instant.fromEpochMilliseconds(wall_ms).toZonedDateTimeISO('UTC').toPlainDate().toString()
}

const minute_ms = 60_000
const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

/**
 * The slots that a person with a clock on the wall would write down, minute by minute, who sees each time of day once and crosses
 * out a slot when the hand jumps in it.
 */
function observedSlots(hours: readonly WorkingHours[], zone: string, date: string): TimeRange[] {
  const day = Temporal.PlainDate.from(date)
  const from_ms = day.toZonedDateTime(zone).epochMilliseconds
  const until_ms = day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds + 5 * 60 * minute_ms
  const wall: number[] = []
  const changes = new Map(transitionsOf(zone).map(({ at_ms, after }) => [at_ms, after]))
  let offset_ms = day.toZonedDateTime(zone).offsetNanoseconds / 1e6
  for (let at_ms = from_ms; at_ms < until_ms; at_ms += minute_ms) {
    offset_ms = changes.get(at_ms) ?? offset_ms
    wall.push(at_ms + offset_ms)
  }
  const firstAt = new Map<number, number>()
  for (const [at, wall_ms] of wall.entries()) if (!firstAt.has(wall_ms)) firstAt.set(wall_ms, at)
  const jumps = wall.flatMap((wall_ms, at) => (at > 0 && wall_ms > (wall[at - 1] ?? 0) + minute_ms ? [at] : []))

  const midnight_ms = Date.parse(date)
  return hours
    .filter(({ weekdays, valid_from = date, valid_until = date }) => {
      return weekdays.includes(day.dayOfWeek) && valid_from <= date && date <= valid_until
    })
    .flatMap(({ start_time, end_time, slot_minutes }) => {
      const count = Math.floor((minutesOf(end_time) - minutesOf(start_time)) / slot_minutes)
      return Array.from({ length: count }, (_, at) => {
        const begin = firstAt.get(midnight_ms + (minutesOf(start_time) + at * slot_minutes) * minute_ms)
        if (begin === undefined || jumps.some((jump) => begin < jump && jump < begin + slot_minutes)) return undefined
        const starts_at_ms = from_ms + begin * minute_ms
        return { starts_at_ms, ends_at_ms: starts_at_ms + slot_minutes * minute_ms }
      })
    })
    .filter((slot) => slot !== undefined)
    .sort((left, right) => left.starts_at_ms - right.starts_at_ms)
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

const anyBlock = fc.record({
  weekdays: fc.subarray(everyDay, { minLength: 4 }),
  slot_minutes: fc.oneof(fc.constantFrom(15, 20, 30, 60), fc.integer({ min: 5, max: 240 })),
  emergency_share: fc.constantFrom(0, 0.1, 0.5, 1),
})
/** The hours of a day: one to four blocks that do not overlap, some of them about the hours at which clocks change. */
const anyHours = fc
  .tuple(
    fc.uniqueArray(
      fc.oneof(
        fc.integer({ min: 0, max: 1440 }),
        fc.integer({ min: 0, max: 48 }).map((five) => five * 5),
      ),
      { minLength: 2, maxLength: 8 },
    ),
    fc.array(anyBlock, { minLength: 4, maxLength: 4 }),
  )
  .map(([times, blocks]) => {
    const sorted = times.toSorted((left, right) => left - right)
    return blocks.flatMap((block, at): WorkingHours[] => {
      const [start, end] = [sorted[2 * at], sorted[2 * at + 1]]
      return start === undefined || end === undefined
        ? []
        : [{ ...block, start_time: clock(start), end_time: clock(end) }]
    })
  })
const anyDate = fc
  .integer({ min: 0, max: 7600 })
  .map((days) => Temporal.PlainDate.from('2020-01-01').add({ days }).toString())
const anyDay = fc.oneof(
  fc.constantFrom(...transitions),
  fc.record({ zone: fc.constantFrom(...families), date: anyDate }),
)
const bare = ({ starts_at_ms, ends_at_ms }: TimeRange) => ({ starts_at_ms, ends_at_ms })

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

  it('are those that the hours say, on every day of 2020 to 2040 on which the clocks of any zone change', (t) => {
    t.diagnostic(`${families.length} families of zones, ${transitions.length} days`)
    assert.ok(families.length >= 70 && transitions.length >= 1400)
    // Each day with hours of its own; the seed of a failure is told by fast-check.
    fc.assert(
      fc.property(fc.array(anyHours, { minLength: 50, maxLength: 50 }), (some) => {
        for (const [at, { zone, date }] of transitions.entries()) {
          const hours = some[at % some.length] ?? []
          const offered = expandHours(hours, zone, { from: date, to: date }).map(bare)
          assert.deepEqual(offered, observedSlots(hours, zone, date), `${zone} ${date} ${JSON.stringify(hours)}`)
        }
      }),
      { numRuns: 1, endOnFailure: true },
    )
  })

  it('are those that the hours say, on any day', () => {
    fc.assert(
      fc.property(anyDay, anyHours, ({ zone, date }, hours) => {
        const slots = expandHours(hours, zone, { from: date, to: date })
        assert.deepEqual(slots.map(bare), observedSlots(hours, zone, date))
        for (const [at, slot] of slots.entries()) {
          assert.ok((slots[at + 1]?.starts_at_ms ?? Infinity) >= slot.ends_at_ms, 'two slots overlap')
        }
      }),
      { numRuns: 400 },
    )
  })

  it('are found again by their start, and by nothing beside it; their hours cover them', () => {
    fc.assert(
      fc.property(anyDay, anyHours, ({ zone, date }, hours) => {
        for (const slot of expandHours(hours, zone, { from: date, to: date }).slice(0, 3)) {
          assert.deepEqual(slotAt(hours, zone, slot.starts_at_ms), slot)
          assert.equal(slotAt(hours, zone, slot.starts_at_ms + 60_000), undefined)
          assert.ok(coversTime(hours, zone, slot))
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a time', () => {
  const hours = (...blocks: [string, string][]) =>
    blocks.map(([start_time, end_time]) => ({ weekdays: everyDay, start_time, end_time, slot_minutes: 15 }))
  for (const { title, blocks, from, to, expected } of [
    { title: 'within one block', blocks: hours(['09:00', '12:00']), from: '09:00', to: '12:00', expected: true },
    {
      title: 'across two back to back',
      blocks: hours(['10:00', '12:00'], ['09:00', '10:00']),
      from: '09:30',
      to: '10:30',
      expected: true,
    },
    {
      title: 'across a gap',
      blocks: hours(['09:00', '10:00'], ['10:01', '12:00']),
      from: '09:30',
      to: '10:30',
      expected: false,
    },
    {
      title: 'that begins a minute early',
      blocks: hours(['09:00', '12:00']),
      from: '08:59',
      to: '09:30',
      expected: false,
    },
    {
      title: 'that ends a minute late',
      blocks: hours(['09:00', '12:00']),
      from: '11:30',
      to: '12:01',
      expected: false,
    },
    { title: 'on a day without hours', blocks: [], from: '09:00', to: '09:30', expected: false },
    { title: 'up to midnight', blocks: hours(['22:00', '24:00']), from: '23:30', to: '24:00', expected: true },
  ]) {
    it(`${title} ${expected ? 'lies' : 'does not lie'} in the hours`, () => {
      const at = (time: string) => ms('2026-12-01T00:00:00Z') + minutesOf(time) * minute_ms
      assert.equal(coversTime(blocks, 'UTC', { starts_at_ms: at(from), ends_at_ms: at(to) }), expected)
    })
  }

  it('past midnight lies in the hours of both days', () => {
    const blocks = hours(['22:00', '24:00'], ['00:00', '02:00'])
    const time = { starts_at_ms: ms('2026-12-01T23:30:00Z'), ends_at_ms: ms('2026-12-02T00:30:00Z') }
    assert.ok(coversTime(blocks, 'UTC', time))
    assert.ok(!coversTime(blocks.slice(0, 1), 'UTC', time))
  })
})

describe('the share that is kept for what is urgent', () => {
  for (const [slots, share, expected] of [
    [16, 0, []],
    [16, 0.1, [4, 12]],
    [4, 0.25, [2]],
    [4, 0.01, [2]],
    [3, 1, [0, 1, 2]],
    [100, 0.07, [7, 21, 35, 50, 64, 78, 92]],
    [0, 1, []],
  ] as const) {
    it(`of ${share} of ${slots} slots is ${expected.length} of them`, () => {
      assert.deepEqual([...reservedAmong(slots, share)], expected)
    })
  }

  it('is never less than the share, never a whole slot more, and spread over all of the day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 288 }), fc.double({ min: 0, max: 1, noNaN: true }), (slots, share) => {
        const reserved = [...reservedAmong(slots, share)]
        assert.ok(reserved.length >= slots * share - 1e-6 && reserved.length < slots * share + 1)
        assert.ok(reserved.every((at) => at >= 0 && at < slots))
        const gaps = reserved.slice(1).map((at, index) => at - (reserved[index] ?? 0))
        assert.ok(gaps.length === 0 || Math.max(...gaps) - Math.min(...gaps) <= 1)
      }),
    )
  })

  it('are the same times on a day on which the clocks change, as far as they exist', () => {
    const hours = [
      { weekdays: everyDay, start_time: '00:00', end_time: '06:00', slot_minutes: 30, emergency_share: 0.5 },
    ]
    const kept = (date: string) =>
      expandHours(hours, 'America/New_York', { from: date, to: date })
        .filter(({ is_reserved }) => is_reserved)
        .map(({ starts_at_ms }) => wallOf(starts_at_ms, 'America/New_York').slice(11))
    const usual = kept('2026-03-07')
    assert.equal(usual.length, 6)
    assert.deepEqual(
      kept('2026-03-08'),
      usual.filter((time) => !time.startsWith('02')),
    )
    assert.deepEqual(kept('2026-11-01'), usual)
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
      title: 'they overlap each other, as overbooked ones do',
      taken: [range('09:00', '11:30'), range('09:10', '09:20')],
      free: [],
    },
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
