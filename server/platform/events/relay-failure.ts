// Whose fault it is that an event could not be relayed: its own, or that of what it needs.
import {
  conflict,
  keyUnavailable,
  outcomeUnknown,
  overloaded,
  Problem,
  unavailable,
} from '#platform/contract/problem.ts'
import { isConnectionFault } from '#platform/database/connection.ts'
import { codeOf } from '#platform/jobs/failure.ts'

const busy = [unavailable, overloaded, conflict, outcomeUnknown].map(({ code }) => code)

/** What passes by itself: set aside with one of these it is tried again without being asked for. */
export const passingCodes: readonly string[] = [...busy, keyUnavailable.code]

/**
 * `away`: the database cannot be asked; `busy`: it did not come to it, because of a lock or a deadlock, say; `keyless`: the master
 * key of a record is not here, which stops no other event; `own`: it fails whenever it is tried.
 */
export function faultOf(error: unknown): 'away' | 'busy' | 'keyless' | 'own' {
  if (isConnectionFault(error instanceof Problem ? error.cause : error)) return 'away'
  const code = codeOf(error)
  if (code === keyUnavailable.code) return 'keyless'
  return busy.includes(code) ? 'busy' : 'own'
}
