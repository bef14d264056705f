import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { commonTime } from './availability.ts'
import { Problem } from '#platform/contract/problem.ts'
import { daysOf, periodBefore, periodOf, readPeriod, stretchesOf } from './period.ts'

const dates = fc.integer({ min: 0, max: 20_000 }).map((days) => Temporal.PlainDate.from('1995-01-01').add({ days }))
// The clock of Beirut skips midnight.
const zones = fc.constantFrom('America/New_York', 'Europe/Berlin', 'Asia/Beirut', 'Asia/Kathmandu', 'UTC')
const periods = fc
  .tuple(dates, fc.nat(365), zones)
  .map(([first, days, timezone]) => periodOf(first, first.add({ days }), timezone))

describe('a period', () => {
  for (const asked of [
    { to: '9999-12-31' },
    { from: '9999-12-31' },
    { from: '0001-01-01', to: '0001-01-02' },
    { to: '0000-01-01' },
  ]) {
    it(`is refused where a day or a period beside it has no year of four digits: ${JSON.stringify(asked)}`, () => {
      assert.throws(
        () => readPeriod(asked, 'Pacific/Kiritimati'),
        (error) => error instanceof Problem && JSON.stringify(error.members).includes('within the years 100 to 9998'),
      )
    })
  }

  it('is divided by its days, weeks and months without gaps or overlaps', () => {
    fc.assert(
      fc.property(periods, fc.constantFrom('day', 'week', 'month', 'period'), (period, of) => {
        const stretches = stretchesOf(period, of)
        assert.equal(stretches[0]?.from, period.from)
        assert.equal(stretches.at(-1)?.to, period.to)
        for (const [at, { from, to }] of stretches.entries()) {
          assert.ok(from <= to)
          const next = stretches[at + 1]
          if (next) assert.equal(Temporal.PlainDate.from(to).add({ days: 1 }).toString(), next.from)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('has days that begin when the one before ends, and lasts as long as they do', () => {
    fc.assert(
      fc.property(periods, (period) => {
        const days = daysOf(period)
        assert.equal(days[0]?.starts_at, period.starts_at)
        for (const { date, starts_at } of days)
          assert.equal(
            Temporal.Instant.from(starts_at).toZonedDateTimeISO(period.timezone).toPlainDate().toString(),
            date,
          )
        const hours = (Date.parse(period.ends_at) - Date.parse(period.starts_at)) / 3_600_000
        assert.ok(Math.abs(hours - days.length * 24) <= 1)
      }),
      { numRuns: 200 },
    )
  })

  it('comes just after the one before, which has as many days', () => {
    fc.assert(
      fc.property(periods, (period) => {
        const before = periodBefore(period)
        assert.equal(before.ends_at, period.starts_at)
        assert.equal(daysOf(before).length, daysOf(period).length)
      }),
      { numRuns: 100 },
    )
  })
})

describe('the time that two lists of ranges have in common', () => {
  const ranges = fc
    .uniqueArray(fc.nat(200), { maxLength: 20 })
    .map((bounds) => bounds.toSorted((one, other) => one - other))
    .map((bounds) =>
      bounds.flatMap((starts_at_ms, at) => {
        const ends_at_ms = bounds[at + 1]
        return at % 2 === 0 && ends_at_ms !== undefined ? [{ starts_at_ms, ends_at_ms }] : []
      }),
    )

  it('is what both hold, counted point by point', () => {
    fc.assert(
      fc.property(ranges, ranges, (ones, others) => {
        const holds = (list: typeof ones, at: number) =>
          list.some((range) => range.starts_at_ms <= at && at < range.ends_at_ms)
        const counted = Array.from({ length: 201 }, (_, at) => holds(ones, at) && holds(others, at)).filter(
          Boolean,
        ).length
        assert.equal(commonTime(ones, others), counted)
      }),
    )
  })
})
