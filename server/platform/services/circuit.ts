// A circuit breaker: who has failed several times in a row is left alone for a while, then tried by one.

export type Circuit = {
  /** Whether a call may be made. Each call that may is followed by one of the two below. */
  mayCall(): boolean
  succeeded(): void
  failed(): void
}

export type CircuitOptions = {
  /** In a row. */
  failures_limit?: number
  pause_ms?: number
  /** A clock that never steps back. */
  now_ms?: () => number
}

export function openCircuit({
  failures_limit = 5,
  pause_ms = 5000,
  now_ms = () => performance.now(),
}: CircuitOptions = {}): Circuit {
  let failures = 0
  let closed_until_ms = 0
  let isTrying = false
  return {
    mayCall() {
      if (failures < failures_limit) return true
      if (isTrying || now_ms() < closed_until_ms) return false
      isTrying = true
      return true
    },
    succeeded() {
      failures = 0
      isTrying = false
    },
    failed() {
      failures += 1
      isTrying = false
      if (failures >= failures_limit) closed_until_ms = now_ms() + pause_ms
    },
  }
}
