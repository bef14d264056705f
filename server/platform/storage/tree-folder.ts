// Files by their path in a folder. What is there is there whole: it is written beside and then given its name.
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ContentMissing, StorageFull, StorageUnavailable } from './failures.ts'
import { assertPath } from './tree-path.ts'
import type { FileTree } from './tree.ts'

/** Left behind where a process was killed; no path of ours begins so. */
const unfinished = '.unfinished-'
/** Readers of the same group may read, and nobody else. */
const folderMode = 0o750
const fileMode = 0o640

export function openFolderTree(folder: string): FileTree {
  const pathOf = (path: string) => {
    assertPath(path)
    return join(folder, path)
  }

  async function writeNew(path: string, content: Uint8Array) {
    await mkdir(dirname(path), { recursive: true, mode: folderMode })
    const file = await open(path, 'wx', fileMode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async function place(path: string, content: Uint8Array, give: (beside: string, path: string) => Promise<void>) {
    const target = pathOf(path)
    const beside = join(dirname(target), `${unfinished}${randomBytes(8).toString('hex')}`)
    try {
      await writeNew(beside, content)
      await give(beside, target)
      await syncFolder(dirname(target))
    } catch (error) {
      throw failureOf(error)
    } finally {
      // After a rename it is not there. Of one that could not be written whole nothing stays, on a full disk least of all; what could
      // not be removed either is read by nobody, and the error told is that of writing.
      await unlink(beside).catch(() => undefined)
    }
  }

  return {
    put: (path, content) => place(path, content, rename),
    async create(path, content) {
      let isOurs = true
      await place(path, content, async (beside, target) => {
        // Unlike a rename, a link never takes the place of another.
        await link(beside, target).catch((error: unknown) => {
          if (codeOf(error) !== 'EEXIST') throw error
          isOurs = false
        })
      })
      return isOurs
    },
    async read(path) {
      return await readFile(pathOf(path)).catch((error: unknown) => {
        throw failureOf(error)
      })
    },
    async *list(prefix) {
      yield* walk(folder, prefix)
    },
    async remove(path) {
      await unlink(pathOf(path)).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw failureOf(error)
      })
    },
    async check() {
      try {
        await mkdir(folder, { recursive: true, mode: folderMode })
        await stat(folder)
        return { status: 'ok' }
      } catch {
        return { status: 'degraded', detail: 'The folder of the warehouse cannot be reached' }
      }
    },
  }
}

async function* walk(root: string, directory: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, directory), { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw failureOf(error)
  })
  const folders = new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name))
  for (const name of entries.map((entry) => entry.name).toSorted()) {
    const path = `${directory}/${name}`
    if (folders.has(name)) yield* walk(root, path)
    else if (!name.startsWith(unfinished)) yield path
  }
}

/** A name that was given is there after a power failure only when its folder was written too. */
async function syncFolder(directory: string) {
  const folder = await open(directory)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

/** A fault of the file system; anything else stays what it is. */
function failureOf(error: unknown): unknown {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new StorageFull('there is no room left', { cause: error })
  if (code === 'ENOENT') return new ContentMissing('a file is not there', { cause: error })
  return 'syscall' in (error as NodeJS.ErrnoException)
    ? new StorageUnavailable('the folder cannot be used', { cause: error })
    : error
}
