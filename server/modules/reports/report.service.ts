import { countedDoctor, readPeriod, requireEveryone, sourceOf } from '#modules/analytics'
import type { Context } from '#platform/context.ts'
import { csvOf } from './csv.ts'
import type { Filters, Report, ReportName } from './report.contract.ts'
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
  const { doctor_id: asked_doctor_id, department_id, action, role, outcome } = asked
  const doctor_id = doctorOf(ctx, report, asked_doctor_id)
  const source = sourceOf(ctx)
  const made = await makeReport(report, {
    ...source,
    keyring: ctx.system.keys.keyring,
    period: readPeriod(asked, source.timezone),
    group_by: asked.group_by ?? 'day',
    doctor_id,
    filters: { department_id, action, role, outcome },
    progress: async () => undefined,
    most_opened: mostOpenedAtOnce,
  })
  ctx.saw({ details: { report, from: made.from, to: made.to, format: asked.format, rows: made.items.length } })
  if (asked.format === 'json') return made
  ctx.header('content-disposition', `attachment; filename="${fileName(made)}.csv"`)
  return csvOf(made.columns, made.items)
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
  return { report, from, to, timezone, is_over, as_of, columns: [...columns], items: [...items] }
}

export function fileName({ report, from, to }: Pick<Report, 'report' | 'from' | 'to'>): string {
  return `${report}_${from}_${to}`
}
