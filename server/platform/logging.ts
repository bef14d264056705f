// JSON logs, one line an event, without personal data: no query string, no body, no header but what is named here.
import { type DestinationStream, pino, type Logger, type LoggerOptions } from 'pino'
import { logOutput } from './log-output.ts'

export type Log = Logger

const standardOutput = logOutput(1, (lines) => {
  const time = Temporal.Now.instant().toString()
  return `${JSON.stringify({ level: 'warn', time, lines, msg: 'lines of this log were lost: they could not be written' })}\n`
})

/** Pretty on a terminal, JSON elsewhere, and to `destination` where one is given. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${Temporal.Now.instant().toString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    ...(process.stdout.isTTY && !destination ? { transport: { target: 'pino-pretty' } } : {}),
  }
  if (options.transport) return pino(options)
  return pino(options, destination ?? standardOutput)
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
