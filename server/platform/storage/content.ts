// Contents in the document store: opened piece by piece, and verified to their end before anybody is given the first one.
import { createHash } from 'node:crypto'
import { type ChunkPlace, openChunks } from '#platform/encryption/chunks.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import type { Storage } from './storage.ts'

/** Each piece is verified. @throws IntegrityError, ContentMissing, StorageUnavailable */
export async function* readContent(storage: Storage, chunks: ChunkPlace): AsyncGenerator<Buffer> {
  yield* openChunks(chunks, await storage.read(chunks.name))
}

/** Reads all of it and finds that it is what was uploaded. @throws IntegrityError, ContentMissing, StorageUnavailable */
export async function verifyContent(
  storage: Storage,
  chunks: ChunkPlace,
  { size_bytes, sha256 }: { size_bytes: number; sha256: string },
): Promise<void> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const part of readContent(storage, chunks)) {
    hash.update(part)
    bytes += part.length
  }
  if (bytes !== size_bytes || hash.digest('hex') !== sha256) throw new IntegrityError('documents.content', chunks.name)
}
