// How many failed sign-ins all strangers together may make in a minute: guessing spread over many accounts and addresses
// meets this wall. Counted by each server for itself, on a clock that nobody sets.
import type { System } from '#platform/context.ts'

export type FailureBudget = {
  isSpent(): boolean
  spend(): void
}

const window_ms = 60_000
/** Failed sign-ins a minute of all strangers together, at one server. */
const failuresPerMinute = 600

const budgets = new WeakMap<System, FailureBudget>()

/** The budget that every door of this system spends from. */
export function budgetOf(system: System): FailureBudget {
  let budget = budgets.get(system)
  if (!budget) {
    budget = createFailureBudget(system.configuration.rate_limit ? failuresPerMinute : undefined)
    budgets.set(system, budget)
  }
  return budget
}

/** `per_minute` failures, or no limit where it is undefined. */
export function createFailureBudget(per_minute: number | undefined, now_ms = () => performance.now()): FailureBudget {
  let failures: number[] = []
  const recent = () => (failures = failures.filter((at) => at > now_ms() - window_ms))
  return {
    isSpent: () => per_minute !== undefined && recent().length >= per_minute,
    spend() {
      if (per_minute !== undefined && failures.length < per_minute * 2) failures.push(now_ms())
    },
  }
}
