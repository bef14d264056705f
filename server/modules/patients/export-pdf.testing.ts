// For tests: what a reader of one of our PDFs sees, line by line. It follows the fonts' own tables from glyph to character.
import { inflateSync } from 'node:zlib'

/** The words of all pages in the order in which they were drawn, with spaces between. */
export function textOfPdf(pdf: Buffer): string {
  const source = pdf.toString('latin1')
  const objects = new Map<string, string>()
  for (const [, id = '', body = ''] of source.matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) objects.set(id, body)
  const words: string[] = []
  for (const page of objects.values()) {
    if (!/\/Type \/Page\b/.test(page)) continue
    const fonts = fontsOf(objects.get(/\/Resources (\d+) 0 R/.exec(page)?.[1] ?? '') ?? '', objects)
    const content = streamOf(objects.get(/\/Contents (\d+) 0 R/.exec(page)?.[1] ?? '') ?? '')
    let glyphs = new Map<string, string>()
    for (const [, name, shown] of content.matchAll(/\/(F\d+) [\d.]+ Tf|\[(.*?)\] TJ/g)) {
      if (name !== undefined) glyphs = fonts.get(name) ?? new Map()
      else
        words.push(
          [...(shown ?? '').matchAll(/<([0-9a-f]+)>/g)]
            .flatMap(([, hex = '']) => hex.match(/.{4}/g) ?? [])
            .map((glyph) => glyphs.get(glyph) ?? '?')
            .join(''),
        )
    }
  }
  return words.join(' ')
}

function fontsOf(resources: string, objects: ReadonlyMap<string, string>) {
  const dictionary =
    /\/Font <<\n?([\s\S]*?)>>/.exec(resources)?.[1] ?? objects.get(/\/Font (\d+) 0 R/.exec(resources)?.[1] ?? '') ?? ''
  return new Map(
    [...dictionary.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = '', id = '']) => {
      const map = /\/ToUnicode (\d+) 0 R/.exec(objects.get(id) ?? '')?.[1] ?? ''
      return [name, glyphsOf(streamOf(objects.get(map) ?? ''))] as const
    }),
  )
}

/** `<first> <last> [<character> …]`, each character in UTF-16. */
function glyphsOf(table: string): Map<string, string> {
  const glyphs = new Map<string, string>()
  for (const [, first = '', list = ''] of table.matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[(.*?)\]/g)) {
    for (const [index, [, hex = '']] of [...list.matchAll(/<([0-9a-f ]*)>/g)].entries()) {
      const glyph = (Number.parseInt(first, 16) + index).toString(16).padStart(4, '0')
      glyphs.set(glyph, Buffer.from(hex.replaceAll(' ', ''), 'hex').swap16().toString('utf16le'))
    }
  }
  return glyphs
}

function streamOf(object: string): string {
  const raw = /stream\n([\s\S]*)\nendstream/.exec(object)?.[1]
  if (raw === undefined) return ''
  const bytes = Buffer.from(raw, 'latin1')
  return (object.includes('/FlateDecode') ? inflateSync(bytes) : bytes).toString('latin1')
}
