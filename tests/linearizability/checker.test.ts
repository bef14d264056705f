import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type BedInput, bedModel, type BedOutput } from './bed-model.ts'
import { findOrder, type Model, type Operation } from './checker.ts'

type Register = Operation<{ write: number } | 'read', number>
const register: Model<number, Register['input'], number> = {
  initial: 0,
  keyOf: String,
  observes: (input) => input === 'read',
  step: (state, input, output) => {
    if (input !== 'read') return input.write
    return output === undefined || output === state ? state : undefined
  },
}
/** Client, input, output, called, answered. */
type Line = [client: number, input: Register['input'], output: number | undefined, called: number, answered: number]
const operations = (...lines: Line[]): Register[] =>
  lines.map(([client, input, output, called, answered]) => ({ client, input, output, called, answered }))
const holds = (...lines: Line[]) => findOrder(register, operations(...lines)).is_linearizable

describe('the checker', () => {
  it('accepts a history of nobody, and one of one after another', () => {
    assert.ok(holds())
    assert.ok(holds([1, { write: 1 }, 1, 1, 2], [2, 'read', 1, 3, 4]))
  })

  it('accepts a read of either value while a write goes on, in any client', () => {
    assert.ok(holds([1, { write: 1 }, 1, 1, 6], [2, 'read', 0, 2, 3], [3, 'read', 1, 4, 5]))
  })

  it('rejects a read of an old value after the write was answered', () => {
    assert.ok(!holds([1, { write: 1 }, 1, 1, 2], [2, 'read', 0, 3, 4]))
  })

  it('rejects a value that goes back, though both reads overlap the write', () => {
    assert.ok(!holds([1, { write: 1 }, 1, 1, 6], [2, 'read', 1, 2, 3], [3, 'read', 0, 4, 5]))
  })

  it('rejects a value that nobody wrote', () => {
    assert.ok(!holds([1, { write: 1 }, 1, 1, 2], [2, 'read', 7, 3, 4]))
  })

  it('lets a lost answer have happened late, or never, but not before its call', () => {
    const lost: Line = [1, { write: 1 }, undefined, 2, 3]
    assert.ok(holds(lost, [2, 'read', 0, 4, 5], [2, 'read', 1, 6, 7], [2, 'read', 1, 8, 9]))
    assert.ok(holds(lost, [2, 'read', 0, 4, 5], [2, 'read', 0, 6, 7]))
    assert.ok(!holds([2, 'read', 1, 0, 1], lost))
  })

  it('says how far it came, and where nothing fits', () => {
    const verdict = findOrder(
      register,
      operations([1, { write: 1 }, 1, 1, 2], [2, 'read', 0, 3, 4], [3, 'read', 1, 5, 6]),
    )
    assert.ok(!verdict.is_linearizable)
    assert.deepEqual(
      [verdict.longest.map(({ client }) => client), verdict.stuck.map(({ client }) => client)],
      [[1], [2]],
    )
  })

  it('agrees with trying every order, on any small history', () => {
    const anOperation = fc.record({
      client: fc.nat(3),
      input: fc.oneof(fc.constant('read' as const), fc.record({ write: fc.nat(2) })),
      output: fc.nat(2),
      span: fc.tuple(fc.nat(30), fc.nat(12)),
      is_lost: fc.boolean(),
    })
    let seen = { yes: 0, no: 0 }
    fc.assert(
      fc.property(fc.array(anOperation, { maxLength: 5 }), (drawn) => {
        const history = drawn.map(({ client, input, output, span: [from, length], is_lost }, at): Register => {
          const called = from * 10 + at
          return { client, input, output: is_lost ? undefined : output, called, answered: called + length * 10 + 5 }
        })
        const expected = orders(history).some(isRight)
        seen = { yes: seen.yes + Number(expected), no: seen.no + Number(!expected) }
        assert.equal(findOrder(register, history).is_linearizable, expected)
      }),
      { numRuns: 2000 },
    )
    assert.ok(seen.yes > 100 && seen.no > 100, JSON.stringify(seen))
  })
})

/** Every order of every choice of what was lost. */
function orders(history: readonly Register[]): Register[][] {
  const lost = history.filter(({ output }) => output === undefined)
  const answered = history.filter(({ output }) => output !== undefined)
  const choices = lost.reduce<Register[][]>((sets, one) => [...sets, ...sets.map((set) => [...set, one])], [[]])
  return choices.flatMap((chosen) => permutations([...answered, ...chosen]))
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]))
}

function isRight(order: readonly Register[]): boolean {
  const isInTime = order.every((one, at) =>
    order.slice(at + 1).every((later) => later.output === undefined || later.answered > one.called),
  )
  let value = 0
  return (
    isInTime &&
    order.every(({ input, output }) => {
      if (input === 'read') return output === undefined || output === value
      value = input.write
      return true
    })
  )
}

describe('the model of beds', () => {
  /** One after another. */
  const isPossible = (...steps: [BedInput, BedOutput | undefined][]) =>
    findOrder(
      bedModel(['A', 'B']),
      steps.map(([input, output], at) => ({ client: 0, input, output, called: at * 2, answered: at * 2 + 1 })),
    ).is_linearizable
  const assign = (bed: string, patient: string): BedInput => ({ kind: 'assign', bed, patient })
  const release = (bed: string): BedInput => ({ kind: 'release', bed })
  const clean = (bed: string): BedInput => ({ kind: 'clean', bed })
  const move: BedInput = { kind: 'transfer', bed: 'A', to: 'B' }
  const read: BedInput = { kind: 'read', bed: 'A' }
  const given: [BedInput, BedOutput] = [assign('A', 'p'), { assignment: '1' }]

  it('gives a bed again when it was released and cleaned', () => {
    assert.ok(
      isPossible(given, [release('A'), { assignment: '1' }], [clean('A'), {}], [assign('A', 'q'), { assignment: '2' }]),
    )
  })

  const impossible: [string, ...[BedInput, BedOutput | undefined][]][] = [
    ['a bed is given twice', given, [assign('A', 'q'), { assignment: '2' }]],
    [
      'a bed is given that was not cleaned',
      given,
      [release('A'), { assignment: '1' }],
      [assign('A', 'q'), { assignment: '2' }],
    ],
    ['a patient is given two beds', given, [assign('B', 'p'), { assignment: '2' }]],
    [
      'an assignment is released twice',
      given,
      [release('A'), { assignment: '1' }],
      [release('A'), { assignment: '1' }],
    ],
    ['another assignment is released than the one that holds', given, [release('A'), { assignment: '2' }]],
    ['a free bed is refused', [assign('A', 'p'), { code: 'resource_unavailable' }]],
    ['a held bed is said to be free', given, [release('A'), { code: 'not_assigned' }]],
    ['a held bed is cleaned', given, [clean('A'), {}]],
    ['a held bed is read as available', given, [read, { status: 'available' }]],
    ['a patient is moved and stays', given, [move, { assignment: '2' }], [release('A'), { assignment: '1' }]],
    [
      'a patient is moved to a bed that somebody has',
      given,
      [assign('B', 'q'), { assignment: '2' }],
      [move, { assignment: '3' }],
    ],
    ['a server errs', [assign('A', 'p'), { code: 'unexpected' }]],
  ]
  for (const [what, ...steps] of impossible) {
    it(`rejects that ${what}`, () => assert.ok(!isPossible(...steps)))
  }

  it('takes a lost assignment for done or not', () => {
    const lost: [BedInput, undefined] = [assign('A', 'p'), undefined]
    assert.ok(isPossible(lost, [release('A'), { assignment: '9' }]))
    assert.ok(isPossible(lost, [assign('A', 'q'), { assignment: '2' }], [read, { status: 'occupied' }]))
  })
})
