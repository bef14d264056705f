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

function valueOf(results: readonly SideResult[], side: string | undefined): number | undefined {
  const result = side === undefined ? results[0] : results.find((candidate) => candidate.side === side)
  return result && 'median' in result ? result.median.value : undefined
}

/** Errors of OpenWard break every promise: a wrong answer may not count as a quick one. */
export function judge(promised: Promised, results: readonly SideResult[]): Verdict {
  const own = results[0]
  const has_errors = own !== undefined && 'median' in own && own.median.errors > 0
  const value = valueOf(results, undefined)
  const is = (claim: boolean | undefined) =>
    value === undefined ? undefined : claim === undefined ? undefined : claim && !has_errors
  if ('against' in promised) {
    const other = valueOf(results, promised.against)
    const ratio = value === undefined || other === undefined ? undefined : value / other
    return 'at_least_times' in promised
      ? {
          promise: `at least ${promised.at_least_times} × ${promised.against}`,
          ratio,
          kept: is(ratio === undefined ? undefined : ratio >= promised.at_least_times),
        }
      : {
          promise: `at most ${promised.at_most_times} × ${promised.against}`,
          ratio,
          kept: is(ratio === undefined ? undefined : ratio <= promised.at_most_times),
        }
  }
  return 'at_most' in promised
    ? {
        promise: `at most ${promised.at_most}`,
        ratio: undefined,
        kept: is(value !== undefined && value <= promised.at_most),
      }
    : {
        promise: `at least ${promised.at_least}`,
        ratio: undefined,
        kept: is(value !== undefined && value >= promised.at_least),
      }
}

type Prepared = { side: Side; turn: Turn; turns: Measured[] } | { side: Side; absent: string }

async function prepare(side: Side, world: World): Promise<Prepared> {
  try {
    return { side, turn: await side.prepare(world), turns: [] }
  } catch (error) {
    if (error instanceof AbsentError) return { side, absent: error.message }
    throw error
  }
}

export async function runRow(row: Row, world: World): Promise<RowResult> {
  const { seconds, rounds } = world.options
  const prepared: Prepared[] = []
  for (const side of row.sides) prepared.push(await prepare(side, world))
  if (!row.once) for (const entry of prepared) if ('turn' in entry) await entry.turn(0, warm_up_seconds)
  for (let round = 1; round <= (row.once ? 1 : rounds); round++)
    for (const entry of prepared) if ('turn' in entry) entry.turns.push(await entry.turn(round, seconds))
  const sides = prepared.map((entry): SideResult =>
    'turn' in entry
      ? { side: entry.side.name, turns: entry.turns, median: takeMedian(entry.turns) }
      : { side: entry.side.name, absent: entry.absent },
  )
  return {
    name: row.name,
    requirement: row.requirement,
    unit: row.unit,
    people: world.people,
    sides,
    verdicts: row.promises.map((promised) => judge(promised, sides)),
  }
}
