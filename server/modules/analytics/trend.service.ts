import type { z } from 'zod'
import type { Context } from '#platform/context.ts'
import { type AppointmentTrends, countedStatuses, type TrendFigures, type TrendQuery } from './analytics.contract.ts'
import { addUp, placesOf, type TrendDay, trendParts } from './doctor-days.ts'
import { findBookedDays, findDoctorStates, findMoment } from './doctor-days.store.ts'
import { grouped, rowsAddress } from './grouping.ts'
import { metrics, withQuotients } from './metrics.ts'
import { countedDoctor } from './own-figures.ts'
import { type Source, sourceOf } from './source.ts'
import { daysOf, readPeriod } from './period.ts'
import { stretchOfDays } from './stretch-days.ts'

/** @throws Problem invalidRequest, notFound */
export function readTrends(ctx: Context, query: TrendQuery): Promise<AppointmentTrends> {
  return countTrends(sourceOf(ctx), { ...query, doctor_id: countedDoctor(ctx, query.doctor_id) })
}

/** Of everyone whom the query names. @throws Problem invalidRequest */
export async function countTrends({ counting, timezone }: Source, query: TrendQuery): Promise<AppointmentTrends> {
  const period = readPeriod(query, timezone)
  const { doctor_id } = query
  const { starts_at, ends_at } = period
  const days = daysOf(period).map((day) => day.starts_at)
  const [moment, states, booked] = await counting.once((tx) =>
    Promise.all([
      tx.one(findMoment()),
      tx.rows(findDoctorStates(starts_at, ends_at, doctor_id)),
      tx.rows(findBookedDays({ days, ends_at, doctor_id })),
    ]),
  )
  const placeOf = placesOf(
    states,
    [...days.slice(1), ends_at].map((at) => Date.parse(at)),
  )
  const rows = booked
    .map((day): TrendDay => ({ ...day, ...placeOf(day) }))
    .filter(({ department_id }) => query.department_id === undefined || department_id === query.department_id)
  const { group_by } = query
  const { stretches, ofDay } = stretchOfDays(period, group_by)
  return {
    ...period,
    as_of: moment.as_of,
    group_by,
    items: grouped(rows, ({ day_number }) => ofDay(day_number), stretches).map(([stretch, group]) => ({
      ...stretch,
      ...trendOf(group),
    })),
    total: trendOf(rows),
    rows: rowsAddress(query, doctor_id, period),
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
