import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RRuleTemporal } from 'rrule-temporal'
import { mostOccurrences, readRecurrence, RecurrenceRule } from './recurrence.contract.ts'
import { expandSeries, type Occurrence } from './series-rule.ts'

const at = (text: string) => Temporal.ZonedDateTime.from(text)
/** The occurrences, or what is wrong with the rule. */
const judged = (rule: string, first: string) => expandSeries(readRecurrence(rule), at(first))
function expanded(rule: string, first: Temporal.ZonedDateTime): Occurrence[] {
  const occurrences = expandSeries(readRecurrence(rule), first)
  return typeof occurrences === 'object' ? occurrences : assert.fail(occurrences)
}
const expand = (rule: string, first: string) => expanded(rule, at(first))
const times = (occurrences: readonly Occurrence[]) => occurrences.map(({ local_time }) => local_time)

describe('a recurrence rule', () => {
  const faults: [rule: string, named: RegExp][] = [
    ['', /parts such as/],
    ['RRULE:FREQ=WEEKLY;COUNT=3', /parts such as/],
    ['freq=weekly;count=3', /parts such as/],
    ['FREQ=WEEKLY;COUNT=3;', /parts such as/],
    ['COUNT=3', /^FREQ /],
    ['FREQ=YEARLY;COUNT=3', /^FREQ /],
    ['FREQ=WEEKLY', /^COUNT or UNTIL /],
    ['FREQ=WEEKLY;COUNT=3;UNTIL=20300101', /^COUNT or UNTIL /],
    ['FREQ=WEEKLY;COUNT=1', /^COUNT /],
    ['FREQ=WEEKLY;COUNT=53', /^COUNT /],
    ['FREQ=WEEKLY;COUNT=03', /^COUNT /],
    ['FREQ=WEEKLY;COUNT=3;COUNT=4', /^COUNT /],
    ['FREQ=WEEKLY;INTERVAL=0;COUNT=3', /^INTERVAL /],
    ['FREQ=WEEKLY;UNTIL=20300230', /^UNTIL /],
    ['FREQ=WEEKLY;UNTIL=20300101T250000Z', /^UNTIL /],
    ['FREQ=WEEKLY;UNTIL=20300101T120000', /^UNTIL /],
    ['FREQ=WEEKLY;BYDAY=2TU;COUNT=3', /^BYDAY /],
    ['FREQ=WEEKLY;BYDAY=TU,TU;COUNT=3', /^BYDAY /],
    ['FREQ=MONTHLY;BYDAY=TU;COUNT=3', /^BYDAY /],
    ['FREQ=MONTHLY;BYDAY=6TU;COUNT=3', /^BYDAY /],
    ['FREQ=WEEKLY;BYMONTHDAY=3;COUNT=3', /^BYMONTHDAY /],
    ['FREQ=MONTHLY;BYMONTHDAY=32;COUNT=3', /^BYMONTHDAY /],
    ['FREQ=MONTHLY;BYMONTHDAY=3;BYDAY=1MO;COUNT=3', /^BYMONTHDAY /],
    ['FREQ=MONTHLY;BYMONTHDAY=3,15,3;COUNT=3', /^BYMONTHDAY names a day twice/],
    ['FREQ=WEEKLY;WKST=XX;COUNT=3', /^WKST /],
    ['FREQ=WEEKLY;BYSETPOS=1;COUNT=3', /^BYSETPOS /],
  ]
  for (const [rule, named] of faults) {
    it(`“${rule}” is refused with the part at fault`, () => {
      const read = RecurrenceRule.safeParse(rule)
      assert.match(read.error?.issues[0]?.message ?? '', named)
    })
  }

  it('gives the days of the week, of a month, or of a month from its end', () => {
    assert.deepEqual(times(expand('FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3', '2027-03-02T09:00[America/New_York]')), [
      '2027-03-02T09:00',
      '2027-03-04T09:00',
      '2027-03-09T09:00',
    ])
    assert.deepEqual(times(expand('FREQ=MONTHLY;BYDAY=-1FR;COUNT=3', '2027-01-29T09:00[America/New_York]')), [
      '2027-01-29T09:00',
      '2027-02-26T09:00',
      '2027-03-26T09:00',
    ])
    assert.deepEqual(times(expand('FREQ=MONTHLY;COUNT=3', '2027-01-31T09:00[America/New_York]')), [
      '2027-01-31T09:00',
      '2027-03-31T09:00',
      '2027-05-31T09:00',
    ])
  })

  it('gives days of the month by their numbers, and the last one whichever that is', () => {
    assert.deepEqual(times(expand('FREQ=MONTHLY;BYMONTHDAY=15,-1;COUNT=5', '2027-01-15T09:00[America/New_York]')), [
      '2027-01-15T09:00',
      '2027-01-31T09:00',
      '2027-02-15T09:00',
      '2027-02-28T09:00',
      '2027-03-15T09:00',
    ])
  })

  it('includes the day that UNTIL names, and of an instant what begins no later', () => {
    const first = '2027-03-02T21:00[America/New_York]'
    assert.equal(expand('FREQ=WEEKLY;UNTIL=20270316', first).length, 3)
    assert.equal(expand('FREQ=WEEKLY;UNTIL=20270315', first).length, 2)
    assert.equal(expand('FREQ=WEEKLY;UNTIL=20270317T010000Z', first).length, 3)
    assert.equal(expand('FREQ=WEEKLY;UNTIL=20270317T005959Z', first).length, 2)
  })

  it('ends at the most that a series has, and says where there would be more', () => {
    assert.equal(
      expand(`FREQ=DAILY;COUNT=${mostOccurrences}`, '2027-03-02T09:00[Europe/Berlin]').length,
      mostOccurrences,
    )
    assert.equal(expand('FREQ=DAILY;UNTIL=20270422', '2027-03-02T09:00[Europe/Berlin]').length, mostOccurrences)
    assert.equal(judged('FREQ=DAILY;UNTIL=20270423', '2027-03-02T09:00[Europe/Berlin]'), 'too_many')
    assert.equal(judged('FREQ=DAILY;UNTIL=99991231', '2027-03-02T09:00[Europe/Berlin]'), 'too_many')
  })

  it('does not begin before its first time, nor after it', () => {
    assert.equal(judged('FREQ=WEEKLY;BYDAY=WE;COUNT=3', '2027-03-02T09:00[Europe/Berlin]'), 'not_first')
    assert.equal(judged('FREQ=WEEKLY;UNTIL=20270301', '2027-03-02T09:00[Europe/Berlin]'), 'not_first')
  })

  it('that gives no day at all does not begin with its first time', () => {
    for (const end of ['COUNT=3', 'UNTIL=99991231']) {
      const never = `FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30;${end}`
      assert.equal(judged(never, '2027-02-01T09:00[America/New_York]'), 'not_first')
    }
  })

  it('is expanded in the first and the last years of the calendar, up to the year 9998', () => {
    assert.equal(expand('FREQ=MONTHLY;COUNT=3', '9998-11-01T09:00[America/New_York]').length, 2)
    assert.equal(judged('FREQ=MONTHLY;COUNT=3', '9999-01-01T09:00[America/New_York]'), 'not_first')
    // In UTC it is the first day of the year 1.
    assert.equal(expand('FREQ=DAILY;COUNT=3', '0000-12-31T20:00[America/New_York]').length, 3)
  })

  it('tells an occurrence in the skipped hour, and has the repeated hour once', () => {
    const spring = expand('FREQ=DAILY;COUNT=3', '2027-03-13T02:30[America/New_York]')
    assert.deepEqual(
      spring.map(({ local_time, is_skipped }) => [local_time, is_skipped]),
      [
        ['2027-03-13T02:30', false],
        ['2027-03-14T02:30', true],
        ['2027-03-15T02:30', false],
      ],
    )
    const autumn = expand('FREQ=DAILY;COUNT=3', '2027-11-06T01:30[America/New_York]')
    assert.deepEqual(
      autumn.map(({ appointment_time }) => appointment_time),
      ['2027-11-06T05:30:00Z', '2027-11-07T05:30:00Z', '2027-11-08T06:30:00Z'],
    )
  })
})

describe('for any rule, zone and first time, the occurrences', () => {
  const zones = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Santiago']
  const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
  const first = fc
    .record({
      zone: fc.constantFrom(...zones),
      day: fc.integer({ min: 0, max: 7300 }),
      minute: fc.integer({ min: 0, max: 1439 }),
    })
    .map(({ zone, day, minute }) =>
      Temporal.PlainDate.from('2020-01-01')
        .add({ days: day })
        .toPlainDateTime({ hour: Math.floor(minute / 60), minute: minute % 60 })
        .toZonedDateTime(zone),
    )
  const interval = fc.integer({ min: 1, max: 4 })
  const count = fc.integer({ min: 2, max: mostOccurrences })

  it('of days and weeks are those of a calendar walked day by day, at the same time on the clock', () => {
    const days = fc.subarray(weekdays)
    fc.assert(
      fc.property(first, interval, count, days, fc.boolean(), (start, every, most, others, isDaily) => {
        const own = weekdays[start.dayOfWeek - 1] ?? ''
        const by = [...new Set([own, ...others])]
        const rule = isDaily
          ? `FREQ=DAILY;INTERVAL=${every};COUNT=${most}`
          : `FREQ=WEEKLY;INTERVAL=${every};BYDAY=${by.join(',')};COUNT=${most}`
        const found = expanded(rule, start)
        const monday = start.toPlainDate().subtract({ days: start.dayOfWeek - 1 })
        const walked: string[] = []
        for (let date = start.toPlainDate(); walked.length < most; date = date.add({ days: 1 })) {
          const from_start = start.toPlainDate().until(date, { largestUnit: 'days' }).days
          const weeks = Math.floor(monday.until(date, { largestUnit: 'days' }).days / 7)
          const isOne = isDaily
            ? from_start % every === 0
            : weeks % every === 0 && by.includes(weekdays[date.dayOfWeek - 1] ?? '')
          if (isOne) walked.push(date.toPlainDateTime(start.toPlainTime()).toString({ smallestUnit: 'minute' }))
        }
        assert.deepEqual(times(found), walked)
        for (const { appointment_time, local_time, is_skipped } of found) {
          const shown = Temporal.Instant.from(appointment_time).toZonedDateTimeISO(start.timeZoneId).toPlainDateTime()
          assert.equal(shown.equals(local_time), !is_skipped)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('of months are those of the library in the zone itself, and beside them only the skipped hour', () => {
    fc.assert(
      fc.property(first, interval, fc.integer({ min: 2, max: 20 }), (start, every, most) => {
        const found = expanded(`FREQ=MONTHLY;INTERVAL=${every};COUNT=${most}`, start)
        const { dtstart, until } = { dtstart: start, until: start.add({ years: 30 }) }
        const last = found.at(-1)?.appointment_time ?? ''
        const library: string[] = []
        new RRuleTemporal({ freq: 'MONTHLY', interval: every, dtstart, until }).all((date) => {
          const instant = Temporal.ZonedDateTime.from(date.toString()).toInstant().toString()
          if (Temporal.Instant.compare(instant, last) > 0) return false
          library.push(instant)
          return true
        })
        assert.deepEqual(
          found.filter(({ is_skipped }) => !is_skipped).map(({ appointment_time }) => appointment_time),
          library,
        )
      }),
      { numRuns: 100 },
    )
  })
})
