// What a job is, as data: its name, what it is told, how often it is tried again and how long it may take.
import { z } from 'zod'

export type Retry = {
  /** Further attempts after the first. */
  limit: number
  /** Before the second attempt; it doubles each time. */
  delay_seconds: number
  delay_max_seconds: number
}

export type Work = {
  name: string
  retry: Retry
  /** A handler that takes longer has failed. One whose process died is noticed by its heartbeat, long before. */
  expire_seconds: number
  /** How many one server takes at a time. At least two: with one, pg-boss waits for its next poll after each job. */
  batch: number
}

export type Job<Payload> = Work & { payload: z.ZodType<Payload> }

/** Runs once in each period, counted from the epoch by the database's clock, whatever the number of servers. */
export type Schedule = Work & { every_seconds: number }

/** What a handler is told about its run. */
export type Run = {
  job_id: string
  /** Counted from 1. */
  attempt: number
  /** Aborted when the run has taken too long, or the server stops before it is done. */
  signal: AbortSignal
}

type Given = { name: string; retry?: Partial<Retry>; expire_seconds?: number; batch?: number }

/**
 * Declares a kind of job. A payload names things and never tells of them: its members are ids, numbers, flags, instants and
 * codes of a list. @throws TypeError when it could hold anything else
 */
export function defineJob<Payload>({ payload, ...given }: Given & { payload: z.ZodType<Payload> }): Job<Payload> {
  assertNamesOnly(given.name, payload)
  return { ...workOf(given), payload }
}

/** Completed runs are forgotten after two days, and with them that a period has had its run. */
const longestPeriodSeconds = 86_400

/** Declares work of every period. @throws RangeError for a period that is no whole number of seconds up to a day */
export function defineSchedule({ every_seconds, ...given }: Given & { every_seconds: number }): Schedule {
  if (!Number.isInteger(every_seconds) || every_seconds < 1 || every_seconds > longestPeriodSeconds)
    throw new RangeError(`${given.name}: a period is a whole number of seconds, from one to a day`)
  const work = workOf(given)
  // While a run waits to be tried again no other period has one: it must not wait for longer than that.
  const { delay_seconds, delay_max_seconds, limit } = work.retry
  const within = (seconds: number) => Math.min(seconds, every_seconds)
  return {
    ...work,
    retry: { limit, delay_seconds: within(delay_seconds), delay_max_seconds: within(delay_max_seconds) },
    every_seconds,
  }
}

function workOf({ name, retry, expire_seconds = 900, batch = 10 }: Given): Work {
  if (!/^[a-z][a-z0-9_.-]{1,60}$/.test(name)) throw new TypeError(`${name} is no name of a job`)
  if (batch < 2) throw new RangeError(`${name}: a batch is of two jobs at least`)
  return {
    name,
    retry: { limit: 10, delay_seconds: 5, delay_max_seconds: 600, ...retry },
    expire_seconds,
    batch,
  }
}

type Member = { type?: string; format?: string; enum?: unknown[]; const?: unknown; properties?: Record<string, Member> }

function assertNamesOnly(job: string, schema: z.ZodType): void {
  const { type, properties = {}, ...rest } = z.toJSONSchema(schema) as Member & { additionalProperties?: unknown }
  if (type !== 'object' || rest.additionalProperties !== false)
    throw new TypeError(`${job}: a payload is a z.strictObject`)
  for (const [name, member] of Object.entries(properties)) {
    const names =
      ['integer', 'number', 'boolean'].includes(member.type ?? '') ||
      ['uuid', 'date-time', 'date'].includes(member.format ?? '') ||
      Array.isArray(member.enum) ||
      member.const !== undefined
    if (!names) throw new TypeError(`${job}: ${name} could hold a person's data: give the id of the record instead`)
  }
}
