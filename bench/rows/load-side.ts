// Makes a side of a row out of a list of requests.
import type { LoadPlan, LoadResult } from '../load/load.ts'
import type { Measured, Turn } from '../row.ts'
import type { World } from '../world.ts'

export const usual_connections = 50

const inMilliseconds = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0))

/** The measured in words: `p50 2.10 ms, p95 4.00 ms`. */
export function describeLatency({ p50_ms, p95_ms }: LoadResult): string {
  return Number.isNaN(p95_ms)
    ? `mean ${inMilliseconds(p50_ms)} ms`
    : `p50 ${inMilliseconds(p50_ms)} ms, p95 ${inMilliseconds(p95_ms)} ms`
}

export function toThroughput(result: LoadResult): Measured {
  return { value: result.requests_per_second, detail: describeLatency(result), errors: result.errors }
}

export function toLatency(result: LoadResult): Measured {
  const detail = `p50 ${inMilliseconds(result.p50_ms)} ms, ${Math.round(result.requests_per_second)} requests/s`
  return { value: result.p95_ms, detail, errors: result.errors }
}

type LoadTurn = {
  port: number
  headers: Record<string, string>
  repeats: boolean
  connections?: number
  measure?: (result: LoadResult) => Measured
  /** The requests of one turn; for writes, others in every turn. */
  createRequests: (turn: number, seconds: number) => LoadPlan['requests']
}

/** One measurement sends that turn's requests for so many seconds. */
export function createLoadTurn(world: World, load: LoadTurn): Turn {
  const { port, headers, repeats, connections = usual_connections, measure = toThroughput } = load
  return async (turn, seconds) => {
    const requests = load.createRequests(turn, seconds)
    return measure(await world.driver.run({ port, headers, requests, repeats, connections, seconds }))
  }
}

/** Where the writes of a turn begin and end, when no side makes more than `most_per_second`. */
export function sliceOfTurn(turn: number, seconds: number, most_per_second: number): { from: number; to: number } {
  // The warm-up, turn 0, is never longer than a measurement can be made to be.
  const from = turn * Math.max(seconds, 5) * most_per_second
  return { from, to: from + seconds * most_per_second }
}
