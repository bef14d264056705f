import type { z } from 'zod'
import { ResourceType } from '../resources/resource.contract.ts'
import type { Context } from '#platform/context.ts'
import type { ResourceUsage, UsageFigures, UsageQuery } from './analytics.contract.ts'
import { findMoment } from './doctor-days.store.ts'
import { addUp } from './doctor-days.ts'
import { addressOf } from './figure-rows.ts'
import { grouped } from './grouping.ts'
import { windowOf } from './kept-days.ts'
import { metrics, withQuotients } from './metrics.ts'
import { requireEveryone } from './own-figures.ts'
import { type Source, sourceOf } from './source.ts'
import { type Period, readPeriod, startOf, stretchesOf } from './period.ts'
import { stretchOfDays } from './stretch-days.ts'
import { askDays, countDays } from './usage-days.ts'
import { usageParts, type UsageRow } from './usage.store.ts'

const minute_ms = 60_000

/** @throws Problem invalidRequest, figuresOfAll */
export async function readUsage(ctx: Context, query: UsageQuery): Promise<ResourceUsage> {
  requireEveryone(ctx)
  return countUsage(sourceOf(ctx), query)
}

/** @throws Problem invalidRequest */
export async function countUsage(source: Source, query: UsageQuery): Promise<ResourceUsage> {
  const { group_by, type, ward, department_id } = query
  const period = readPeriod(query, source.timezone)
  const byTime = group_by === 'day' || group_by === 'week' || group_by === 'month'
  const counted_until = usageUntil(period)
  const until = Temporal.Instant.from(counted_until)
  const { stretches: whole_stretches, numbers } = stretchOfDays(period, byTime ? group_by : 'period')
  const stretches = whole_stretches.map((stretch) => {
    const starts_at = startOf(stretch.from, period.timezone)
    const next = startOf(Temporal.PlainDate.from(stretch.to).add({ days: 1 }), period.timezone)
    return { ...stretch, starts_at: earlier(starts_at, until).toString(), ends_at: earlier(next, until).toString() }
  })
  const { bounds } = windowOf(period, undefined)
  const filter = { bounds, type, ward, department_id, by_resource: group_by === 'resource' }
  const { moment, rows } = await source.counting.atOneMoment(async (tx) => {
    const asked_moment = tx.one(findMoment())
    const { open, kept } = await askDays(tx, source, { ...filter, stretches: numbers })
    const counted = await countDays(tx, { ...filter, days: open, counted_until })
    const of_stretch = counted.map((row) => ({
      ...row,
      stretch_number: numbers[(open[row.stretch_number - 1] ?? 0) - 1] ?? 0,
    }))
    return { moment: await asked_moment, rows: [...(await kept), ...of_stretch] }
  })
  const passed = ({ starts_at, ends_at }: { starts_at: string; ends_at: string }) =>
    Math.max(0, (Date.parse(ends_at) - Date.parse(starts_at)) / minute_ms)
  const passed_minutes = passed({ starts_at: period.starts_at, ends_at: counted_until })
  const nobody = { type: null, ward: null, resource_id: null }
  const whole = stretchesOf(period, 'period')[0] ?? { from: period.from, to: period.to, is_partial: !period.is_over }
  const items = byTime
    ? stretches.map(({ starts_at, ends_at, ...stretch }, at) => ({
        ...stretch,
        ...nobody,
        ...usageOf(
          rows.filter(({ stretch_number }) => stretch_number === at + 1),
          passed({ starts_at, ends_at }),
        ),
      }))
    : grouped(rows, (row) => JSON.stringify(keyOf(group_by, row))).map(([, group]) => {
        const [first] = group
        return { ...whole, ...(first ? keyOf(group_by, first) : nobody), ...usageOf(group, passed_minutes) }
      })
  return {
    ...period,
    as_of: moment.as_of,
    counted_until,
    group_by,
    items,
    total: usageOf(rows, passed_minutes),
    rows: addressOf('resource_usage', period, { type, ward, department_id }),
  }
}

function keyOf(group_by: UsageQuery['group_by'], { type, ward, resource_id }: UsageRow) {
  const of_type = { type: ResourceType.parse(type), ward: null, resource_id: null }
  if (group_by === 'type') return of_type
  return { ...of_type, ward, resource_id }
}

function usageOf(rows: readonly UsageRow[], passed_minutes: number): z.output<typeof UsageFigures> {
  return withQuotients(metrics.resource_usage, { ...addUp(usageParts, rows), passed_minutes })
}

/** The end of a period or now, to the minute; its beginning, where that is still to come. */
export function usageUntil({ starts_at, ends_at }: Period): string {
  const now = Temporal.Now.instant().round({ smallestUnit: 'minute', roundingMode: 'floor' })
  const until = earlier(now, Temporal.Instant.from(ends_at))
  return (Temporal.Instant.compare(until, starts_at) < 0 ? Temporal.Instant.from(starts_at) : until).toString()
}

function earlier(one: Temporal.Instant, other: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(one, other) < 0 ? one : other
}
