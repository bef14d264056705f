// What lists of the rows behind figures share: their addresses, what of a record is told to whom, and how a page of them ends.
import { type Context, reachOf } from '#platform/context.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'
import { type FigureRow, figureRowsApi, type RowRecord, type RowSubject } from './figure-rows.contract.ts'

/** As a statement finds it. What it is not about is null. */
export type FoundRow = {
  id: string
  at: string
  value: number
  part: string | null
  doctor_id: string | null
  department_id: string | null
  resource_id: string | null
}
export type RowsAsked = { after: readonly [at: string, id: string] | undefined; limit: number }

/** Which permission shows a record, and where it is. */
const records: Readonly<Record<RowRecord, { permission: string; address?: (id: string) => string } | undefined>> = {
  slot: undefined,
  appointment: { permission: 'appointments:read', address: (id) => `/api/v1/appointments/${id}` },
  resource: { permission: 'resources:assign', address: (id) => `/api/v1/resources/${id}` },
  stay: { permission: 'resources:assign' },
  visit: { permission: 'visits:read', address: (id) => `/api/v1/visits/${id}` },
  prescription: { permission: 'prescriptions:read', address: (id) => `/api/v1/prescriptions/${id}` },
  document: { permission: 'documents:read', address: (id) => `/api/v1/documents/${id}` },
  user: { permission: 'users:read', address: (id) => `/api/v1/users/${id}` },
  patient: { permission: 'patients:read', address: (id) => `/api/v1/patients/${id}` },
  assessment: { permission: 'assessments:read', address: (id) => `/api/v1/assessments/${id}` },
  alert: { permission: 'assessments:read' },
  entry: { permission: 'audit:read' },
}

/** Whoever sees all such records is told which; of their own figures, whoever sees their own. */
export function shownRow({ actor, reach }: Context, record: RowRecord): (row: FoundRow) => FigureRow {
  const known = records[record]
  const seen = known && reachOf(actor, known.permission)
  const isTold = seen === 'all' || (seen !== undefined && reach !== 'all')
  return ({ id, at, value, part, doctor_id, department_id, resource_id }) => ({
    record,
    id: isTold ? id : null,
    address: (isTold && known?.address?.(id)) || null,
    at,
    value,
    part,
    doctor_id,
    department_id,
    resource_id,
  })
}

/** Of rows of which one more than asked for was looked for, and the one behind which the next page begins. */
export function pageOf<Row>(rows: readonly Row[], limit: number): { items: Row[]; last: Row | undefined } {
  const items = rows.slice(0, limit)
  return { items, last: rows.length > limit ? items.at(-1) : undefined }
}

/** The page of `source`, a query of rows, and one row more. Rows that add nothing are none. */
export function pageFrom(source: Sql<FoundRow>, { after, limit }: RowsAsked): Sql<FoundRow> {
  const [at, id] = after ?? []
  const behind = after === undefined ? sql`true` : sql`(r.at, r.id) > (${at}::timestamptz, ${id}::uuid)`
  return sql`select * from (${source}) as r where r.value <> 0 and ${behind} order by r.at, r.id limit ${literal(limit + 1)}`
}

/** @throws Problem invalidRequest where a filter is asked for that the figures do not have */
export function requireFilters(
  asked: Readonly<Record<string, unknown>>,
  known: readonly string[],
  of: readonly string[],
  subject: string,
): void {
  const errors = of
    .filter((name) => asked[name] !== undefined && !known.includes(name))
    .map((name) => ({ path: `/query/${name}`, code: 'custom', message: `${subject} is not narrowed by this` }))
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
}

/** @throws Problem invalidRequest */
export function requireFigure<N extends string>(figure: string, names: readonly N[], subject: string): N {
  const found = names.find((name) => name === figure)
  if (found) return found
  const message = `The figures of ${subject} that rows add up to: ${names.join(', ')}`
  throw new Problem(invalidRequest, { errors: [{ path: '/query/figure', code: 'custom', message }] })
}

/** Where the rows of some figures are asked for, by adding which. */
export function addressOf(
  subject: RowSubject,
  { from, to }: { from: string; to: string },
  filters: Readonly<Record<string, string | undefined>> = {},
): string {
  return rowsAddress(figureRowsApi.list.path, { subject, from, to, ...filters })
}

/** What is undefined is left out. */
export function rowsAddress(path: string, asked: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return `${path}?${new URLSearchParams(given).toString()}`
}
