// Runs one row: prepares every side, warms each up, then measures them in turns (A B A B …) and takes medians.
import { AbsentError } from './absent.ts'
import type { Measured, Promised, Row, RowResult, Side, SideResult, Turn, Verdict } from './row.ts'
import type { World } from './world.ts'

const warm_up_seconds = 2

/** The one in the middle by value. @throws when there is none */
export function takeMedian(turns: readonly Measured[]): Measured {
  const sorted = turns.toSorted((left, right) => left.value - right.value)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  if (!middle) throw new Error('nothing was measured')
  return { ...middle, errors: turns.reduce((sum, turn) => sum + turn.errors, 0) }
}

/** Undefined where the side has given errors as well: what does not answer is no measure. */
function comparedValueOf(results: readonly SideResult[], side: string): number | undefined {
  const result = results.find((candidate) => candidate.side === side)
  return result && 'median' in result && result.median.errors === 0 ? result.median.value : undefined
}

/** Errors of OpenWard, or its failure, break every promise: a wrong answer may not count as a quick one. */
export function judge(promised: Promised, results: readonly SideResult[]): Verdict {
  const [own] = results
  const has_failed = own !== undefined && ('failed' in own || ('median' in own && own.median.errors > 0))
  const value = own && 'median' in own ? own.median.value : undefined
  const other = 'against' in promised ? comparedValueOf(results, promised.against) : undefined
  const ratio = value === undefined || other === undefined ? undefined : value / other
  const verdict = (promise: string, is_kept: boolean | undefined): Verdict => ({
    promise,
    ratio,
    kept: has_failed ? false : is_kept,
  })
  const compared = 'against' in promised ? ratio : value
  const is = (holds: (found: number) => boolean) => (compared === undefined ? undefined : holds(compared))
  if ('at_least_times' in promised)
    return verdict(
      `at least ${promised.at_least_times} × ${promised.against}`,
      is((found) => found >= promised.at_least_times),
    )
  if ('at_most_times' in promised)
    return verdict(
      `at most ${promised.at_most_times} × ${promised.against}`,
      is((found) => found <= promised.at_most_times),
    )
  if ('at_most' in promised)
    return verdict(
      `at most ${promised.at_most}`,
      is((found) => found <= promised.at_most),
    )
  return verdict(
    `at least ${promised.at_least}`,
    is((found) => found >= promised.at_least),
  )
}

type Attempt = { side: Side; turn?: Turn; turns: Measured[]; absent?: string; failed?: string }

/** A side that fails is out of this row, and the row says so; the other sides are measured all the same. */
async function attempt(state: Attempt, work: () => Promise<void>): Promise<void> {
  if (state.absent !== undefined || state.failed !== undefined) return
  try {
    await work()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof AbsentError) state.absent = message
    else state.failed = message
  }
}

function toResult({ side, turns, absent, failed }: Attempt): SideResult {
  if (absent !== undefined) return { side: side.name, absent }
  if (failed !== undefined) return { side: side.name, failed }
  return { side: side.name, turns, median: takeMedian(turns) }
}

export async function runRow(row: Row, world: World): Promise<RowResult> {
  const { seconds, rounds } = world.options
  const attempts = row.sides.map((side): Attempt => ({ side, turns: [] }))
  for (const state of attempts)
    await attempt(state, async () => {
      state.turn = await state.side.prepare(world)
    })
  if (!row.once)
    for (const state of attempts)
      await attempt(state, async () => {
        await state.turn?.(0, warm_up_seconds)
      })
  for (let round = 1; round <= (row.once ? 1 : rounds); round++)
    for (const state of attempts)
      await attempt(state, async () => {
        if (state.turn) state.turns.push(await state.turn(round, seconds))
      })
  const sides = attempts.map(toResult)
  return {
    name: row.name,
    requirement: row.requirement,
    unit: row.unit,
    people: world.people,
    sides,
    verdicts: row.promises.map((promised) => judge(promised, sides)),
  }
}
