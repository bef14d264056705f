// How each report is made: from a source and a period to rows. Nothing here knows who asks.
import type { z } from 'zod'
import {
  addUp,
  countTrends,
  countUsage,
  countUtilization,
  figureNames,
  findMoment,
  type Period,
  reportMetrics,
  type Source,
  startOf,
  stretchesOf,
  withQuotients,
} from '#modules/analytics'
import { certain } from '#platform/certain.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { countAssessments } from './assessment-table.ts'
import { countPeople } from './patient-table.ts'
import {
  AssessmentRow,
  AuditRow,
  Cell,
  DashboardRow,
  PatientRow,
  PrescriptionRow,
  VisitRow,
} from './report.contract.ts'
import type { Filters, ReportName } from './report-filters.contract.ts'
import { countEntries, countPrescriptions, countVisits, findGlance, visitParts } from './report.store.ts'

export type Making = Source & {
  keyring: Keyring
  period: Period
  group_by: 'day' | 'week' | 'month'
  /** `doctor_id`: whose figures, undefined for everybody's. */
  filters: Filters
  /** Told of records that are opened one by one. */
  progress: (done: number, total: number) => Promise<void>
  /** Refuses to open more than this many. */
  most_opened: number
}
type Row = Readonly<Record<string, Cell>>
export type Table = { as_of: string; columns: readonly string[]; items: readonly Row[] }
type Maker = (making: Making) => Promise<Table>

/** Those of which a doctor has own figures. */
export const reportsWithOwnFigures: readonly ReportName[] = [
  'visit_volume',
  'prescriptions',
  'doctor_utilization',
  'appointment_trends',
]

export const tables: Readonly<Record<ReportName, Maker>> = {
  async dashboard({ counting, period }) {
    const [{ as_of }, glance] = await counting.once((tx) =>
      Promise.all([tx.one(findMoment()), tx.one(findGlance(period))]),
    )
    const names = Object.keys(reportMetrics.dashboard) as (keyof typeof reportMetrics.dashboard)[]
    return tableOf(
      DashboardRow,
      as_of,
      names.map((metric) => ({ metric, value: glance[metric] })),
    )
  },
  async patient_statistics(making) {
    const { as_of, items } = await countPeople(making)
    return tableOf(PatientRow, as_of, items)
  },
  async visit_volume({ counting, period, group_by, filters }) {
    const { stretched, stretchAt } = stretchesFor(period, group_by)
    const [{ as_of }, rows] = await counting.once((tx) =>
      Promise.all([tx.one(findMoment()), tx.rows(countVisits(stretched, filters))]),
    )
    const items = rows.map(({ number, department_id, type, ...figures }) => ({
      ...stretchAt(number),
      department_id,
      type,
      ...withQuotients(reportMetrics.visit_volume, addUp(visitParts, [figures])),
    }))
    return tableOf(VisitRow, as_of, items)
  },
  async clinical_assessments(making) {
    const { as_of, items } = await countAssessments(making)
    return tableOf(AssessmentRow, as_of, items)
  },
  async prescriptions({ counting, period, group_by, filters }) {
    const { stretched, stretchAt } = stretchesFor(period, group_by)
    const [{ as_of }, rows] = await counting.once((tx) =>
      Promise.all([tx.one(findMoment()), tx.rows(countPrescriptions(stretched, filters))]),
    )
    return tableOf(
      PrescriptionRow,
      as_of,
      rows.map(({ number, ...row }) => ({ ...stretchAt(number), ...row })),
    )
  },
  async audit({ counting, period, group_by, filters }) {
    const { stretched, stretchAt } = stretchesFor(period, group_by)
    const [{ as_of }, rows] = await counting.once((tx) =>
      Promise.all([tx.one(findMoment()), tx.rows(countEntries(stretched, filters))]),
    )
    return tableOf(
      AuditRow,
      as_of,
      rows.map(({ number, ...row }) => ({ ...stretchAt(number), ...row })),
    )
  },
  async doctor_utilization({ period: { from, to }, filters, ...source }) {
    const { as_of, items } = await countUtilization(source, { from, to, group_by: 'doctor', ...filters })
    const rows = items.map(({ by_status, ...item }) => ({ ...item, ...by_status }))
    return figuresTable(as_of, [...stretch, 'doctor_id', 'department_id'], figureNames.doctor_utilization, rows)
  },
  async appointment_trends({ period: { from, to }, group_by, filters, ...source }) {
    const { as_of, items } = await countTrends(source, { from, to, group_by, ...filters })
    const rows = items.map((item) => ({ ...item, ...item.by_status }))
    return figuresTable(as_of, stretch, figureNames.appointment_trends, rows)
  },
  async resource_usage({ period: { from, to }, filters, ...source }) {
    const { as_of, items } = await countUsage(source, { from, to, group_by: 'ward', ...filters })
    return figuresTable(as_of, [...stretch, 'type', 'ward'], figureNames.resource_usage, items)
  },
}

const stretch = ['from', 'to', 'is_partial']

/** Of each row what is told apart by, and the figures as the catalogue names them. */
function figuresTable(
  as_of: string,
  keys: readonly string[],
  figures: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
): Table {
  const columns = [...keys, ...figures]
  return {
    as_of,
    columns,
    items: rows.map((row) => Object.fromEntries(columns.map((name) => [name, Cell.parse(row[name])]))),
  }
}

function tableOf<R extends z.ZodObject>({ shape }: R, as_of: string, items: readonly z.output<R>[]): Table {
  return { as_of, columns: Object.keys(shape), items: items as readonly Row[] }
}

function stretchesFor(period: Period, group_by: 'day' | 'week' | 'month') {
  const stretches = stretchesOf(period, group_by)
  const bounds = stretches.map(({ from }) => startOf(from, period.timezone).toString())
  return {
    stretched: { starts_at: period.starts_at, ends_at: period.ends_at, bounds },
    stretchAt: (number: number) => certain(stretches[number - 1], 'stretch of a row'),
  }
}
