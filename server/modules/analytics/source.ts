// What figures are counted from, whoever asks: a request or a job.
import type { Context } from '#platform/context.ts'
import type { Counting } from '#platform/database/counting.ts'

export type Source = { counting: Counting; timezone: string }

export function sourceOf(ctx: Context): Source {
  return { counting: ctx.counting(), timezone: ctx.system.configuration.timezone }
}
