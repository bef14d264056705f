import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AbsentError } from './absent.ts'
import type { Measured, Row, SideResult } from './row.ts'
import { judge, runRow, takeMedian } from './run-row.ts'
import type { World } from './world.ts'

const measured = (value: number, errors = 0): Measured => ({ value, detail: '', errors })
const side = (name: string, median: Measured): SideResult => ({ side: name, turns: [median], median })

test('the median is the middle turn with the errors of all of them', () => {
  assert.deepEqual(takeMedian([measured(3), measured(1, 2), measured(9)]), measured(3, 2))
})

const against = { against: 'other', at_least_times: 0.5 } as const
const cases: [string, Parameters<typeof judge>, boolean | undefined][] = [
  ['a ratio at its bound is kept', [against, [side('own', measured(50)), side('other', measured(100))]], true],
  ['a ratio under its bound is broken', [against, [side('own', measured(49)), side('other', measured(100))]], false],
  ['errors break what speed would keep', [against, [side('own', measured(99, 1)), side('other', measured(1))]], false],
  ['without the other side nothing is said', [against, [side('own', measured(50))]], undefined],
  [
    'of an other side with errors nothing is said',
    [against, [side('own', measured(99)), side('other', measured(1, 1))]],
    undefined,
  ],
  ['without the own side nothing is said', [{ at_most: 3 }, [{ side: 'own', absent: 'no server' }]], undefined],
  ['a failed own side breaks it', [{ at_most: 3 }, [{ side: 'own', failed: 'crashed' }]], false],
  ['none at all keeps a limit of none', [{ at_most: 0 }, [side('own', measured(0))]], true],
  ['a limit at its bound is kept', [{ at_most: 3 }, [side('own', measured(3))]], true],
  ['a limit above its bound is broken', [{ at_most: 3 }, [side('own', measured(3.01))]], false],
  ['a least value below its bound is broken', [{ at_least: 2000 }, [side('own', measured(1999))]], false],
]
for (const [title, args, kept] of cases) test(title, () => assert.equal(judge(...args).kept, kept))

test('sides are warmed up, then measured in turns, and an absent one says why', async () => {
  const calls: string[] = []
  const row: Row = {
    name: 'row',
    requirement: '',
    unit: 's',
    sides: [
      ...['a', 'b'].map((name) => ({
        name,
        prepare: () =>
          Promise.resolve((turn: number) => {
            calls.push(`${name}${turn}`)
            return Promise.resolve(measured(1))
          }),
      })),
      { name: 'c', prepare: () => Promise.reject(new AbsentError('not installed')) },
    ],
    promises: [],
  }
  const result = await runRow(row, { options: { seconds: 1, rounds: 2 }, people: 5 } as World)
  assert.deepEqual(calls, ['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
  assert.deepEqual(result.sides[2], { side: 'c', absent: 'not installed' })
})
