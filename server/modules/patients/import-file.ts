// The file of an import as it waits in the database, sealed in pieces: it is read again when another server goes on with the import.
import { setImmediate as breathe } from 'node:timers/promises'
import { findPiece, type Piece } from './import-job.store.ts'
import { associatedData, decrypt, encrypt } from '#platform/encryption/aead.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import type { DataKey } from '#platform/encryption/sealing.ts'
import type { Database } from '#platform/database/transaction.ts'

/** Sealed in some milliseconds, in which nobody is answered. */
const pieceBytes = 1024 * 1024

export async function sealFile(keys: Keys, import_id: string, file: Uint8Array): Promise<Piece[]> {
  const key = keys.system('imports')
  const pieces: Piece[] = []
  for (let from = 0; from === 0 || from < file.length; from += pieceBytes) {
    if (from > 0) await breathe()
    const position = pieces.length
    const is_last = from + pieceBytes >= file.length
    const plain = Buffer.from(file.buffer, file.byteOffset + from, Math.min(pieceBytes, file.length - from))
    pieces.push({
      position,
      key_id: key.id,
      sealed_piece: encrypt(key.key, associated(key, import_id, position, is_last), plain),
    })
  }
  return pieces
}

/** One piece in memory at a time. @throws IntegrityError for pieces that are not what was sealed, all of it and in order */
export async function* openFile(keys: Keys, database: Database, import_id: string): AsyncGenerator<Buffer> {
  for (let position = 0; ; position += 1) {
    const at = position
    const piece = await database.once((tx) => tx.first(findPiece(import_id, at)))
    if (!piece) throw new IntegrityError('patient_import_pieces.sealed_piece', import_id)
    const key = keys.systemById(piece.key_id)
    const plain = decrypt(key.key, associated(key, import_id, position, piece.is_last), piece.sealed_piece)
    if (!plain) throw new IntegrityError('patient_import_pieces.sealed_piece', import_id)
    yield plain
    if (piece.is_last) return
  }
}

function associated(key: DataKey, import_id: string, position: number, is_last: boolean): Buffer {
  const place = `${import_id} ${position} ${is_last ? 'last' : 'more'}`
  return associatedData('patient_import_pieces', 'sealed_piece', place, key.id)
}
