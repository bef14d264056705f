// The rows that a figure is the sum of. They name records, never a person: what is in one is read where it lies.
import { z } from 'zod'
import { ResourceType } from '../resources/resource.contract.ts'
import { figuresOfAll, PeriodQuery } from './analytics.contract.ts'
import { Id, Instant, LocalDate, Page, QueryInteger } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { notFound } from '#platform/contract/problem.ts'

export const RowRecord = z.enum([
  'slot',
  'appointment',
  'resource',
  'stay',
  'visit',
  'prescription',
  'document',
  'user',
  'patient',
  'assessment',
  'alert',
  'entry',
])
export type RowRecord = z.output<typeof RowRecord>

export const FigureRow = z.object({
  record: RowRecord.describe('What the row is; a `slot` is time that a doctor offered and no record'),
  id: Id.nullable().describe('Of the record; null of a slot, and where you may not read such records'),
  address: z.string().nullable().describe('Where the record is read, where there is such an address and you may'),
  at: Instant.describe('When it is counted; rows are in this order'),
  value: z.int().describe('What it adds to the figure, in the unit of the catalogue; never 0'),
  part: z.string().nullable().describe('Its status, role, kind or the like: the part of the figure in which it counts'),
  doctor_id: Id.nullable(),
  department_id: Id.nullable(),
  resource_id: Id.nullable(),
})
export type FigureRow = z.output<typeof FigureRow>

/** What every list of rows answers, beside the name of what it is about. */
export const rowList = {
  figure: z.string(),
  from: LocalDate,
  to: LocalDate.describe('Included'),
  as_of: Instant,
  items: z.array(FigureRow).describe('All pages together add up to the figure'),
  next_cursor: z.string().nullable().describe('Give it as cursor to read on; null at the end'),
}
/** Of every list of rows. */
export const rowPage = { limit: QueryInteger(1, 500).default(100), cursor: Page.cursor }

export const Figure = z
  .string()
  .max(60)
  .describe('Its name in the catalogue; of a quotient, the figures above or below the line')

export const RowSubject = z.enum(['doctor_utilization', 'appointment_trends', 'resource_usage', 'admin_analytics'])
export type RowSubject = z.output<typeof RowSubject>

export const FigureRowsQuery = PeriodQuery.extend({
  subject: RowSubject,
  figure: Figure,
  doctor_id: Id.optional(),
  department_id: z
    .union([Id, z.literal('')])
    .optional()
    .describe('As the figures know it; empty: those in none'),
  specialization: z.string().max(100).optional().describe('Of the doctors, as it was on each day'),
  type: ResourceType.optional(),
  ward: z.string().max(100).optional().describe('As it was at each moment; empty: those in none'),
  resource_id: Id.optional(),
  part: z.string().max(100).optional().describe('Of the administrator’s figures: one of their parts'),
  period: z
    .enum(['current', 'previous'])
    .optional()
    .describe('Of the administrator’s figures: that before instead of the one asked for'),
  ...rowPage,
})
export type FigureRowsQuery = z.output<typeof FigureRowsQuery>

export const FigureRows = z.object({ subject: RowSubject, ...rowList })
export type FigureRows = z.output<typeof FigureRows>

export const figureRowsApi = {
  list: {
    method: 'GET',
    path: '/api/v1/analytics/rows',
    summary: 'The rows that a figure is the sum of',
    description:
      'Of any figure of the analytics, with the filters of these and what tells apart their items. The address in `rows` of an answer asks for all but `figure`. Those that the records behind a quotient are made of have names of their own: `lead_minutes`, `ended_stay_minutes`. A doctor sees those of their own figures.',
    access: 'analytics:read',
    audit: { action: 'analytics.rows', resource_type: 'figures' },
    query: FigureRowsQuery,
    returns: [200, FigureRows],
    problems: [figuresOfAll, notFound],
  },
} as const satisfies Api
