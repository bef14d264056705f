// Which occurrences of a series a change is about.
import type { Context } from '#platform/context.ts'
import { notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { tellsNoShows } from './appointment.answer.ts'
import { findOccurrences, type StoredOccurrence } from './appointment.store.ts'
import { assertMayChange } from './locked.ts'
import { lockOccurrences } from './series-change.store.ts'
import { type SeriesChange, seriesOver } from './series.contract.ts'
import { movable } from './transitions.ts'

/** The occurrences that a change is about, locked; that it is made is recorded with it. @throws Problem notFound, forbidden, seriesOver */
export async function takeOccurrences(
  ctx: Context,
  tx: Tx,
  series_id: string,
  about: SeriesChange,
): Promise<StoredOccurrence[]> {
  const [, all] = await Promise.all([
    tx.run(lockOccurrences(series_id, rangeOf(about))),
    tx.rows(findOccurrences(series_id, tellsNoShows(ctx))),
  ])
  const taken = chosen(ctx, all, about)
  tx.audit({
    action: 'appointment.change_series',
    resource_type: 'appointment',
    resource_id: series_id,
    patient_id: taken[0]?.patient_id,
    details: { scope: about.scope, occurrence: about.occurrence, count: taken.length },
  })
  return taken
}

/** Each change of an occurrence gives it a higher version, and none ever leaves its series: so their sum only grows. */
export function seriesVersion(occurrences: readonly { version: number }[]): number {
  return occurrences.reduce((sum, { version }) => sum + version, 0)
}

/** @throws Problem notFound, forbidden, stale, seriesOver */
export function chosen(ctx: Context, all: readonly StoredOccurrence[], about: SeriesChange): StoredOccurrence[] {
  if (!all.some(({ occurrence }) => occurrence === about.occurrence)) throw new Problem(notFound)
  if (ctx.if_match !== undefined && ctx.if_match !== seriesVersion(all)) {
    // Whoever compares them with what they have read sees which ones changed.
    const occurrences = all.map(({ id, occurrence, version }) => ({ id, occurrence, version }))
    throw new Problem(stale, { occurrences })
  }
  const { from, to } = rangeOf(about)
  const now_ms = Temporal.Now.instant().epochMilliseconds
  const ahead = all.filter(
    ({ occurrence, status, appointment_time }) =>
      occurrence !== null &&
      occurrence >= from &&
      occurrence <= to &&
      movable.includes(status) &&
      Date.parse(appointment_time) > now_ms,
  )
  for (const one of ahead) assertMayChange(ctx, one)
  if (ahead.length === 0) throw new Problem(seriesOver)
  return ahead
}

function rangeOf({ scope, occurrence }: SeriesChange): { from: number; to: number } {
  return { from: scope === 'all' ? 1 : occurrence, to: scope === 'this' ? occurrence : 99 }
}
