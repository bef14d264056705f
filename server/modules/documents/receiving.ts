// Receives the file of an upload: its type is told by what comes, it is sealed and stored as it comes, and scanned from the store. Nobody
// sees it before a record of it is kept; what is not kept is removed again.
import { createHash, randomBytes } from 'node:crypto'
import {
  contentRefused,
  emptyFile,
  scannerMissing,
  storageFull,
  storageUnavailable,
} from './document-problem.contract.ts'
import { type DicomHeader, type Judged, type MediaType, type ReceivedFile } from './document.contract.ts'
import { dicomHeadBytes, readDicom } from './dicom.ts'
import { cleanFileName, isMisleading } from './file-name.ts'
import { assertAgreed, headBytes, type Inspector, inspectorOf, sniff } from './file-type.ts'
import { insertArriving, renewArriving, strikeOut } from './file.store.ts'
import { unattendedDatabase } from './unattended.ts'
import { certain } from '#platform/certain.ts'
import { invalidRequest, Problem, tooManyRequests } from '#platform/contract/problem.ts'
import type { Context, System } from '#platform/context.ts'
import { type ChunkPlace, sealChunks } from '#platform/encryption/chunks.ts'
import type { UploadedFile } from '#platform/http/upload.ts'
import { type Repeated, repeat } from '#platform/jobs/repeat.ts'
import { readContent } from '#platform/storage/content.ts'
import { ContentMissing, StorageFull, StorageUnavailable } from '#platform/storage/failures.ts'
import { newStorageName } from '#platform/storage/storage.ts'

export type Receiving = {
  /** @throws Problem scannerMissing, invalidRequest, contentRefused, emptyFile, tooLarge, tooManyRequests, storageFull, storageUnavailable */
  receive(ctx: Context, file: UploadedFile): Promise<ReceivedFile>
  start(): void
  stop(): Promise<void>
}

/** One person sends as many files at once to one server, and no more. */
const mostAtOnce = 6
const renewEveryMilliseconds = 8000

const misleadingName = {
  path: '/body/file',
  code: 'misleading_name',
  message: 'The name of the file holds characters that hide or turn around what stands in it: rename it',
}

export function openReceiving(system: System): Receiving {
  const { storage, log, configuration } = system
  const database = unattendedDatabase(system)
  const arriving = new Set<string>()
  const busy = new Map<string, number>()
  let renewing: Repeated | undefined

  function enter(user_id: string): () => void {
    const count = busy.get(user_id) ?? 0
    if (count >= mostAtOnce) throw new Problem(tooManyRequests, { retry_after_seconds: 2 })
    busy.set(user_id, count + 1)
    return () => {
      const left = (busy.get(user_id) ?? 1) - 1
      if (left > 0) busy.set(user_id, left)
      else busy.delete(user_id)
    }
  }

  /** Removes what nobody has kept: whoever keeps it has struck it out already. */
  async function release(storage_key: string) {
    arriving.delete(storage_key)
    try {
      await database.transaction(async (tx) => {
        if (await tx.first(strikeOut(storage_key))) await storage.remove(storage_key)
      })
    } catch (error) {
      log.warn({ err: error }, 'a file that nobody keeps was not removed: it is swept away later')
    }
  }

  async function judge({ scanner, storage: store }: Context, chunks: ChunkPlace): Promise<Judged> {
    if (!scanner) return { status: 'unscanned' }
    const verdict = await scanner.scan(() => readContent(store, chunks))
    return verdict.status === 'failed' ? { status: 'waiting' } : verdict
  }

  return {
    async receive(ctx, file) {
      if (!system.scanner && configuration.production) throw new Problem(scannerMissing)
      if (isMisleading(file.file_name)) throw new Problem(invalidRequest, { errors: [misleadingName] })
      const leave = enter(ctx.actor.user_id ?? '')
      const chunks = { key: randomBytes(32), name: newStorageName() }
      try {
        await database.once((tx) => tx.run(insertArriving(chunks.name)))
        arriving.add(chunks.name)
        const looked = lookInto(file)
        await ctx.storage.write(chunks.name, sealChunks(chunks, looked.content))
        const verdict = await judge(ctx, chunks)
        return {
          ...looked.found(),
          storage_key: chunks.name,
          content_key: chunks.key.toString('base64'),
          verdict,
          release: async () => {
            leave()
            await release(chunks.name)
          },
        }
      } catch (error) {
        // The rest of it is of no interest: whoever reads the form goes on to its end, or hangs up.
        file.content.resume()
        leave()
        await release(chunks.name)
        throw storeFailure(error)
      }
    },
    start() {
      const work = async () => {
        const names = [...arriving]
        if (names.length > 0) await database.once((tx) => tx.run(renewArriving(names)))
      }
      renewing = repeat({ name: 'documents.arriving', every_ms: renewEveryMilliseconds, work, log })
    },
    async stop() {
      await renewing?.stop()
    },
  }
}

/** What a failure of the store is to the caller. */
export function storeFailure(error: unknown): unknown {
  if (error instanceof StorageFull) return new Problem(storageFull, {}, error)
  if (error instanceof StorageUnavailable || error instanceof ContentMissing)
    return new Problem(storageUnavailable, { retry_after_seconds: 5 }, error)
  return error
}

type Found = {
  content_hash: string
  file_name: string
  media_type: MediaType
  size_bytes: number
  dicom: DicomHeader | undefined
}

/** The content as it passes by, which ends with a problem where it is refused, and what was found of it in the end. */
function lookInto(file: UploadedFile): { content: AsyncIterable<Buffer>; found: () => Found } {
  const hash = createHash('sha256')
  let size_bytes = 0
  let media_type: MediaType | undefined
  let dicom: DicomHeader | undefined

  async function* content(): AsyncGenerator<Buffer> {
    let inspector: Inspector | undefined
    let head = Buffer.alloc(0)
    let early: Buffer[] = []
    const begin = async () => {
      const sniffed = sniff(head.subarray(0, headBytes))
      assertAgreed(sniffed, file.file_name, file.declared_type)
      media_type = sniffed
      inspector = inspectorOf(sniffed)
      for (const part of early) await inspector.look(part)
      early = []
      return inspector
    }
    for await (const part of file.content as AsyncIterable<Buffer>) {
      size_bytes += part.length
      if (head.length < dicomHeadBytes) head = Buffer.concat([head, part.subarray(0, dicomHeadBytes - head.length)])
      hash.update(part)
      if (inspector) await inspector.look(part)
      else early.push(part)
      if (!inspector && size_bytes >= headBytes) await begin()
      yield part
    }
    if (size_bytes === 0) throw new Problem(emptyFile)
    const reason = (inspector ?? (await begin())).end()
    if (reason !== undefined) throw new Problem(contentRefused, { reason, media_type })
    if (media_type !== 'application/dicom') return
    dicom = readDicom(head)
    if (!dicom) throw new Problem(contentRefused, { reason: 'not_readable', media_type })
  }

  return {
    content: content(),
    found: () => {
      const type = certain(media_type, 'type of a file that was read to its end')
      return {
        content_hash: hash.digest('hex'),
        file_name: cleanFileName(file.file_name, type),
        media_type: type,
        size_bytes,
        dicom,
      }
    },
  }
}
