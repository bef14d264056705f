// How long a name, an account, or a device known to it, waits after wrong passwords. Pure: the state is stored by the caller.

/** The columns of `unknown_logins`, `users` and `known_devices`; instants are RFC 3339 in UTC. */
export type LockoutState = {
  failed_logins: number
  /** When the first failure of the window that is being counted happened. */
  failures_since: string | null
  locked_until: string | null
}

export type KnownDevice = { user_id: string; lockout: LockoutState }

export type Attempt =
  | { is_allowed: true; counts_on: 'account' | 'device' }
  | { is_allowed: false; retry_after_seconds: number }

const failuresUntilLock = 5
const window_seconds = 15 * 60
const shortestLock_seconds = 60
const longestLock_seconds = 60 * 60

/** Locks grow from one to the next until there was no failure for so long: guessing slowly does not start anew each time. */
const calmAfterLock_seconds = 24 * 60 * 60

export const unlocked: LockoutState = { failed_logins: 0, failures_since: null, locked_until: null }

/** Seconds until the next attempt is looked at; 0 when it may be made now. */
export function lockedFor_seconds(state: LockoutState, now: string): number {
  if (state.locked_until === null) return 0
  const left_seconds = secondsBetween(now, state.locked_until)
  // A clock that was set back makes the lock longer than it ever was: it is over, and the next failure sets a right one.
  if (left_seconds > lockLength_seconds(state.failed_logins)) return 0
  return Math.max(0, Math.ceil(left_seconds))
}

/**
 * The state after a wrong password or second factor. During a lock nothing changes, so nobody keeps another's account locked by
 * trying on.
 */
export function afterFailure(state: LockoutState, now: string): LockoutState {
  if (lockedFor_seconds(state, now) > 0) return state
  const counted = isForgotten(state, now) ? unlocked : state
  const failed_logins = counted.failed_logins + 1
  const lock_seconds = lockLength_seconds(failed_logins)
  return {
    failed_logins,
    failures_since: counted.failures_since ?? now,
    locked_until: lock_seconds > 0 ? secondsAfter(now, lock_seconds) : null,
  }
}

/** The state after a complete login: password and, where there is one, second factor. */
export function afterSuccess(): LockoutState {
  return unlocked
}

/**
 * Whether a login may be tried now, and whose failures it counts as. A device that signed in before as this user counts on its
 * own, so that a stranger who locks the account does not lock out its owner; once it is locked itself, it is a stranger too.
 */
export function decideAttempt(
  account: LockoutState,
  user_id: string,
  device: KnownDevice | undefined,
  now: string,
): Attempt {
  if (device?.user_id === user_id && lockedFor_seconds(device.lockout, now) === 0) {
    return { is_allowed: true, counts_on: 'device' }
  }
  const retry_after_seconds = lockedFor_seconds(account, now)
  return retry_after_seconds > 0
    ? { is_allowed: false, retry_after_seconds }
    : { is_allowed: true, counts_on: 'account' }
}

/** One minute for the fifth failure, doubled by each further one, up to an hour. */
function lockLength_seconds(failedLogins: number): number {
  if (failedLogins < failuresUntilLock) return 0
  return Math.min(longestLock_seconds, shortestLock_seconds * 2 ** (failedLogins - failuresUntilLock))
}

function isForgotten({ failed_logins, failures_since, locked_until }: LockoutState, now: string): boolean {
  if (failed_logins >= failuresUntilLock && locked_until !== null) {
    return secondsBetween(locked_until, now) >= calmAfterLock_seconds
  }
  return failures_since !== null && secondsBetween(failures_since, now) >= window_seconds
}

function secondsBetween(from: string, to: string): number {
  return (Temporal.Instant.from(to).epochMilliseconds - Temporal.Instant.from(from).epochMilliseconds) / 1000
}

function secondsAfter(instant: string, seconds: number): string {
  return Temporal.Instant.from(instant).add({ seconds }).toString()
}
