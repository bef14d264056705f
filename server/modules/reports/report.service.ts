import { countedDoctor, readPeriod, requireEveryone, rowsAddress, sourceOf } from '#modules/analytics'
import type { Context } from '#platform/context.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { csvOf } from './csv.ts'
import type { Report } from './report.contract.ts'
import { filterNames, type Filters, filtersOf, type ReportName } from './report-filters.contract.ts'
import { figureRowsApi } from '../analytics/figure-rows.contract.ts'
import { reportRowsApi, ReportWithRows } from './report-rows.contract.ts'
import { type Making, reportsWithOwnFigures, tables } from './tables.ts'

export type Asked = Filters & {
  from?: string | undefined
  to?: string | undefined
  format: 'json' | 'csv'
  group_by?: Making['group_by'] | undefined
}

/** Opening a record takes some 15 µs: a third of a second. */
const mostOpenedAtOnce = 20_000

/** @throws Problem invalidRequest, figuresOfAll, notFound, reportTooLong */
export async function readReport(ctx: Context, report: ReportName, asked: Asked): Promise<Report | string> {
  const filters = filtersFor(report, asked, '/query')
  const doctor_id = doctorOf(ctx, report, filters.doctor_id)
  const source = sourceOf(ctx)
  const made = await makeReport(report, {
    ...source,
    keyring: ctx.system.keys.keyring,
    period: readPeriod(asked, source.timezone),
    group_by: asked.group_by ?? 'day',
    filters: { ...filters, doctor_id },
    progress: async () => undefined,
    most_opened: mostOpenedAtOnce,
  })
  ctx.saw({ details: { report, from: made.from, to: made.to, format: asked.format, rows: made.items.length } })
  if (asked.format === 'json') return made
  ctx.header('content-disposition', `attachment; filename="${fileName(made)}.csv"`)
  return csvOf(made.columns, made.items)
}

/** What was asked to narrow it. @throws Problem invalidRequest where this report knows nothing of that */
export function filtersFor(report: ReportName, asked: Filters, at: '/query' | '/body'): Filters {
  const given = filterNames.filter((name) => asked[name] !== undefined)
  const known: readonly string[] = filtersOf[report]
  const errors = given
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: `${at}/${name}`, code: 'custom', message: `${report} is not narrowed by this` }))
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  return Object.fromEntries(given.map((name) => [name, asked[name]]))
}

/** Whose figures the caller gets. @throws Problem figuresOfAll, notFound */
export function doctorOf(ctx: Context, report: ReportName, asked?: string): string | undefined {
  if (!reportsWithOwnFigures.includes(report)) requireEveryone(ctx)
  return countedDoctor(ctx, asked)
}

/** @throws Problem reportTooLong */
export async function makeReport(report: ReportName, making: Making): Promise<Report> {
  const { from, to, timezone, is_over } = making.period
  const { as_of, columns, items } = await tables[report](making)
  const rows = rowsOf(report, { from, to, ...making.filters })
  return { report, from, to, timezone, is_over, as_of, columns: [...columns], items: [...items], rows }
}

/** Of what is a report of analytics, where those of the analytics are. */
export function rowsOf(report: ReportName, asked: Readonly<Record<string, string | undefined>>): string {
  const own = ReportWithRows.safeParse(report).success
  return own
    ? rowsAddress(reportRowsApi.list.path, { report, ...asked })
    : rowsAddress(figureRowsApi.list.path, { subject: report, ...asked })
}

export function fileName({ report, from, to }: Pick<Report, 'report' | 'from' | 'to'>): string {
  return `${report}_${from}_${to}`
}
