import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { offerTime } from './offer-time.ts'

const zone = 'America/New_York'
const quiet = { quiet_from: '22:00', quiet_until: '07:00', timezone: zone }
/** In New York, in winter. */
const at = (day: number, time: string) => `2026-12-0${day}T${time}:00-05:00`
const local = (instant: string) =>
  Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' })

describe('an offer', () => {
  const table: [
    what: string,
    now: string,
    start: string,
    own: typeof quiet | undefined,
    tell: string,
    until: string,
  ][] = [
    ['lasts four hours by day', at(1, '10:00'), at(3, '10:00'), undefined, '2026-12-01T10:00', '2026-12-01T14:00'],
    [
      'lasts a quarter of what is left',
      at(1, '10:00'),
      at(1, '18:00'),
      undefined,
      '2026-12-01T10:00',
      '2026-12-01T12:00',
    ],
    [
      'lasts a quarter of an hour at least',
      at(1, '10:00'),
      at(1, '11:00'),
      undefined,
      '2026-12-01T10:00',
      '2026-12-01T10:15',
    ],
    [
      'at night is told at once and counts from the morning',
      at(1, '23:00'),
      at(3, '10:00'),
      undefined,
      '2026-12-01T23:00',
      '2026-12-02T12:00',
    ],
    [
      'in quiet hours that were chosen is told after them and lasts as long',
      at(1, '23:00'),
      at(3, '10:00'),
      quiet,
      '2026-12-02T07:00',
      '2026-12-02T11:00',
    ],
    [
      'of a time within twelve hours does not wait for the morning',
      at(1, '23:00'),
      at(2, '09:00'),
      quiet,
      '2026-12-01T23:00',
      '2026-12-02T01:30',
    ],
    [
      'of a time soon after the quiet hours does not wait for their end',
      at(1, '20:00'),
      at(2, '08:30'),
      { ...quiet, quiet_from: '19:00', quiet_until: '08:00' },
      '2026-12-01T20:00',
      '2026-12-01T23:07',
    ],
  ]
  for (const [what, now, start, own, tell, until] of table) {
    it(what, () => {
      const when = offerTime(now, start, own, zone)
      assert.deepEqual([local(when?.tell_at ?? ''), local(when?.expires_at ?? '')], [tell, until])
    })
  }

  it('is not made of what begins within the hour', () => {
    assert.equal(offerTime(at(1, '10:00'), at(1, '10:59'), undefined, zone), undefined)
  })

  it('always ends before its time begins, whenever a time is freed', () => {
    const start = Temporal.Instant.from(at(5, '09:30'))
    let looked = 0
    for (let minutes = 60; minutes < 4 * 1440; minutes += 7) {
      const now = start.subtract({ minutes }).toString()
      for (const own of [undefined, quiet, { ...quiet, timezone: 'Asia/Kathmandu' }]) {
        const when = offerTime(now, start.toString(), own, zone)
        assert.ok(when, now)
        assert.ok(Temporal.Instant.from(when.expires_at).until(start).total('minutes') >= 40, now)
        assert.ok(Temporal.Instant.from(when.tell_at).until(when.expires_at).total('minutes') >= 14, now)
        looked += 1
      }
    }
    assert.ok(looked > 1000)
  })
})
