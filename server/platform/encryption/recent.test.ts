import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRecent } from './recent.ts'

describe('what was opened a moment ago', () => {
  it('is known, and no more of it than has room', () => {
    const recent = createRecent<number>(20_000)
    for (let at = 0; at < 100_000; at += 1) recent.set(`key ${at}`, at)
    const known = Array.from({ length: 100_000 }, (_, at) => recent.get(`key ${at}`)).filter(
      (value) => value !== undefined,
    )
    assert.equal(known.at(-1), 99_999)
    assert.ok(known.length >= 20_000 && known.length <= 40_000, `${known.length}`)
  })

  it('is gone within a minute, also while nobody opens anything', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    // A timer that is set within a tick counts from its end.
    const pass = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) t.mock.timers.tick(1000)
    }
    const recent = createRecent<object>(20_000)
    recent.set('first', {})
    pass(20)
    recent.set('second', {})
    pass(39)
    assert.ok(recent.get('second'))
    pass(1)
    assert.equal(recent.get('first'), undefined)
    assert.equal(recent.get('second'), undefined)
    recent.set('third', {})
    pass(29)
    assert.ok(recent.get('third'))
    pass(31)
    assert.equal(recent.get('third'), undefined)
  })
})
