// A table as CSV (RFC 4180). Text that a spreadsheet would take for a formula is marked as text; numbers are left as they are.
import { stringify } from 'csv-stringify/sync'
import type { Cell } from './report.contract.ts'

/** What spreadsheets begin a formula with, also where blanks or controls stand before it, and in full width (OWASP, CSV injection). */
const formula = /^[\s\p{Cc}]*[=+\-@＝＋－＠]|^[\t\r\n]/u

export function csvOf(columns: readonly string[], rows: readonly Readonly<Record<string, Cell>>[]): string {
  return stringify(
    rows.map((row) => columns.map((name) => shown(row[name] ?? null))),
    { columns: columns.map(safe), header: true, record_delimiter: 'windows' },
  )
}

function shown(cell: Cell): string | number {
  if (cell === null) return ''
  return typeof cell === 'string' ? safe(cell) : typeof cell === 'boolean' ? String(cell) : cell
}

function safe(text: string): string {
  return formula.test(text) ? `'${text}` : text
}
