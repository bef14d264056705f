import { setImmediate as turn } from 'node:timers/promises'
import {
  type FoundRow,
  findMoment,
  openRowCursor,
  pageFrom,
  pageOf,
  type Period,
  readPeriod,
  requireFigure,
  requireFilters,
  type RowsAsked,
  sealRowCursor,
  shownRow,
  type Source,
  sourceOf,
} from '#modules/analytics'
import { openSigned } from '#modules/assessments'
import { tryOpenCard } from '#modules/patients'
import type { Context } from '#platform/context.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Sql } from '#platform/database/sql.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import type { RowRecord } from '../analytics/figure-rows.contract.ts'
import { findingsOf } from './assessment-table.ts'
import { bandOf } from './patient-table.ts'
import type { ReportRows, ReportRowsQuery, ReportWithRows } from './report-rows.contract.ts'
import { doctorOf } from './report.service.ts'
import {
  alertRows,
  bedRows,
  bedStayRows,
  entryRows,
  listPatientsToTell,
  listSignedToTell,
  openVisitRows,
  patientRows,
  prescriptionRows,
  visitRows,
} from './report-rows.store.ts'
import { prescriptionParts, visitParts } from './report.store.ts'

const filters = [
  'doctor_id',
  'department_id',
  'gender',
  'age_band',
  'visit_type',
  'topic',
  'part',
  'action',
  'role',
  'outcome',
] as const
const rowFiltersOf: Readonly<Record<ReportWithRows, readonly (typeof filters)[number][]>> = {
  dashboard: [],
  patient_statistics: ['gender', 'age_band'],
  visit_volume: ['doctor_id', 'department_id', 'visit_type'],
  clinical_assessments: ['doctor_id', 'department_id', 'topic', 'part'],
  prescriptions: ['doctor_id'],
  audit: ['action', 'role', 'outcome'],
}
const glance = [
  'patients',
  'new_patients',
  'open_visits',
  'visits',
  'assigned_beds',
  'places_in_beds',
  'open_alerts',
  'prescriptions',
] as const

/** Opened for one page; some 15 µs each. */
const mostOpenedForPage = 5000
const openedAtOnce = 500

type Asking = Source & { period: Period; query: ReportRowsQuery; page: RowsAsked; keyring: Keyring }
type Found = { as_of: string; record: RowRecord; rows: FoundRow[]; looked_until?: FoundRow | undefined }
/** What is found by one statement. */
type Statement = { record: RowRecord; from: Sql<FoundRow> }

/** @throws Problem invalidRequest, figuresOfAll, notFound */
export async function listReportRows(ctx: Context, query: ReportRowsQuery): Promise<ReportRows> {
  const { report, figure, limit } = query
  requireFilters(query, rowFiltersOf[report], filters, report)
  const doctor_id = doctorOf(ctx, report, query.doctor_id)
  const source = sourceOf(ctx)
  const period = readPeriod(query, source.timezone)
  const { keyring } = ctx.system.keys
  const { as_of, record, rows, looked_until } = await findRows({
    ...source,
    period,
    query: { ...query, doctor_id },
    page: { after: openRowCursor(keyring, query, query.cursor), limit },
    keyring,
  })
  const { items, last } = pageOf(rows, limit)
  const { from, to } = period
  ctx.saw({ details: { report, figure, from, to, rows: items.length } })
  return {
    report,
    figure,
    from,
    to,
    as_of,
    items: items.map(shownRow(ctx, record)),
    next_cursor: sealRowCursor(keyring, query, last ?? looked_until),
  }
}

async function findRows(asking: Asking): Promise<Found> {
  const { counting, query, page } = asking
  if (query.report === 'patient_statistics' && query.age_band !== undefined) return findOfAge(asking)
  if (query.report === 'clinical_assessments' && query.topic !== 'alert') return findFindings(asking)
  const { record, from } = statementFor(asking)
  const [{ as_of }, rows] = await counting.once((tx) =>
    Promise.all([tx.one(findMoment()), tx.rows(pageFrom(from, page))]),
  )
  return { as_of, record, rows }
}

function statementFor({ period, query, page: { after } }: Asking): Statement {
  const { report } = query
  switch (report) {
    case 'dashboard':
      return glanceStatement(period, requireFigure(query.figure, glance, report))
    case 'patient_statistics':
      return {
        record: 'patient',
        from: patientRows(timeOf(period, requireFigure(query.figure, patientFigures, report)), query.gender),
      }
    case 'visit_volume':
      return { record: 'visit', from: visitRows(requireFigure(query.figure, visitParts, report), period, query) }
    case 'clinical_assessments':
      return {
        record: 'alert',
        from: alertRows(requireFigure(query.figure, assessmentFigures, report), period, query),
      }
    case 'prescriptions':
      return {
        record: 'prescription',
        from: prescriptionRows(requireFigure(query.figure, prescriptionParts, report), period, query),
      }
    case 'audit': {
      requireFigure(query.figure, ['entries'], report)
      // What a page before has shown is not looked through again.
      const starts_at = after?.[0] ?? period.starts_at
      return { record: 'entry', from: entryRows({ starts_at, ends_at: period.ends_at }, query) }
    }
  }
}

const patientFigures = ['patients', 'new_patients'] as const
const assessmentFigures = ['assessments', 'flagged'] as const

function glanceStatement(period: Period, figure: (typeof glance)[number]): Statement {
  switch (figure) {
    case 'patients':
    case 'new_patients':
      return { record: 'patient', from: patientRows(timeOf(period, figure), undefined) }
    case 'open_visits':
      return { record: 'visit', from: openVisitRows() }
    case 'visits':
      return { record: 'visit', from: visitRows('visits', period, {}) }
    case 'assigned_beds':
      return { record: 'stay', from: bedStayRows() }
    case 'places_in_beds':
      return { record: 'resource', from: bedRows() }
    case 'open_alerts':
      return { record: 'alert', from: alertRows('flagged', undefined, {}) }
    case 'prescriptions':
      return { record: 'prescription', from: prescriptionRows('prescriptions', period, {}) }
  }
}

function timeOf({ from, to, timezone }: Period, figure: (typeof patientFigures)[number]) {
  return { from: figure === 'new_patients' ? from : undefined, to, timezone }
}

const isNoRow = { value: 0, part: null, doctor_id: null, department_id: null, resource_id: null }

/** Patients of an age: each card is opened. */
async function findOfAge({ period, query, keyring, ...asking }: Asking): Promise<Found> {
  const figure = requireFigure(query.figure, patientFigures, query.report)
  const today = Temporal.Now.plainDateISO(period.timezone).toString()
  const on = period.to < today ? period.to : today
  return gather('patient', asking, {
    list: (page) => listPatientsToTell(timeOf(period, figure), query.gender, page),
    open: (row) => ({
      ...isNoRow,
      id: row.id,
      at: row.at,
      part: row.gender,
      value: bandOf(tryOpenCard(keyring, row)?.date_of_birth ?? null, on) === query.age_band ? 1 : 0,
    }),
  })
}

/** Final assessments with a finding; each is opened. @throws Problem invalidRequest without a topic: every one has its own unit */
async function findFindings({ period, query, keyring, ...asking }: Asking): Promise<Found> {
  const figure = requireFigure(query.figure, assessmentFigures, query.report)
  const { topic, part } = query
  if (topic === undefined)
    throw new Problem(invalidRequest, {
      errors: [{ path: '/query/topic', code: 'custom', message: 'Must say which topic of clinical_assessments' }],
    })
  return gather('assessment', asking, {
    list: (page) => listSignedToTell(period, query, page),
    open(row) {
      const content = openSigned(keyring, row)
      const found = (content ? findingsOf(content) : []).filter(
        (finding) =>
          finding.topic === topic &&
          (part === undefined || finding.part === part) &&
          (figure === 'assessments' || finding.is_flagged),
      )
      return { ...isNoRow, id: row.assessment_id, at: row.at, part: part ?? topic, value: found.length }
    },
  })
}

/** Opens what is listed until the page is full, or as much as one request may. */
async function gather<Row>(
  record: RowRecord,
  { counting, page: { after, limit } }: Pick<Asking, 'counting' | 'page'>,
  { list, open }: { list: (page: RowsAsked) => Sql<Row>; open: (row: Row) => FoundRow },
): Promise<Found> {
  const { as_of } = await counting.once((tx) => tx.one(findMoment()))
  const rows: FoundRow[] = []
  let next = after
  for (let opened = 0; opened < mostOpenedForPage; opened += openedAtOnce) {
    const page = { after: next, limit: openedAtOnce }
    const found = (await counting.once((tx) => tx.rows(list(page)))).map((row) => open(row))
    rows.push(...found.filter(({ value }) => value !== 0))
    const last = found.at(-1)
    if (!last || found.length < openedAtOnce || rows.length > limit) return { as_of, record, rows }
    next = [last.at, last.id]
    await turn()
    if (opened + openedAtOnce >= mostOpenedForPage) return { as_of, record, rows, looked_until: last }
  }
  return { as_of, record, rows }
}
