// A patient's record for reading: the same files as the JSON beside it, as a PDF that is written page by page.
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Readable } from 'node:stream'
import type { ExportFile } from './export-files.ts'
import { brokenIntoLines } from './export-lines.ts'

export type RecordPdf = {
  patient_number: string
  exported_at: string
  /** Instants are told in it. */
  timezone: string
  files: readonly ExportFile[]
}

const margin = 56
const size = { title: 18, heading: 13, text: 9.5, footer: 8 }
const labelWidth = 150
/** Rows of one kind that are printed, the latest: all are in the JSON beside. */
const mostRows = 1000
/** A page takes about 10 ms: other requests get their turn between rows. */
const rowsATurn = 20

const fonts = {
  text: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
  bold: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf')),
}

type Document = PDFKit.PDFDocument

/** Writes while it is read. Characters that the font lacks are shown as empty boxes, which the last page says. */
export async function openRecordPdf({ patient_number, exported_at, timezone, files }: RecordPdf): Promise<Readable> {
  // Loaded for the first export, not with the server.
  const { default: PDFDocument } = await import('pdfkit')
  const document = new PDFDocument({
    size: 'A4',
    margin,
    lang: 'en',
    info: { Title: `Record ${patient_number}`, CreationDate: new Date(exported_at) },
    autoFirstPage: false,
  })
  document.registerFont('text', fonts.text)
  document.registerFont('bold', fonts.bold)
  const pen = openPen(document, patient_number)
  void write()
  return document as unknown as Readable

  async function write() {
    try {
      document.addPage()
      pen.line(`Record ${patient_number}`, { bold: true, size: size.title })
      pen.line(`Copied ${told(exported_at, timezone)}`, { size: size.text, after: 6 })
      for (const file of files) await writeFile(file)
      if (pen.lacked())
        pen.line(
          'Characters shown as \u25a1 are not in the font of this document; the JSON files beside it hold them.',
          {
            size: size.text,
            before: 10,
          },
        )
      document.end()
    } catch (error) {
      document.destroy(error as Error)
    }
  }

  async function writeFile({ name, rows, read }: ExportFile) {
    if (rows === 0) return
    pen.line(labelOf(name), { bold: true, size: size.heading, before: 12, after: 3 })
    if (rows > mostRows)
      pen.line(`The latest ${mostRows} of ${rows}; all are in ${name}.json.`, { size: size.text, after: 3 })
    let written = 0
    for await (const row of read(Math.max(0, rows - mostRows))) {
      if (written % rowsATurn === 0) await turn()
      if (document.destroyed) return
      writeRow(row, name === 'access_log')
      written += 1
    }
  }

  function writeRow(row: object, isCompact: boolean) {
    const members = membersOf(row, timezone)
    if (isCompact) pen.line(members.map(([, value]) => value).join(' \u00b7 '), { size: size.text, after: 1 })
    else {
      for (const [label, value] of members) pen.member(label, value)
      pen.space(5)
    }
  }
}

type Style = { bold?: boolean; size: number; before?: number; after?: number }

/** Writes lines downwards, on as many pages as it takes. */
function openPen(document: Document, patient_number: string) {
  const left = margin
  let y = margin
  let page = 0
  let hasLacked = false
  document.on('pageAdded', () => {
    page += 1
    y = margin
    document.font('text').fontSize(size.footer)
    document.text(`${patient_number} \u00b7 ${page}`, left, document.page.height - margin + 16, { lineBreak: false })
  })
  const width = () => document.page.width - 2 * margin

  function put(text: string, x: number, wide: number, { bold = false, size: points, before = 0, after = 0 }: Style) {
    const shown = printable(text)
    const set = () => document.font(bold ? 'bold' : 'text').fontSize(points)
    set()
    y += before
    const height = points * 1.35
    for (const line of brokenIntoLines(shown, wide, (word) => document.widthOfString(word))) {
      if (y + height > document.page.height - margin) {
        document.addPage()
        set()
      }
      let at = x
      for (const { word, gap } of line) {
        document.text(word, at, y, { lineBreak: false })
        at += document.widthOfString(word) + gap
      }
      y += height
    }
    y += after
  }

  /** What the font has no glyph for becomes a box, never another character and never nothing. */
  function printable(text: string): string {
    document.font('text')
    // The font that is open is not part of the library's types.
    const { font: open } = (document as unknown as { _font: { font: { hasGlyphForCodePoint(code: number): boolean } } })
      ._font
    return Array.from(text.normalize('NFC'), (character) => {
      if (/\s/.test(character)) return ' '
      if (open.hasGlyphForCodePoint(character.codePointAt(0) as number)) return character
      hasLacked = true
      return '\u25a1'
    }).join('')
  }

  return {
    line: (text: string, style: Style) => put(text, left, width(), style),
    space: (points: number) => void (y += points),
    lacked: () => hasLacked,
    member(label: string, value: string) {
      const height = size.text * 1.35
      if (y + height > document.page.height - margin) document.addPage()
      const from = y
      put(label, left, labelWidth - 8, { size: size.text })
      const below = y
      y = from
      const before = page
      put(value, left + labelWidth, width() - labelWidth, { size: size.text })
      if (page === before) y = Math.max(y, below)
    },
  }
}

/** Label and value of what a person can read: no ids, no versions, nothing that is empty. */
function membersOf(row: object, timezone: string): [label: string, value: string][] {
  return Object.entries(row).flatMap(([name, value]): [string, string][] => {
    if (/^(id|version)$|_id$/.test(name)) return []
    const text = valueOf(value, timezone)
    return text === '' ? [] : [[labelOf(name), text]]
  })
}

function valueOf(value: unknown, timezone: string): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return told(value, timezone)
  if (Array.isArray(value)) return value.map((item) => valueOf(item, timezone)).join(', ')
  if (typeof value === 'object')
    return membersOf(value, timezone)
      .map(([label, text]) => `${label}: ${text}`)
      .join(', ')
  return JSON.stringify(value)
}

/** An instant as the hospital's clocks show it; any other text as it is. */
function told(text: string, timezone: string): string {
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return text
  const local = Temporal.Instant.from(text).toZonedDateTimeISO(timezone)
  return `${local.toPlainDate().toString()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })} (${timezone})`
}

function labelOf(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
