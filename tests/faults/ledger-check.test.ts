import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientAnswer } from '#platform/contract/client.ts'
import type { Entry, Kind } from './ledger.ts'
import { findBrokenPromises } from './ledger-check.ts'

type Told = { status: number; code?: string } | 'lost'
type Attempted = { told: Told; times?: number }
const done = { status: 201 }
const taken = { status: 409, code: 'slot_taken' }
const running = { status: 409, code: 'idempotency_in_flight' }
const away = { status: 503, code: 'unavailable' }

const answerOf = (told: Told): ClientAnswer | undefined =>
  told === 'lost' ? undefined : { status: told.status, headers: {}, text: JSON.stringify({ code: told.code }) }

function judge(kind: Kind, method: Entry['method'], attempted: readonly Attempted[]): string[] {
  const attempts = attempted.map(({ told }, at) => ({ correlation_id: `ledger-${at}`, answer: answerOf(told) }))
  const entry: Entry = { kind, method, url: '/', key: 'key', headers: {}, attempts }
  const effects = attempted.map(({ times = 0 }) => times)
  return findBrokenPromises({ entries: [entry], unexpected: [], settled: 0 }, { of: () => effects, total: () => 0 })
}

describe('a booking', () => {
  const kept: [what: string, attempts: Attempted[]][] = [
    ['done and answered', [{ told: done, times: 1 }]],
    ['refused and not done', [{ told: taken }]],
    ['lost and not done', [{ told: 'lost' }]],
    ['lost and done', [{ told: 'lost', times: 1 }]],
    ['lost, done, and told to whoever repeats', [{ told: 'lost', times: 1 }, { told: done }]],
    ['running still, then told', [{ told: 'lost', times: 1 }, { told: running }, { told: done }]],
    ['refused, and done by a repeat once the time was free', [{ told: taken }, { told: done, times: 1 }]],
    ['refused, and done by a repeat whose answer was lost', [{ told: taken }, { told: 'lost', times: 1 }]],
    ['away, and done by a repeat', [{ told: away }, { told: done, times: 1 }]],
  ]
  for (const [what, attempts] of kept)
    it(`${what} keeps the promise`, () => assert.deepEqual(judge('book', 'POST', attempts), []))

  const broken: [what: string, attempts: Attempted[], fault: RegExp][] = [
    ['acknowledged and missing', [{ told: done }], /acknowledged, and not there/],
    [
      'done twice',
      [
        { told: 'lost', times: 1 },
        { told: done, times: 1 },
      ],
      /done 2 times/,
    ],
    ['refused by the very attempt that did it', [{ told: taken, times: 1 }], /refused with 409, and done/],
    ['lost, done, and refused to whoever repeats', [{ told: 'lost', times: 1 }, { told: taken }], /refused with 409/],
    [
      'refused after it was acknowledged',
      [{ told: done, times: 1 }, { told: taken }, { told: done }],
      /refused with 409, and done/,
    ],
  ]
  for (const [what, attempts, fault] of broken)
    it(`${what} is a fault, told with all of its answers`, () => {
      const [told = '', ...more] = judge('book', 'POST', attempts)
      assert.deepEqual(more, [])
      assert.match(told, fault)
      for (const at of attempts.keys()) assert.ok(told.includes(`attempt ${at + 1} (ledger-${at})`))
      assert.match(told, /took effect|acknowledged, and not there/)
    })
})

describe('a change without a key', () => {
  it('may be refused because a lost attempt was done', () => {
    assert.deepEqual(judge('update', 'PATCH', [{ told: 'lost', times: 1 }, { told: { status: 412 } }]), [])
  })
  it('that is refused at once is not done', () => {
    assert.equal(judge('cancel', 'DELETE', [{ told: taken, times: 1 }]).length, 1)
  })
})

describe('a read', () => {
  it('that was shown is on the audit log', () => {
    assert.deepEqual(
      judge('read', 'GET', [
        { told: { status: 200 }, times: 1 },
        { told: 'lost', times: 1 },
      ]),
      [],
    )
    assert.equal(judge('read', 'GET', [{ told: { status: 200 } }]).length, 1)
  })
})
