// From the bytes of a CSV file to its rows, each with its line. One broken row costs that row alone: a quote that is never
// closed does not swallow the rest of the file.
import { parse } from 'csv-parse/sync'
import type { Flaw } from './flaw.ts'
import { certain } from '#platform/certain.ts'

/** A row of the file, or why it is none. `line` is where it begins, counted from 1. */
export type CsvRow = { line: number; cells: string[] } | { line: number; flaw: Flaw }

/** A quoted value may go over several lines; more than this is a quote that somebody forgot to close. */
const mostLinesOfOneRow = 20
const longestRow = 20_000

const flaws = {
  quotes: { code: 'quotes', message: 'A quotation mark in this row is not closed, or stands where none may.' },
  columns: { code: 'column_count', message: 'This row has more or fewer values than the first line has columns.' },
  long: { code: 'row_too_long', message: `A row has at most ${longestRow} characters.` },
  encoding: { code: 'not_utf8', message: 'This row is not UTF-8: save the file as "CSV UTF-8" and import it again.' },
} as const satisfies Record<string, Flaw>

/** The rows of a file, the header first, in groups of about `size`. Blank lines are passed over. */
export async function* readCsvRows(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
): AsyncGenerator<CsvRow[]> {
  let delimiter = ','
  let width: number | undefined
  let lines: Line[] = []
  for await (const line of readLines(chunks)) {
    if (width === undefined) {
      if (line.text.trim() === '') continue
      if (!line.text.includes(',') && line.text.includes(';')) delimiter = ';'
      const { rows } = parseRows([line], delimiter, undefined, true)
      width = rows.flatMap((row) => ('cells' in row ? [row.cells.length] : []))[0]
      yield rows
      continue
    }
    lines.push(line)
    if (lines.length >= size) {
      const { rows, rest } = parseRows(lines, delimiter, width, false)
      lines = rest
      yield rows
    }
  }
  if (lines.length > 0) yield parseRows(lines, delimiter, width, true).rows
}

type Line = { line: number; text: string }

async function* readLines(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8')
  let rest = ''
  let line = 1
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    let from = 0
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', from)) {
      yield { line, text: withoutReturn(rest.slice(from, end)) }
      line += 1
      from = end + 1
    }
    rest = rest.slice(from)
    if (rest.length > longestRow) rest = rest.slice(0, longestRow + 1)
  }
  rest += decoder.decode()
  if (rest !== '') yield { line, text: withoutReturn(rest) }
}

const withoutReturn = (text: string) => (text.endsWith('\r') ? text.slice(0, -1) : text)

const quotesIn = (text: string) => text.split('"').length - 1

/** The rows of these lines, and the lines at their end that may go on in the next ones. */
function parseRows(
  lines: readonly Line[],
  delimiter: string,
  width: number | undefined,
  isEnd: boolean,
): { rows: CsvRow[]; rest: Line[] } {
  const present = lines.filter(({ text }) => text !== '')
  // Most groups have no value that goes over lines, and are parsed in one go: 20 times as fast as row by row.
  if (present.every(({ text }) => quotesIn(text) % 2 === 0 && isPlain(text))) {
    const records = tryParse(present.map(({ text }) => text).join('\n'), delimiter)
    if (records?.length === present.length) {
      return { rows: present.map(({ line }, at) => asRow(line, records[at] ?? [], width)), rest: [] }
    }
  }
  const rows: CsvRow[] = []
  for (let at = 0; at < lines.length;) {
    if (lines[at]?.text === '') {
      at += 1
      continue
    }
    const one = parseOne(lines, at, delimiter, width)
    if (one === 'goes on' && !isEnd) return { rows, rest: lines.slice(at) }
    const { row, used } = one === 'goes on' ? { row: { line: lineAt(lines, at), flaw: flaws.quotes }, used: 1 } : one
    rows.push(row)
    at += used
  }
  return { rows, rest: [] }
}

const lineAt = (lines: readonly Line[], at: number) => certain(lines[at], 'line').line

const isPlain = (text: string) => text.length <= longestRow && !text.includes('\ufffd')

/** The row that begins at a line, of the fewest lines that make one; `goes on` where the lines end before it does. */
function parseOne(
  lines: readonly Line[],
  at: number,
  delimiter: string,
  width: number | undefined,
): { row: CsvRow; used: number } | 'goes on' {
  const line = lineAt(lines, at)
  let text = ''
  let quotes = 0
  for (let used = 1; used <= mostLinesOfOneRow; used += 1) {
    const next = lines[at + used - 1]
    if (!next) return 'goes on'
    text = used === 1 ? next.text : `${text}\n${next.text}`
    quotes += quotesIn(next.text)
    if (text.length > longestRow) return { row: { line, flaw: flaws.long }, used: 1 }
    if (quotes % 2 !== 0) continue
    if (text.includes('\ufffd')) return { row: { line, flaw: flaws.encoding }, used: 1 }
    const record = tryParse(text, delimiter)?.[0]
    const row: CsvRow = record ? asRow(line, record, width) : { line, flaw: flaws.quotes }
    // Lines that do not make a row together are taken one by one.
    return { row, used: 'cells' in row ? used : 1 }
  }
  return { row: { line, flaw: flaws.quotes }, used: 1 }
}

function asRow(line: number, cells: string[], width: number | undefined): CsvRow {
  return width === undefined || cells.length === width ? { line, cells } : { line, flaw: flaws.columns }
}

function tryParse(text: string, delimiter: string): string[][] | undefined {
  try {
    return parse(text, { bom: true, delimiter, relax_column_count: true, skip_empty_lines: false })
  } catch {
    return undefined
  }
}
