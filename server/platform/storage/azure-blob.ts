// The document store in a container of Azure Blob Storage, by its connection string or the managed identity of the server.
import { Readable } from 'node:stream'
import type { ContainerClient } from '@azure/storage-blob'
import { ContentMissing, StorageFull, StorageUnavailable } from './failures.ts'
import type { Storage } from './storage.ts'

export type BlobPlace = { account: string; container: string; connection_string: string | undefined }

const blockBytes = 1_048_576
const tryMilliseconds = 15_000
const answerMilliseconds = 3000

export function openBlobStorage(place: BlobPlace): Storage {
  let opened: Promise<ContainerClient> | undefined
  const container = () => (opened ??= connect(place))

  return {
    async write(name, content) {
      // An error of what is written must come out as it went in.
      let failure: unknown
      const source = Readable.from(
        (async function* () {
          try {
            yield* content
          } catch (error) {
            failure = error
            throw error
          }
        })(),
      )
      const blob = (await container()).getBlockBlobClient(name)
      try {
        // Blocks that are not committed are no blob: what breaks off leaves none.
        await blob.uploadStream(source, blockBytes, 2, { conditions: { ifNoneMatch: '*' } })
      } catch (error) {
        source.destroy()
        throw failure ?? failureOf(error)
      }
    },
    async read(name) {
      try {
        const { readableStreamBody } = await (await container()).getBlobClient(name).download()
        return translated((readableStreamBody ?? Readable.from([])) as Readable)
      } catch (error) {
        throw failureOf(error)
      }
    },
    async remove(name) {
      try {
        await (await container()).getBlobClient(name).deleteIfExists({ deleteSnapshots: 'include' })
      } catch (error) {
        throw failureOf(error)
      }
    },
    async *list() {
      try {
        for await (const { name } of (await container()).listBlobsFlat()) yield name
      } catch (error) {
        throw failureOf(error)
      }
    },
    async check() {
      try {
        const abortSignal = AbortSignal.timeout(answerMilliseconds)
        await (await container()).getProperties({ abortSignal })
        return { status: 'ok' }
      } catch {
        return { status: 'degraded', detail: 'The container of documents does not answer' }
      }
    },
  }
}

async function* translated(source: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const part of source) yield part as Buffer
  } catch (error) {
    throw failureOf(error)
  }
}

/** The library is loaded where something lies in Azure only. */
export async function connect({ account, container, connection_string }: BlobPlace): Promise<ContainerClient> {
  const { BlobServiceClient } = await import('@azure/storage-blob')
  const options = {
    retryOptions: { maxTries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 2000, tryTimeoutInMs: tryMilliseconds },
  }
  if (connection_string !== undefined)
    return BlobServiceClient.fromConnectionString(connection_string, options).getContainerClient(container)
  const { DefaultAzureCredential } = await import('@azure/identity')
  const credential = new DefaultAzureCredential()
  return new BlobServiceClient(`https://${account}.blob.core.windows.net`, credential, options).getContainerClient(
    container,
  )
}

export function failureOf(error: unknown): unknown {
  const { statusCode, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    statusCode?: number
    code?: string
  }
  if (statusCode === 404 && code !== 'ContainerNotFound')
    return new ContentMissing('a stored file is not there', { cause: error })
  if (statusCode === 507 || code === 'AccountLimitExceeded')
    return new StorageFull('there is no room left', { cause: error })
  return new StorageUnavailable('the container cannot be used', { cause: error })
}
