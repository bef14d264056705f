// Files by their path in a container of Azure Blob Storage, which is a file system of Azure Data Lake Storage as well.
import type { ContainerClient } from '@azure/storage-blob'
import { type BlobPlace, connect, failureOf } from './azure-blob.ts'
import { assertPath } from './tree-path.ts'
import type { FileTree } from './tree.ts'

const answerMilliseconds = 3000

export function openBlobTree(place: BlobPlace & { path: string }): FileTree {
  let opened: Promise<ContainerClient> | undefined
  const container = () => (opened ??= connect(place))
  const root = place.path === '' ? '' : `${place.path}/`
  const blobOf = async (path: string) => (await container()).getBlockBlobClient(`${root}${path}`)

  return {
    async put(path, content) {
      assertPath(path)
      try {
        await (await blobOf(path)).upload(content, content.length)
      } catch (error) {
        throw failureOf(error)
      }
    },
    async create(path, content) {
      assertPath(path)
      try {
        await (await blobOf(path)).upload(content, content.length, { conditions: { ifNoneMatch: '*' } })
        return true
      } catch (error) {
        if (isThere(error)) return false
        throw failureOf(error)
      }
    },
    async read(path) {
      assertPath(path)
      try {
        return await (await blobOf(path)).downloadToBuffer()
      } catch (error) {
        throw failureOf(error)
      }
    },
    async *list(folder) {
      try {
        for await (const { name, properties } of (await container()).listBlobsFlat({ prefix: `${root}${folder}/` })) {
          // Where the account has folders they are listed as well, as blobs without content.
          if (properties.contentLength !== 0) yield name.slice(root.length)
        }
      } catch (error) {
        throw failureOf(error)
      }
    },
    async remove(path) {
      assertPath(path)
      try {
        await (await blobOf(path)).deleteIfExists({ deleteSnapshots: 'include' })
      } catch (error) {
        throw failureOf(error)
      }
    },
    async check() {
      try {
        await (await container()).getProperties({ abortSignal: AbortSignal.timeout(answerMilliseconds) })
        return { status: 'ok' }
      } catch {
        return { status: 'degraded', detail: 'The container of the warehouse does not answer' }
      }
    },
  }
}

/** The same upload that was sent again after its answer was lost is refused so, too: whoever asked compares what is there. */
function isThere(error: unknown): boolean {
  const { statusCode, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    statusCode?: number
    code?: string
  }
  return statusCode === 409 || statusCode === 412 || code === 'BlobAlreadyExists'
}
