// What figures are counted from, whoever asks: a request or a job.
import type { Context } from '#platform/context.ts'
import type { Counting } from '#platform/database/counting.ts'

export type Source = {
  counting: Counting
  timezone: string
  /** Counts from the records alone: what is kept of past days must come to the same. */
  in_full?: true
}

export function sourceOf(ctx: Context): Source {
  return { counting: ctx.counting(), timezone: ctx.system.configuration.timezone }
}
