// Published roots: an append-only file of signed roots. A copy of it outside of the operator's reach proves that the log
// was neither cut nor rewritten since.
import { createReadStream } from 'node:fs'
import { constants, type FileHandle, open } from 'node:fs/promises'
import { formatRoot, origin, parseRoots, type SignedRoot } from './root.ts'

/** Where roots go. `publish` is given roots in order, each larger than `last`. */
export type RootPublisher = {
  last: () => Promise<SignedRoot | undefined>
  publish: (roots: SignedRoot[]) => Promise<void>
}

/** Longer than the text of any root, so that the end of a file holds at least one whole. */
const longestRootBytes = 4096

/** Appends to a file and returns once the roots are on the disk. A root cut off by a crash is written again whole. */
export function publishToFile(path: string): RootPublisher {
  return {
    async last() {
      return withFile(path, async (file) => (await readEnd(path, file)).last)
    },
    async publish(roots) {
      await withFile(path, async (file) => {
        const { last, end } = await readEnd(path, file)
        const news = roots.filter(({ tree_size }) => last === undefined || tree_size > last.tree_size)
        if (news.length === 0) return
        // Where files may only grow nothing else is needed, as long as no root was cut off.
        if ((await file.stat()).size > end) await file.truncate(end)
        await file.appendFile(news.map(formatRoot).join(''))
        await file.datasync()
      })
    },
  }
}

/**
 * The roots of a file, in order. Of more than `most` the first and the newest half are all there, of those between ever fewer: each root
 * commits to all entries before it, and a hospital writes two million of them in a month.
 */
export async function readPublishedRoots(path: string, most = 20_000): Promise<SignedRoot[]> {
  let kept: SignedRoot[] = []
  for await (const root of eachPublishedRoot(path)) {
    if (kept.length === most) kept = kept.filter((_, at) => at % 2 === 0 || at >= most / 2)
    kept.push(root)
  }
  return kept
}

/** The newest roots of a file, however long it is. */
export async function readLastRoots(path: string, count: number): Promise<SignedRoot[]> {
  const file = await open(path)
  try {
    return parseRoots((await readTail(file, count * longestRootBytes)).bytes.toString('utf8')).slice(-count)
  } finally {
    await file.close()
  }
}

async function* eachPublishedRoot(path: string): AsyncGenerator<SignedRoot> {
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1_048_576 })) {
    const text = `${rest}${chunk}`
    // The last one may be cut off here.
    const whole = Math.max(0, text.lastIndexOf(`${origin}\n`))
    yield* parseRoots(text.slice(0, whole))
    rest = text.slice(Math.max(whole, text.length - longestRootBytes))
  }
  yield* parseRoots(rest)
}

async function withFile<Result>(path: string, work: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o644)
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}

async function readTail(file: FileHandle, length: number): Promise<{ begin: number; bytes: Buffer }> {
  const { size } = await file.stat()
  const begin = Math.max(0, size - length)
  const bytes = Buffer.alloc(size - begin)
  await file.read(bytes, 0, bytes.length, begin)
  return { begin, bytes }
}

/** The last whole root, and the offset at which it ends. */
async function readEnd(path: string, file: FileHandle): Promise<{ last: SignedRoot | undefined; end: number }> {
  const { begin, bytes } = await readTail(file, longestRootBytes)
  const last = parseRoots(bytes.toString('utf8')).at(-1)
  if (last !== undefined) {
    const text = formatRoot(last)
    return { last, end: begin + bytes.lastIndexOf(text) + Buffer.byteLength(text) }
  }
  // Only the beginning of a first root may be dropped: any other text was not written here.
  const start = bytes.toString('utf8', 0, origin.length + 1)
  if (begin > 0 || !`${origin}\n`.startsWith(start)) throw new Error(`${path} is not a file of published roots`)
  return { last: undefined, end: 0 }
}
