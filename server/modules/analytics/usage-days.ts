// Days of resources as figures are made of them: sums of what is kept, and what is open counted from the records of the same moment.
import type { Tx } from '#platform/database/transaction.ts'
import type { Source } from './source.ts'
import { findOpenDays, sumKeptDays } from './usage-days.store.ts'
import { findUsage, type UsageFilter, type UsageRow } from './usage.store.ts'

/** `bounds`: the first instants of the days in order, and the end of the last; days are numbered from 1. */
type Filter = Pick<UsageFilter, 'type' | 'ward' | 'department_id' | 'by_resource'> & { bounds: readonly string[] }

/** The days that are open, and the sums of the rest, by the stretch of each day, as a promise: what is open is asked for in the same turn. */
export async function askDays(
  tx: Tx,
  { in_full }: Pick<Source, 'in_full'>,
  asked: Filter & { stretches: readonly number[] },
): Promise<{ open: number[]; kept: Promise<UsageRow[]> }> {
  if (in_full) return { open: asked.stretches.map((_, at) => at + 1), kept: Promise.resolve([]) }
  const open = (await tx.rows(findOpenDays(asked.bounds))).map(({ day_number }) => day_number)
  return { open, kept: tx.rows(sumKeptDays({ ...asked, open })) }
}

/** Of these days, as far as they have come. The stretches of the rows are the days, counted from 1 among these. */
export async function countDays(
  tx: Tx,
  { bounds, days, counted_until, ...filter }: Filter & { days: readonly number[]; counted_until: string },
): Promise<UsageRow[]> {
  const begun = days.flatMap((day) => {
    const [starts_at, ends_at] = [bounds[day - 1], bounds[day]]
    if (starts_at === undefined || ends_at === undefined || !isEarlier(starts_at, counted_until)) return []
    return [{ starts_at, ends_at: isEarlier(ends_at, counted_until) ? ends_at : counted_until }]
  })
  const [first, last] = [begun[0], begun.at(-1)]
  if (!first || !last) return []
  return tx.rows(
    findUsage({
      ...filter,
      starts_at: first.starts_at,
      counted_until: last.ends_at,
      stretch_starts: begun.map(({ starts_at }) => starts_at),
      stretch_ends: begun.map(({ ends_at }) => ends_at),
    }),
  )
}

function isEarlier(at: string, other: string): boolean {
  return Temporal.Instant.compare(at, other) < 0
}
