// Sealed cards as one block of bytes, so that a batch is handed to the worker without being copied. (A Buffer of the
// database driver is a piece of a larger block, and posting it would copy the whole block for every row.)
import type { NameMatch } from './name-index.ts'

/** A patient's row as the database holds it. Ids are the text that the database gives for them. */
export type SealedCardRow = { id: string; key_id: string; kek_id: string; wrapped: Uint8Array; sealed_card: Uint8Array }

const LENGTH_BYTES = 4

/** Five fields a row, each with its length in bytes before it; the result owns its memory and can be transferred. */
export function packRows(rows: readonly SealedCardRow[]): Uint8Array<ArrayBuffer> {
  const fields = rows.flatMap((row) => [
    Buffer.from(row.id),
    Buffer.from(row.key_id),
    Buffer.from(row.kek_id),
    row.wrapped,
    row.sealed_card,
  ])
  const packed = new Uint8Array(fields.reduce((sum, field) => sum + LENGTH_BYTES + field.length, 0))
  const view = new DataView(packed.buffer)
  let at = 0
  for (const field of fields) {
    view.setUint32(at, field.length)
    packed.set(field, at + LENGTH_BYTES)
    at += LENGTH_BYTES + field.length
  }
  return packed
}

/** The rows that were packed; their bytes are views of `packed`. */
export function* unpackRows(packed: Uint8Array): Generator<{
  id: string
  key_id: string
  kek_id: string
  wrapped: Buffer
  sealed_card: Buffer
}> {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  let at = 0
  const next = () => {
    const start = at + LENGTH_BYTES
    at = start + bytes.readUInt32BE(at)
    return bytes.subarray(start, at)
  }
  while (at < bytes.length) {
    yield {
      id: next().toString('latin1'),
      key_id: next().toString('latin1'),
      kek_id: next().toString('latin1'),
      wrapped: next(),
      sealed_card: next(),
    }
  }
}

const ID_LENGTH = 36

/** Ids as one text: a list of a hundred costs more to hand over, and their points stay with the index. */
export function packIds(matches: readonly NameMatch[]): string {
  return matches.map(({ id }) => id).join('')
}

export function unpackIds(ids: string): string[] {
  return Array.from({ length: ids.length / ID_LENGTH }, (_, at) => ids.slice(at * ID_LENGTH, (at + 1) * ID_LENGTH))
}
