import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { afterFailure, afterSuccess, decideAttempt, lockedFor_seconds, type LockoutState, unlocked } from './lockout.ts'

const start = '2026-12-01T14:00:00Z'
const user_id = '0199d6a0-0000-7000-8000-000000000001'

function at(seconds: number): string {
  return Temporal.Instant.from(start).add({ seconds }).toString()
}

/** The state after wrong passwords at these seconds. */
function failuresAt(...moments: number[]): LockoutState {
  return moments.reduce((state, seconds) => afterFailure(state, at(seconds)), unlocked)
}

const fiveFailures = failuresAt(0, 1, 2, 3, 4)

describe('an account', () => {
  const table: [string, number[], number, number][] = [
    ['no failure', [], 0, 0],
    ['four failures', [0, 1, 2, 3], 3, 0],
    ['five failures', [0, 1, 2, 3, 4], 4, 60],
    ['five failures, a second before the minute ends', [0, 1, 2, 3, 4], 63, 1],
    ['five failures, when the minute ends', [0, 1, 2, 3, 4], 64, 0],
    ['a sixth failure after the lock', [0, 1, 2, 3, 4, 64], 64, 120],
    ['a seventh', [0, 1, 2, 3, 4, 64, 184], 184, 240],
    ['a fifth failure in the last second of the window', [0, 1, 2, 3, 899], 899, 60],
    ['a fifth failure when the window is over', [0, 1, 2, 3, 900], 900, 0],
    ['five failures in the next window', [0, 900, 901, 902, 903, 904], 904, 60],
    ['a failure 24 hours less a second after a lock', [0, 1, 2, 3, 4, 64 + 86_399], 64 + 86_399, 120],
    ['a failure 24 hours after a lock', [0, 1, 2, 3, 4, 64 + 86_400], 64 + 86_400, 0],
  ]
  for (const [what, failures, now, expected_seconds] of table) {
    it(`waits ${expected_seconds} s after ${what}`, () => {
      assert.equal(lockedFor_seconds(failuresAt(...failures), at(now)), expected_seconds)
    })
  }

  it('waits twice as long each time, up to an hour', () => {
    const waits: number[] = []
    let state = unlocked
    let now = 0
    for (let failure = 1; failure <= 14; failure += 1) {
      state = afterFailure(state, at(now))
      waits.push(lockedFor_seconds(state, at(now)))
      now += waits.at(-1) ?? 0
    }
    assert.deepEqual(waits, [0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600])
  })

  it('does not wait longer for attempts made while it waits', () => {
    let attacked = fiveFailures
    for (let second = 5; second < 64; second += 1) attacked = afterFailure(attacked, at(second))
    assert.deepEqual(attacked, fiveFailures)
    assert.equal(lockedFor_seconds(attacked, at(64)), 0)
  })

  it('starts from nothing after a login', () => {
    assert.deepEqual(afterSuccess(), { failed_logins: 0, failures_since: null, locked_until: null })
  })
})

describe('a clock that was set', () => {
  it('back by two hours ends the lock, and the next failure sets one of the right length', () => {
    const two_hours_ago = at(4 - 7200)
    assert.equal(lockedFor_seconds(fiveFailures, two_hours_ago), 0)
    const next = afterFailure(fiveFailures, two_hours_ago)
    assert.equal(lockedFor_seconds(next, two_hours_ago), 120)
  })

  it('forward by two hours ends the lock but forgets nothing', () => {
    assert.equal(lockedFor_seconds(fiveFailures, at(7200)), 0)
    assert.equal(afterFailure(fiveFailures, at(7200)).failed_logins, 6)
  })
})

describe('whatever the moments of failures', () => {
  const gaps_seconds = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 60 })

  it('a lock begins with the fifth counted failure, never lasts above an hour and is never extended', () => {
    fc.assert(
      fc.property(gaps_seconds, (gaps) => {
        let state = unlocked
        let now = 0
        for (const gap of gaps) {
          now += gap
          const before = lockedFor_seconds(state, at(now))
          const next = afterFailure(state, at(now))
          if (before > 0) assert.deepEqual(next, state)
          const after = lockedFor_seconds(next, at(now))
          assert.ok(after <= 3600)
          assert.equal(after > 0, next.failed_logins >= 5)
          state = next
        }
      }),
    )
  })

  it('waiting for what it says is always enough', () => {
    fc.assert(
      fc.property(gaps_seconds, fc.integer({ min: 0, max: 999 }), (gaps, milliseconds) => {
        let now = Temporal.Instant.from(start).add({ milliseconds })
        let state = unlocked
        for (const seconds of gaps) {
          now = now.add({ seconds })
          state = afterFailure(state, now.toString())
        }
        const wait_seconds = lockedFor_seconds(state, now.toString())
        assert.equal(lockedFor_seconds(state, now.add({ seconds: wait_seconds }).toString()), 0)
      }),
    )
  })
})

describe('a known device', () => {
  const device = { user_id, lockout: unlocked }

  it('may sign in while a stranger keeps the account locked, and counts on its own', () => {
    assert.deepEqual(decideAttempt(fiveFailures, user_id, device, at(5)), { is_allowed: true, counts_on: 'device' })
    assert.deepEqual(decideAttempt(unlocked, user_id, device, at(5)), { is_allowed: true, counts_on: 'device' })
  })

  const refused = { is_allowed: false, retry_after_seconds: 59 }
  it('of nobody or of another user is a stranger', () => {
    const other = { ...device, user_id: '0199d6a0-0000-7000-8000-000000000009' }
    assert.deepEqual(decideAttempt(fiveFailures, user_id, undefined, at(5)), refused)
    assert.deepEqual(decideAttempt(fiveFailures, user_id, other, at(5)), refused)
    assert.deepEqual(decideAttempt(unlocked, user_id, other, at(5)), { is_allowed: true, counts_on: 'account' })
  })

  it('is a stranger while it is locked itself', () => {
    const locked = { user_id, lockout: fiveFailures }
    assert.deepEqual(decideAttempt(fiveFailures, user_id, locked, at(5)), refused)
    assert.deepEqual(decideAttempt(unlocked, user_id, locked, at(5)), { is_allowed: true, counts_on: 'account' })
    assert.deepEqual(decideAttempt(fiveFailures, user_id, locked, at(64)), { is_allowed: true, counts_on: 'device' })
  })
})
