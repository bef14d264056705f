// Changing occurrences of a series: this one, those from it on, or all that lie ahead; every one of them or none.
import { type Context, holds } from '#platform/context.ts'
import { forbidden, Problem } from '#platform/contract/problem.ts'
import type { Calendars } from '#modules/doctors'
import { assertInTime } from './locked.ts'
import { describeOccurrences, cancelOccurrences } from './series-details.ts'
import { moveOccurrences } from './series-move.ts'
import type { Series, SeriesChange } from './series.contract.ts'
import { getSeries } from './series.service.ts'
import { takeOccurrences } from './series-taken.ts'

/** @throws Problem notFound, forbidden, pastCutOff, notAccepting, seriesOver, seriesConflicts */
export async function changeSeries(
  ctx: Context,
  calendars: Calendars,
  id: string,
  request: SeriesChange,
): Promise<Series> {
  const { move, details, cancel } = request
  if (cancel && !holds(ctx.actor, 'appointments:cancel')) {
    throw new Problem(forbidden, { detail: 'Your role does not allow cancelling appointments' })
  }
  if (move) await moveOccurrences(ctx, calendars, id, request, move)
  else {
    await ctx.database.transaction(async (tx) => {
      const all = await takeOccurrences(ctx, tx, id, request)
      if (cancel) {
        for (const one of all) assertInTime(ctx, one)
        await cancelOccurrences(ctx, tx, all, cancel.reason ?? null)
      } else await describeOccurrences(ctx, tx, all, details ?? {})
    })
  }
  return getSeries(ctx, id)
}
