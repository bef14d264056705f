// The document store in a folder: 256 folders by the first two digits of a name. Where several servers run, one folder that all see.
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ContentMissing, StorageFull, StorageUnavailable } from './failures.ts'
import type { Storage } from './storage.ts'

const nameForm = /^[0-9a-f]{32}$/

export function openFolder(folder: string): Storage {
  /** Names are our own: anything else would be a mistake of ours, and never becomes a path. */
  function pathOf(name: string) {
    if (!nameForm.test(name)) throw new RangeError('this is no name of a stored file')
    const directory = join(folder, name.slice(0, 2))
    return { directory, path: join(directory, name) }
  }

  return {
    async write(name, content) {
      const { directory, path } = pathOf(name)
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        const file = await open(path, 'wx', 0o600)
        try {
          for await (const part of content) await file.writeFile(part)
          await file.sync()
        } finally {
          await file.close()
        }
        await syncFolder(directory)
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') await unlink(path).catch(() => undefined)
        throw failureOf(error)
      }
    },
    async read(name) {
      const { path } = pathOf(name)
      const file = await open(path).catch((error: unknown) => {
        throw failureOf(error)
      })
      return createReadStream(path, { fd: file, highWaterMark: 262_144 }) as AsyncIterable<Buffer>
    },
    async remove(name) {
      await unlink(pathOf(name).path).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw failureOf(error)
      })
    },
    async *list() {
      for (const directory of await readdir(folder).catch(unlessMissing)) {
        if (!/^[0-9a-f]{2}$/.test(directory)) continue
        for (const name of await readdir(join(folder, directory)).catch(unlessMissing))
          if (nameForm.test(name)) yield name
      }
    },
    async check() {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await stat(folder)
        return { status: 'ok' }
      } catch {
        return { status: 'degraded', detail: 'The folder of documents cannot be reached' }
      }
    },
  }
}

/** A name that was written is there after a power failure only when its folder was written too. */
async function syncFolder(directory: string) {
  const folder = await open(directory)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function unlessMissing(error: unknown): string[] {
  if (codeOf(error) === 'ENOENT') return []
  throw failureOf(error)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** A fault of the file system; anything else, such as the end of what was to be written, stays what it is. */
function failureOf(error: unknown): unknown {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new StorageFull('there is no room left for documents', { cause: error })
  if (code === 'ENOENT') return new ContentMissing('a stored file is not there', { cause: error })
  const isOfFiles = error instanceof Error && 'syscall' in error && typeof error.syscall === 'string'
  const ofFiles = ['open', 'write', 'mkdir', 'fsync', 'close', 'read', 'scandir', 'unlink', 'stat']
  return isOfFiles && ofFiles.includes(String(error.syscall))
    ? new StorageUnavailable('the folder of documents cannot be used', { cause: error })
    : error
}
