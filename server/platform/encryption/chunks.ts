// Seals a stream in pieces, so that no file is ever whole in memory: each piece is bound to its place and to whether it is the last,
// so that pieces that are swapped, left out, cut off or added are found.
import { associatedData, decrypt, encrypt, envelopeBytes } from './aead.ts'
import { IntegrityError } from './failures.ts'

/** Plaintext bytes of every piece but the last, which has this many or fewer. */
export const chunkBytes = 65_536
const sealedChunkBytes = chunkBytes + envelopeBytes

/** `name` is what the file is stored under: its pieces open under no other. `key` has 32 bytes and is for this file alone. */
export type ChunkPlace = { key: Buffer; name: string }

/** How long a content of so many bytes is once sealed. */
export function sealedBytes(content_bytes: number): number {
  return content_bytes + Math.max(1, Math.ceil(content_bytes / chunkBytes)) * envelopeBytes
}

export async function* sealChunks(place: ChunkPlace, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let index = 0
  for await (const { piece, is_last } of pieces(content, chunkBytes)) {
    yield encrypt(place.key, associated(place, index, is_last), piece)
    index += 1
  }
}

/** Yields no byte that was not verified; what comes last has been verified to be the end. @throws IntegrityError */
export async function* openChunks(place: ChunkPlace, sealed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let index = 0
  for await (const { piece, is_last } of pieces(sealed, sealedChunkBytes)) {
    const plain = decrypt(place.key, associated(place, index, is_last), piece)
    if (!plain) throw new IntegrityError('documents.content', place.name)
    if (plain.length > 0) yield plain
    index += 1
  }
}

function associated({ name }: ChunkPlace, index: number, is_last: boolean): Buffer {
  return associatedData('document content', name, String(index), is_last ? 'last' : 'more')
}

/** Pieces of exactly this size, and a last one that may be shorter or, where there is nothing else, empty. */
async function* pieces(
  source: AsyncIterable<Buffer>,
  bytes: number,
): AsyncGenerator<{ piece: Buffer; is_last: boolean }> {
  let waiting: Buffer[] = []
  let waiting_bytes = 0
  for await (const part of source) {
    waiting.push(part)
    waiting_bytes += part.length
    // Whether a piece is the last is known when something follows it.
    if (waiting_bytes <= bytes) continue
    let joined = Buffer.concat(waiting, waiting_bytes)
    for (; joined.length > bytes; joined = joined.subarray(bytes))
      yield { piece: joined.subarray(0, bytes), is_last: false }
    waiting = [joined]
    waiting_bytes = joined.length
  }
  yield { piece: Buffer.concat(waiting, waiting_bytes), is_last: true }
}
