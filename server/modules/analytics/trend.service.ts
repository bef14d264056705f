import type { z } from 'zod'
import type { Context } from '#platform/context.ts'
import { type AppointmentTrends, countedStatuses, type TrendFigures, type TrendQuery } from './analytics.contract.ts'
import { addUp, type TrendDay, trendParts } from './doctor-days.ts'
import { findMoment } from './doctor-days.store.ts'
import { addressOf } from './figure-rows.ts'
import { grouped } from './grouping.ts'
import { metrics, withQuotients } from './metrics.ts'
import { askKept, askTrendDays, windowOf } from './kept-days.ts'
import { countedDoctor } from './own-figures.ts'
import { type Source, sourceOf } from './source.ts'
import { readPeriod } from './period.ts'
import { stretchOfDays } from './stretch-days.ts'

/** @throws Problem invalidRequest, notFound */
export function readTrends(ctx: Context, query: TrendQuery): Promise<AppointmentTrends> {
  return countTrends(sourceOf(ctx), { ...query, doctor_id: countedDoctor(ctx, query.doctor_id) })
}

/** Of everyone whom the query names. @throws Problem invalidRequest */
export async function countTrends(source: Source, query: TrendQuery): Promise<AppointmentTrends> {
  const period = readPeriod(query, source.timezone)
  const { doctor_id, group_by } = query
  const { stretches, ofDay, numbers } = stretchOfDays(period, group_by)
  const window = windowOf(period, doctor_id)
  const { moment, kept, counted } = await source.counting.atOneMoment(async (tx) => {
    const asked_moment = tx.one(findMoment())
    const { open, kept: asked_kept } = await askKept(tx, source, { window, stretches: numbers, by_doctor: false })
    return { moment: await asked_moment, kept: await asked_kept, counted: await askTrendDays(tx, window, open) }
  })
  const rows: TrendDay[] = [...kept, ...counted].filter(
    ({ department_id, appointments }) =>
      appointments > 0 && (query.department_id === undefined || department_id === query.department_id),
  )
  return {
    ...period,
    as_of: moment.as_of,
    group_by,
    items: grouped(rows, ({ day_number }) => ofDay(day_number), stretches).map(([stretch, group]) => ({
      ...stretch,
      ...trendOf(group),
    })),
    total: trendOf(rows),
    rows: addressOf('appointment_trends', period, { doctor_id, department_id: query.department_id }),
  }
}

function trendOf(rows: readonly TrendDay[]): z.output<typeof TrendFigures> {
  const figures = withQuotients(metrics.appointment_trends, addUp(trendParts, rows))
  return {
    ...figures,
    by_status: addUp(countedStatuses, rows),
    by_specialization: grouped(rows, ({ specialization }) => specialization).map(([specialization, group]) => ({
      specialization,
      ...addUp(['appointments'], group),
    })),
  }
}
