import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sendingTime } from './sending-time.ts'

const night = { quiet_from: '22:00', quiet_until: '07:00', timezone: 'America/New_York' }
const noon = { quiet_from: '12:00', quiet_until: '13:30', timezone: 'Asia/Kathmandu' }

describe('the quiet hours', () => {
  const start = '2027-03-20T15:00:00Z'
  for (const { asked, quiet, sent, why } of [
    { asked: '2027-03-10T20:00:00Z', quiet: undefined, sent: '2027-03-10T20:00:00Z', why: 'where there are none' },
    { asked: '2027-03-11T02:59:59Z', quiet: night, sent: '2027-03-11T02:59:59Z', why: 'before they begin' },
    { asked: '2027-03-11T03:00:00Z', quiet: night, sent: '2027-03-11T12:00:00Z', why: 'when they begin' },
    { asked: '2027-03-11T11:59:59Z', quiet: night, sent: '2027-03-11T12:00:00Z', why: 'in the last second' },
    { asked: '2027-03-11T12:00:00Z', quiet: night, sent: '2027-03-11T12:00:00Z', why: 'when they end' },
    { asked: '2027-03-14T04:00:00Z', quiet: night, sent: '2027-03-14T11:00:00Z', why: 'in the night of the lost hour' },
    { asked: '2027-03-11T06:15:00Z', quiet: noon, sent: '2027-03-11T07:45:00Z', why: 'in the middle of the day' },
    { asked: '2027-03-11T07:45:00Z', quiet: noon, sent: '2027-03-11T07:45:00Z', why: 'after the middle of the day' },
  ]) {
    it(`${asked === sent ? 'hold nothing back' : 'hold back until they end'} ${why}`, () => {
      assert.equal(sendingTime(asked, start, quiet), sent)
    })
  }

  it('hold back nothing that is told within twelve hours of the start', () => {
    assert.equal(sendingTime('2027-03-20T04:00:00Z', start, night), '2027-03-20T04:00:00Z')
    assert.equal(sendingTime('2027-03-20T03:00:00Z', start, night), '2027-03-20T11:00:00Z')
  })

  it('never hold back beyond the start, nor for longer than a day, whatever they are', () => {
    const time = fc
      .integer({ min: 0, max: 1439 })
      .map((minute) => Temporal.PlainTime.from('00:00').add({ minutes: minute }))
    const zone = fc.constantFrom(
      'UTC',
      'America/New_York',
      'Australia/Lord_Howe',
      'Pacific/Kiritimati',
      'Europe/Dublin',
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 366 * 24 * 60 }),
        fc.integer({ min: 0, max: 60 * 24 * 30 }),
        time,
        time,
        zone,
        (asked_minute, later_minutes, from, until, timezone) => {
          fc.pre(!from.equals(until))
          const asked = Temporal.Instant.from('2027-01-01T00:00:00Z').add({ minutes: asked_minute })
          const begins = asked.add({ minutes: later_minutes })
          const quiet = { quiet_from: from.toString(), quiet_until: until.toString(), timezone }
          const sent = Temporal.Instant.from(sendingTime(asked.toString(), begins.toString(), quiet))
          assert.ok(Temporal.Instant.compare(sent, asked) >= 0)
          assert.ok(Temporal.Instant.compare(sent, begins) <= 0)
          assert.ok(sent.since(asked).total('hours') <= 25)
        },
      ),
    )
  })
})
