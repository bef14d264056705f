import type { Context } from '#platform/context.ts'
import { type ComparedSubject } from './comparison.store.ts'
import { comparedRows } from './comparison-rows.store.ts'
import { countedUntil } from './comparison.service.ts'
import { findMoment } from './doctor-days.store.ts'
import { utilizationParts } from './doctor-days.ts'
import { findDoctorRows, trendSums } from './doctor-rows.ts'
import type { FigureRows, FigureRowsQuery, RowRecord, RowSubject } from './figure-rows.contract.ts'
import {
  type FoundRow,
  pageFrom,
  pageOf,
  requireFigure,
  requireFilters,
  type RowsAsked,
  shownRow,
} from './figure-rows.ts'
import { countedDoctor, requireEveryone } from './own-figures.ts'
import { type Period, periodBefore, readPeriod } from './period.ts'
import { openRowCursor, sealRowCursor } from './row-cursor.ts'
import { type Source, sourceOf } from './source.ts'
import { usageRows, usageSums } from './usage-rows.store.ts'
import { usageUntil } from './usage.service.ts'

const filters = [
  'doctor_id',
  'department_id',
  'specialization',
  'type',
  'ward',
  'resource_id',
  'part',
  'period',
] as const
const filtersOf: Readonly<Record<RowSubject, readonly (typeof filters)[number][]>> = {
  doctor_utilization: ['doctor_id', 'department_id'],
  appointment_trends: ['doctor_id', 'department_id', 'specialization'],
  resource_usage: ['type', 'ward', 'department_id', 'resource_id'],
  admin_analytics: ['part', 'period'],
}
const recordOf: Readonly<Record<ComparedSubject, RowRecord>> = {
  users: 'user',
  appointments: 'appointment',
  visits: 'visit',
  prescriptions: 'prescription',
  documents: 'document',
}

type Found = { as_of: string; record: RowRecord; rows: FoundRow[] }

/** @throws Problem invalidRequest, figuresOfAll, notFound */
export async function listFigureRows(ctx: Context, query: FigureRowsQuery): Promise<FigureRows> {
  const { subject, figure, limit } = query
  requireFilters(query, filtersOf[subject], filters, subject)
  const doctor_id = ofDoctors(subject) ? countedDoctor(ctx, query.doctor_id) : undefined
  if (!ofDoctors(subject)) requireEveryone(ctx)
  const source = sourceOf(ctx)
  const period = readPeriod(query, source.timezone)
  const { keyring } = ctx.system.keys
  const page = { after: openRowCursor(keyring, query, query.cursor), limit }
  const { as_of, record, rows } = await findRows(source, period, { ...query, doctor_id }, page)
  const { items, last } = pageOf(rows, limit)
  const { from, to } = query.period === 'previous' ? periodBefore(period) : period
  ctx.saw({ details: { subject, figure, from, to, rows: items.length } })
  return {
    subject,
    figure,
    from,
    to,
    as_of,
    items: items.map(shownRow(ctx, record)),
    next_cursor: sealRowCursor(keyring, query, last),
  }
}

function ofDoctors(subject: RowSubject): boolean {
  return subject === 'doctor_utilization' || subject === 'appointment_trends'
}

async function findRows(source: Source, period: Period, query: FigureRowsQuery, page: RowsAsked): Promise<Found> {
  const { subject, doctor_id, department_id, specialization } = query
  switch (subject) {
    case 'doctor_utilization':
    case 'appointment_trends': {
      const sums = subject === 'doctor_utilization' ? utilizationParts : trendSums
      const figure = requireFigure(query.figure, sums, subject)
      const of = { ...page, figure, doctor_id, department_id, specialization }
      return {
        record: figure === 'available_minutes' ? 'slot' : 'appointment',
        ...(await findDoctorRows(source, period, of)),
      }
    }
    case 'resource_usage': {
      const figure = requireFigure(query.figure, usageSums, subject)
      const { type, ward, resource_id } = query
      const { starts_at } = period
      const of = usageRows(figure, {
        starts_at,
        counted_until: usageUntil(period),
        type,
        ward: ward === '' ? null : ward,
        department_id: department_id === '' ? null : department_id,
        resource_id,
      })
      const [{ as_of }, rows] = await source.counting.once((tx) =>
        Promise.all([tx.one(findMoment()), tx.rows(pageFrom(of, page))]),
      )
      return { as_of, record: figure === 'available_minutes' ? 'resource' : 'stay', rows }
    }
    case 'admin_analytics': {
      const figure = requireFigure(query.figure, Object.keys(recordOf) as ComparedSubject[], subject)
      const until = countedUntil(period)
      const time =
        query.period === 'previous'
          ? { starts_at: periodBefore(period).starts_at, ends_at: until.previous }
          : { starts_at: period.starts_at, ends_at: until.current }
      const [{ as_of }, rows] = await source.counting.once((tx) =>
        Promise.all([tx.one(findMoment()), tx.rows(pageFrom(comparedRows(figure, time, query.part), page))]),
      )
      return { as_of, record: recordOf[figure], rows }
    }
  }
}
