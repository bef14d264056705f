// Many files as one stream: before each a line of JSON with its path and size. A folder is a path that ends with a slash.
import { createReadStream } from 'node:fs'
import { chmod, mkdir, open, readdir, stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { BackupFailed } from './failures.ts'

type Entry = { path: string; bytes: number }
/** Longer than any line of ours. */
const longestLine = 8192

/** Everything below a folder that `isWanted`; `last` are paths that come after all others. */
export async function* bundleFolder(
  folder: string,
  isWanted: (path: string, isFolder: boolean) => boolean,
  last: readonly string[] = [],
): AsyncGenerator<Buffer> {
  for await (const { path, isFolder } of walk(folder, '', isWanted)) {
    if (isFolder) yield head({ path: `${path}/`, bytes: 0 })
    else if (!last.includes(path)) yield* bundleFile(join(folder, path), path)
  }
  for (const path of last) yield* bundleFile(join(folder, path), path)
}

export async function* bundleText(path: string, text: string): AsyncGenerator<Buffer> {
  const content = Buffer.from(text)
  yield head({ path, bytes: content.length })
  yield content
}

/** As long as it was when it was begun: PostgreSQL goes on writing, and its log makes good what is torn here. */
async function* bundleFile(source: string, path: string): AsyncGenerator<Buffer> {
  const found = await stat(source).catch(unlessGone)
  if (!found) return
  const { size } = found
  yield head({ path, bytes: size })
  let left = size
  if (size > 0) {
    const file = await open(source).catch(unlessGone)
    if (file) {
      for await (const part of createReadStream(source, { fd: file, end: size - 1, highWaterMark: 262_144 })) {
        left -= (part as Buffer).length
        yield part as Buffer
      }
    }
  }
  // It was cut meanwhile.
  for (; left > 0; left -= Math.min(left, 65_536)) yield Buffer.alloc(Math.min(left, 65_536))
}

async function* walk(
  folder: string,
  below: string,
  isWanted: (path: string, isFolder: boolean) => boolean,
): AsyncGenerator<{ path: string; isFolder: boolean }> {
  for (const entry of (await readdir(join(folder, below), { withFileTypes: true }).catch(unlessGone)) ?? []) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isSymbolicLink()) throw new BackupFailed(`${path} is a link: a backup holds what lies in its folder only`)
    if (!isWanted(path, entry.isDirectory())) continue
    if (entry.isDirectory()) {
      yield { path, isFolder: true }
      yield* walk(folder, path, isWanted)
    } else if (entry.isFile()) yield { path, isFolder: false }
  }
}

/** Writes the files of a bundle into a folder, which it makes. @throws BackupFailed */
export async function unbundle(source: AsyncIterable<Buffer>, folder: string): Promise<{ files: number }> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const reading = openReading(source)
  let files = 0
  for (let line = await reading.line(); line !== undefined; line = await reading.line()) {
    const { path, bytes } = JSON.parse(line) as Entry
    const target = join(folder, path)
    if (normalize(path) !== path || path.startsWith('/') || path.startsWith('..'))
      throw new BackupFailed('the backup names a file outside of its folder')
    if (path.endsWith('/')) {
      await mkdir(target, { recursive: true, mode: 0o700 })
      continue
    }
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    const file = await open(target, 'wx', 0o600)
    try {
      for await (const part of reading.bytes(bytes)) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    files += 1
  }
  await chmod(folder, 0o700)
  return { files }
}

function openReading(source: AsyncIterable<Buffer>) {
  const parts = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  async function more(): Promise<boolean> {
    const { value, done } = await parts.next()
    if (done) return false
    rest = rest.length === 0 ? value : Buffer.concat([rest, value])
    return true
  }
  return {
    /** Undefined where the stream has ended. */
    async line(): Promise<string | undefined> {
      for (;;) {
        const end = rest.indexOf(10)
        if (end >= 0) {
          const line = rest.toString('utf8', 0, end)
          rest = rest.subarray(end + 1)
          return line
        }
        if (rest.length > longestLine)
          throw new BackupFailed('the backup cannot be read: it was made by another version')
        if (await more()) continue
        if (rest.length === 0) return undefined
        throw new BackupFailed('the backup ends in the middle of a file')
      }
    },
    async *bytes(count: number): AsyncGenerator<Buffer> {
      for (let left = count; left > 0;) {
        if (rest.length === 0 && !(await more())) throw new BackupFailed('the backup ends in the middle of a file')
        const part = rest.subarray(0, left)
        rest = rest.subarray(part.length)
        left -= part.length
        yield part
      }
    },
  }
}

const head = (entry: Entry) => Buffer.from(`${JSON.stringify(entry)}\n`)

function unlessGone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
