// Looks through a PDF (ISO 32000-2) for what a document needs not and an attacker does: scripts, embedded files, programs to start,
// forms with code of their own, encryption. Names are read as readers do, `#` escapes undone, and object streams are opened.
import { createInflate, inflateSync, type Inflate, constants } from 'node:zlib'
import type { Inspector } from './file-type.ts'

/** Any of these words behind a slash, and what the refusal calls it. */
const refusedNames: readonly (readonly [name: string, reason: string])[] = [
  ['JavaScript', 'script'],
  ['Rendition', 'script'],
  ['XFA', 'script'],
  ['EmbeddedFile', 'embedded_file'],
  ['EmbeddedFiles', 'embedded_file'],
  ['RichMedia', 'embedded_file'],
  ['Launch', 'program'],
  ['ImportData', 'program'],
  ['Encrypt', 'encrypted'],
]
const delimiter = String.raw`(?=[\s()<>[\]{}/%]|$)`
const patterns = refusedNames.map(([name, reason]) => [new RegExp(`/${name}${delimiter}`), reason] as const)
const carriedBytes = 256
/** A reader looks for the objects in here; what is larger cannot be examined, and is no list of objects of an honest writer. */
const mostInflatedBytes = 256 * 1_048_576
const probeBytes = 2048

export function inspectPdf(): Inspector {
  let reason: string | undefined
  let carried = Buffer.alloc(0)
  let inflated_bytes = 0
  let isEnded = false
  let seen_bytes = 0
  const begun = new Set<number>()
  const open = new Set<{ inflate: Inflate; carried: string; failed: boolean }>()

  function search(text: string) {
    const plain = text.replaceAll(/#([0-9a-fA-F]{2})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
    for (const [pattern, why] of patterns) if (pattern.test(plain)) reason ??= why
  }

  function beginStream() {
    const state = { inflate: createInflate(), carried: '', failed: false }
    state.inflate.on('data', (part: Buffer) => {
      inflated_bytes += part.length
      if (inflated_bytes > mostInflatedBytes) reason ??= 'not_examinable'
      const text = state.carried + part.toString('latin1')
      search(text)
      state.carried = text.slice(-carriedBytes)
    })
    const close = () => {
      state.failed = true
      open.delete(state)
    }
    state.inflate.on('error', close)
    state.inflate.on('end', close)
    open.add(state)
    return state
  }

  async function feed(state: { inflate: Inflate; failed: boolean }, part: Buffer) {
    if (state.failed || part.length === 0) return
    await new Promise<void>((resolve) => {
      const done = () => {
        state.inflate.off('error', done)
        state.inflate.off('end', done)
        resolve()
      }
      state.inflate.once('error', done)
      state.inflate.once('end', done)
      state.inflate.write(part, done)
    })
  }

  return {
    async look(part) {
      if (reason !== undefined) return
      for (const state of open) await feed(state, part)
      const from = carried.length
      const bytes = Buffer.concat([carried, part])
      const text = bytes.toString('latin1')
      search(text)
      isEnded = text.includes('%%EOF') || isEnded
      for (const match of text.matchAll(/stream(?:\r\n|\n|\r)/g)) {
        const at = match.index + match[0].length
        // What begins in the carried bytes was looked at with them, but perhaps too little of it was there.
        const absolute = seen_bytes - from + at
        if (begun.has(absolute) || !isObjectList(bytes.subarray(at, at + probeBytes))) continue
        begun.add(absolute)
        if (open.size >= 8) {
          reason ??= 'not_examinable'
          return
        }
        await feed(beginStream(), bytes.subarray(at))
      }
      carried = bytes.subarray(-probeBytes - carriedBytes)
      seen_bytes += part.length
    },
    end() {
      for (const { inflate } of open) inflate.destroy()
      return reason ?? (isEnded ? undefined : 'cut_off')
    },
  }
}

/** Whether this is deflated, and begins with numbers as the list of objects in an object stream does. */
function isObjectList(compressed: Buffer): boolean {
  const [method = 0, flags = 0] = compressed
  if ((method & 15) !== 8 || (method * 256 + flags) % 31 !== 0) return false
  try {
    const start = inflateSync(compressed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 4 * 1_048_576 })
    return /^(?:[\s\0]|%[^\r\n]*[\r\n])*\d+[\s\0]+\d/.test(start.toString('latin1', 0, 200))
  } catch {
    // Broken at its end, perhaps: some readers take what came before, so it is looked at.
    return true
  }
}
