import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { densest, type Happening } from './densest.ts'

const start = Temporal.Instant.from('2026-12-01T14:00:00Z')
const at = (seconds: number) => start.add({ seconds }).toString()
const happening = (seconds: number, key: string): Happening => ({ at: at(seconds), key })

describe('the densest stretch', () => {
  it('of nothing is none', () => {
    assert.equal(densest([], 60), undefined)
  })

  it('holds both its ends: sixty minutes to the second, and not one second more', () => {
    const both = (seconds: number) => densest([happening(0, 'a'), happening(seconds, 'b')], 60)?.different
    assert.deepEqual([both(3600), both(3601)], [2, 1])
  })

  it('counts what happens again once', () => {
    const found = densest([happening(0, 'a'), happening(10, 'a'), happening(20, 'b'), happening(30, 'a')], 60)
    assert.deepEqual(found, { first_at: at(0), last_at: at(20), different: 2, count: 3 })
  })

  it('is found between quiet times', () => {
    const found = densest(
      [happening(0, 'a'), happening(9000, 'b'), happening(9060, 'c'), happening(9090, 'd'), happening(20_000, 'e')],
      5,
    )
    assert.deepEqual(found, { first_at: at(9000), last_at: at(9090), different: 3, count: 3 })
  })

  it('has as many different keys as the best of all windows', () => {
    const some = fc.array(fc.record({ seconds: fc.nat(4000), key: fc.constantFrom('a', 'b', 'c', 'd', 'e') }))
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 30 }), (given, minutes) => {
        const sorted = given.toSorted((one, other) => one.seconds - other.seconds)
        const best = sorted.map(({ seconds: from }) => {
          const inside = sorted.filter(({ seconds }) => seconds >= from && seconds <= from + minutes * 60)
          return new Set(inside.map(({ key }) => key)).size
        })
        const found = densest(
          sorted.map(({ seconds, key }) => happening(seconds, key)),
          minutes,
        )
        assert.equal(found?.different ?? 0, Math.max(0, ...best))
      }),
    )
  })
})
