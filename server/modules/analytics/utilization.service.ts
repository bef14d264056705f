import type { Context } from '#platform/context.ts'
import {
  countedStatuses,
  type DoctorUtilization,
  type UtilizationFigures,
  type UtilizationQuery,
} from './analytics.contract.ts'
import { addUp, type UtilizationDay, utilizationDays, utilizationParts } from './doctor-days.ts'
import { findMoment } from './doctor-days.store.ts'
import { addressOf } from './figure-rows.ts'
import { grouped } from './grouping.ts'
import { metrics, withQuotients } from './metrics.ts'
import { askOffered, askKept, windowOf } from './kept-days.ts'
import { countedDoctor } from './own-figures.ts'
import { type Source, sourceOf } from './source.ts'
import { readPeriod, type Stretch } from './period.ts'
import { stretchOfDays } from './stretch-days.ts'
import type { z } from 'zod'

/** @throws Problem invalidRequest, notFound */
export function readUtilization(ctx: Context, query: UtilizationQuery): Promise<DoctorUtilization> {
  return countUtilization(sourceOf(ctx), { ...query, doctor_id: countedDoctor(ctx, query.doctor_id) })
}

/** Of everyone whom the query names. @throws Problem invalidRequest */
export async function countUtilization(source: Source, query: UtilizationQuery): Promise<DoctorUtilization> {
  const period = readPeriod(query, source.timezone)
  const { doctor_id, group_by } = query
  const byTime = group_by === 'day' || group_by === 'week' || group_by === 'month'
  const { stretches, ofDay, numbers } = stretchOfDays(period, byTime ? group_by : 'period')
  const window = windowOf(period, doctor_id)
  const { moment, kept, offered } = await source.counting.atOneMoment(async (tx) => {
    const asked_moment = tx.one(findMoment())
    const { open, kept: asked_kept } = await askKept(tx, source, {
      window,
      stretches: numbers,
      by_doctor: group_by === 'doctor',
    })
    return { moment: await asked_moment, kept: await asked_kept, offered: await askOffered(tx, window, open) }
  })
  const rows: UtilizationDay[] = [...kept, ...(await utilizationDays(offered))].filter(
    ({ department_id }) => query.department_id === undefined || department_id === query.department_id,
  )
  const item = (
    stretch: Stretch,
    group: readonly UtilizationDay[],
    who: Pick<DoctorUtilization['items'][number], 'doctor_id' | 'department_id'>,
  ) => {
    return { ...stretch, ...who, ...utilizationOf(group) }
  }
  const whole = stretches[0] ?? { from: period.from, to: period.to, is_partial: !period.is_over }
  const items = byTime
    ? grouped(rows, ({ day_number }) => ofDay(day_number), stretches).map(([stretch, group]) =>
        item(stretch, group, { doctor_id: doctor_id ?? null, department_id: query.department_id ?? null }),
      )
    : group_by === 'doctor'
      ? grouped(rows, (row) => row.doctor_id).map(([id, group]) =>
          item(whole, group, { doctor_id: id, department_id: latestOf(group).department_id }),
        )
      : grouped(rows, (row) => row.department_id).map(([department_id, group]) =>
          item(whole, group, { doctor_id: null, department_id }),
        )
  return {
    ...period,
    as_of: moment.as_of,
    group_by,
    items,
    total: utilizationOf(rows),
    rows: addressOf('doctor_utilization', period, { doctor_id, department_id: query.department_id }),
  }
}

function latestOf(group: readonly UtilizationDay[]): UtilizationDay {
  return group.reduce((latest, row) => (row.day_number > latest.day_number ? row : latest))
}

function utilizationOf(rows: readonly UtilizationDay[]): z.output<typeof UtilizationFigures> {
  const figures = withQuotients(metrics.doctor_utilization, addUp(utilizationParts, rows))
  return { ...figures, by_status: addUp(countedStatuses, rows) }
}
