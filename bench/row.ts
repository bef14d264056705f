// A row of the table, as data: what is promised, what both sides do, and when the promise is kept.
import type { World } from './world.ts'

/** What one measurement of one side came to. `value` is in the row's unit. */
export type Measured = { value: number; detail: string; errors: number }

/** One measurement; `turn` counts from 0 (the warm-up), so that writes of different turns write different things. */
export type Turn = (turn: number, seconds: number) => Promise<Measured>

export type Side = {
  name: string
  /** Starts and fills what this side needs. @throws AbsentError when this machine does not have it */
  prepare: (world: World) => Promise<Turn>
}

/** What OpenWard's value must be, against another side's or by itself. */
export type Promised =
  | { against: string; at_least_times: number }
  | { against: string; at_most_times: number }
  | { at_most: number }
  | { at_least: number }

export type Row = {
  name: string
  requirement: string
  unit: 'requests/s' | 'ms p95' | 'ms' | 'kB' | 'MB' | 's' | 'people/s' | 'double bookings'
  /** OpenWard first. */
  sides: readonly Side[]
  promises: readonly Promised[]
  /** Measured once, without warm-up: it is a count or takes minutes. */
  once?: boolean
  /** Measured only where `--only` names it: it takes an hour. */
  named_only?: boolean
}

export type SideResult =
  | { side: string; turns: readonly Measured[]; median: Measured }
  | { side: string; absent: string }
  | { side: string; failed: string }

export type Verdict = { promise: string; ratio: number | undefined; kept: boolean | undefined }

export type RowResult = {
  name: string
  requirement: string
  unit: string
  people: number
  sides: readonly SideResult[]
  verdicts: readonly Verdict[]
}
