// The files of a record, as they lie in the document store: which there are, and which of them can be read.
import type { OwnedTable } from './owned-table.ts'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import type { System } from '#platform/context.ts'
import type { ChunkPlace } from '#platform/encryption/chunks.ts'
import { unlessUnreadable } from '#platform/encryption/failures.ts'
import { type DataKey, openJson } from '#platform/encryption/sealing.ts'
import { verifyContent } from '#platform/storage/content.ts'
import { ContentMissing, StorageUnavailable } from '#platform/storage/failures.ts'

export type ExportContent = { id: string; path: string; chunks: ChunkPlace; size_bytes: number; sha256: string }

/** Of these rows, those whose file may be given away. */
export function contentsOf(
  { table, content }: OwnedTable,
  rows: readonly Record<string, unknown>[],
  keys: ReadonlyMap<string, DataKey>,
  production: boolean,
): ExportContent[] {
  if (!content) return []
  return rows.flatMap((row) => {
    const key = keys.get(String(row.key_id))
    const [sealedKey, sealedLabel] = [row[content.key], row[content.label]]
    const isShown =
      row[content.shown.column] === content.shown.value && !(production && row[content.unscanned] === true)
    if (!isShown || !key || !Buffer.isBuffer(sealedKey) || !Buffer.isBuffer(sealedLabel)) return []
    const id = String(row.id)
    const opened = openJson<{ key: string }>(key, { table, column: content.key, row_id: id }, sealedKey)
    const label = openJson<{ file_name: string; sha256: string }>(
      key,
      { table, column: content.label, row_id: id },
      sealedLabel,
    )
    return [
      {
        id,
        path: `${table}/${id}/${label.file_name}`,
        chunks: { key: Buffer.from(opened.key, 'base64'), name: String(row[content.name]) },
        size_bytes: Number(row[content.size_bytes]),
        sha256: label.sha256,
      },
    ]
  })
}

/** Those that are whole, and the ids of those that are not there as they were. @throws Problem unavailable */
export async function verified(
  { storage, log }: Pick<System, 'storage' | 'log'>,
  contents: readonly ExportContent[],
): Promise<{ whole: ExportContent[]; missing: string[] }> {
  const whole: ExportContent[] = []
  const missing: string[] = []
  for (const content of contents) {
    const failure = await verifyContent(storage, content.chunks, content).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (failure === undefined) whole.push(content)
    else {
      if (failure instanceof StorageUnavailable) throw new Problem(unavailable, { retry_after_seconds: 5 }, failure)
      unlessUnreadable(
        () => {
          if (!(failure instanceof ContentMissing)) throw failure
        },
        () => undefined,
      )
      log.error({ err: failure, document_id: content.id }, 'a document is missing in the copy of a record')
      missing.push(content.id)
    }
  }
  return { whole, missing }
}
