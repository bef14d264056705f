import type { Context } from '#platform/context.ts'
import {
  countedStatuses,
  type DoctorUtilization,
  type UtilizationFigures,
  type UtilizationQuery,
} from './analytics.contract.ts'
import { addUp, type UtilizationDay, utilizationDays, utilizationParts } from './doctor-days.ts'
import { findDoctorStates, findMoment, findTakenDays, findTimeOff } from './doctor-days.store.ts'
import { grouped, rowsAddress } from './grouping.ts'
import { metrics, withQuotients } from './metrics.ts'
import { countedDoctor } from './own-figures.ts'
import { type Source, sourceOf } from './source.ts'
import { daysOf, readPeriod, type Stretch } from './period.ts'
import { stretchOfDays } from './stretch-days.ts'
import type { z } from 'zod'

/** @throws Problem invalidRequest, notFound */
export function readUtilization(ctx: Context, query: UtilizationQuery): Promise<DoctorUtilization> {
  return countUtilization(sourceOf(ctx), { ...query, doctor_id: countedDoctor(ctx, query.doctor_id) })
}

/** Of everyone whom the query names. @throws Problem invalidRequest */
export async function countUtilization(
  { counting, timezone }: Source,
  query: UtilizationQuery,
): Promise<DoctorUtilization> {
  const period = readPeriod(query, timezone)
  const { doctor_id } = query
  const { starts_at, ends_at } = period
  const days = daysOf(period).map((day) => day.starts_at)
  const [moment, states, time_off, taken] = await counting.once((tx) =>
    Promise.all([
      tx.one(findMoment()),
      tx.rows(findDoctorStates(starts_at, ends_at, doctor_id)),
      tx.rows(findTimeOff(starts_at, ends_at, doctor_id)),
      tx.rows(findTakenDays({ days, ends_at, doctor_id })),
    ]),
  )
  const bounds_ms = [...days, ends_at].map((at) => Date.parse(at))
  const all = await utilizationDays({ bounds_ms, states, time_off, taken })
  const rows = all.filter(
    ({ department_id }) => query.department_id === undefined || department_id === query.department_id,
  )

  const { group_by } = query
  const byTime = group_by === 'day' || group_by === 'week' || group_by === 'month'
  const { stretches, ofDay } = stretchOfDays(period, byTime ? group_by : 'period')
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
    rows: rowsAddress(query, doctor_id, period),
  }
}

function latestOf(group: readonly UtilizationDay[]): UtilizationDay {
  return group.reduce((latest, row) => (row.day_number > latest.day_number ? row : latest))
}

function utilizationOf(rows: readonly UtilizationDay[]): z.output<typeof UtilizationFigures> {
  const figures = withQuotients(metrics.doctor_utilization, addUp(utilizationParts, rows))
  return { ...figures, by_status: addUp(countedStatuses, rows) }
}
