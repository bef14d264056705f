// Why a job failed, as a code that names no person: what an error says goes to the log and nowhere else.
import { z } from 'zod'
import { integrityError, keyUnavailable, Problem } from '#platform/contract/problem.ts'
import { isConnectionFault, isDatabaseError } from '#platform/database/connection.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'

/** A run took too long, or its server stopped. */
export class JobEnded extends Error {}

export function codeOf(error: unknown): string {
  if (error instanceof Problem) return error.kind.code
  if (error instanceof IntegrityError) return integrityError.code
  if (error instanceof KeyUnavailable) return keyUnavailable.code
  if (isConnectionFault(error)) return 'unavailable'
  if (isDatabaseError(error)) return `database_${error.code}`
  if (error instanceof JobEnded) return 'timed_out'
  if (error instanceof z.ZodError) return 'payload_not_understood'
  return 'unexpected'
}

/** The code in what pg-boss has kept of a failure: ours, or that of a run which it ended itself. */
export function codeOfOutput(output: unknown): string {
  const { code, message, value } = (output ?? {}) as Record<string, unknown>
  if (typeof code === 'string') return code
  const text = JSON.stringify([message, value] satisfies unknown[])
  if (/timed out|exceeded/.test(text)) return 'timed_out'
  return /heartbeat|shut down/.test(text) ? 'server_died' : 'unexpected'
}
