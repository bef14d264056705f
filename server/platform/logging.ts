// JSON logs, one line an event, without personal data: no query string, no body, no header but what is named here.
import { pino, type Logger } from 'pino'

export type Log = Logger

/** Pretty on a terminal, JSON elsewhere. */
export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    timestamp: () => `,"time":"${Temporal.Now.instant().toString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    ...(process.stdout.isTTY ? { transport: { target: 'pino-pretty' } } : {}),
  })
}

/**
 * What may be told of an unexpected error. Messages of the database can quote values, so only its code, constraint and
 * table are kept; a stack holds function names and lines of ours.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const { code, constraint, table, column, routine } = error as Error & Record<string, unknown>
  const fromDatabase = 'severity' in error
  return {
    type: error.name,
    ...(fromDatabase ? { code, constraint, table, column, routine } : { message: error.message.slice(0, 300), code }),
    stack: error.stack
      ?.split('\n')
      .filter((line) => line.trimStart().startsWith('at '))
      .slice(0, 12)
      .join('\n'),
    ...(error.cause ? { cause: describeError(error.cause) } : {}),
  }
}
