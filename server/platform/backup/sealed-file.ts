// The files of a backup: compressed, then sealed piece by piece under a key of the file's own, which lies in its head, wrapped by the
// backup key. A file opens under its own name only, so that none can stand for another.
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Readable, Readable as ReadableStream } from 'node:stream'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { openChunks, sealChunks } from '#platform/encryption/chunks.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { type Keyring, kekIds, unwrapKey, wrapKey } from '#platform/encryption/keyring.ts'
import { BackupFailed } from './failures.ts'

/** Says what the file is, and in which form. */
const mark = Buffer.from('OPENWARD BACKUP 1\n')
/** Of a key-encryption key, in hexadecimal digits. */
const idBytes = 16
/** 32 bytes in an envelope (encryption/aead.ts). */
const wrappedBytes = 61
const headBytes = mark.length + idBytes + wrappedBytes

export type SealedPlace = {
  /** The folder that holds all backups. */
  root: string
  /** Path below it; sealed with the content. */
  name: string
}

/** Writes a file that is whole or not there, and on the disk when this returns. */
export async function writeSealed(
  keyring: Keyring,
  place: SealedPlace,
  content: AsyncIterable<Buffer>,
  { written_as = place.name }: { written_as?: string } = {},
): Promise<{ bytes: number }> {
  const path = join(place.root, written_as)
  const unfinished = `${path}.unfinished`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const key = randomBytes(32)
  const { kek_id, wrapped } = wrapKey(keyring, wrapPlace(place), key)
  let bytes = 0
  try {
    await rm(unfinished, { force: true })
    const file = await open(unfinished, 'wx', 0o600)
    try {
      const write = async (part: Buffer) => {
        await file.writeFile(part)
        bytes += part.length
      }
      await write(Buffer.concat([mark, Buffer.from(kek_id, 'latin1'), wrapped]))
      const compressed = through(content, createZstdCompress())
      for await (const part of sealChunks({ key, name: place.name }, compressed)) await write(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw error
  }
  return { bytes }
}

/** Yields no byte that was not verified. @throws BackupFailed, naming the file, where it is not there, not whole, or not ours */
export async function* readSealed(keyring: Keyring, place: SealedPlace): AsyncGenerator<Buffer> {
  const path = join(place.root, place.name)
  const file = await open(path).catch((error: unknown) => {
    throw failureOf(place, error)
  })
  let key: Buffer
  try {
    const head = Buffer.alloc(headBytes)
    const { bytesRead } = await file.read(head, 0, headBytes, 0)
    key = openHead(keyring, place, head.subarray(0, bytesRead))
  } catch (error) {
    await file.close()
    throw error
  }
  const sealed = createReadStream(path, { fd: file, start: headBytes, highWaterMark: 262_144 })
  try {
    yield* through(openChunks({ key, name: place.name }, sealed), createZstdDecompress())
  } catch (error) {
    throw failureOf(place, error)
  } finally {
    sealed.destroy()
  }
}

export async function readSealedText(keyring: Keyring, place: SealedPlace): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of readSealed(keyring, place)) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

export async function* ofText(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function openHead(keyring: Keyring, place: SealedPlace, head: Buffer): Buffer {
  if (!head.subarray(0, mark.length).equals(mark))
    throw new BackupFailed(`${place.name} is no file of a backup of OpenWard`)
  if (head.length < headBytes) throw altered(place)
  const kek_id = head.toString('latin1', mark.length, mark.length + idBytes)
  if (!kekIds(keyring).includes(kek_id)) {
    throw new BackupFailed(
      `${place.name} was sealed under the backup key ${kek_id}, and the ids of those given are ${kekIds(keyring).join(', ')}: ` +
        'give the key of its time in OPENWARD_BACKUP_KEY, several comma-separated',
    )
  }
  try {
    return unwrapKey(keyring, wrapPlace(place), { kek_id, wrapped: head.subarray(mark.length + idBytes) })
  } catch (error) {
    throw failureOf(place, error)
  }
}

const wrapPlace = ({ name }: SealedPlace) => ({ purpose: 'backup', id: name })

async function* through(source: AsyncIterable<Buffer>, transform: NodeJS.ReadWriteStream): AsyncGenerator<Buffer> {
  const input = ReadableStream.from(source, { objectMode: false, highWaterMark: 262_144 })
  input.on('error', (error) => (transform as unknown as Readable).destroy(error))
  input.pipe(transform)
  try {
    yield* transform as unknown as AsyncIterable<Buffer>
  } finally {
    input.destroy()
  }
}

const altered = ({ name }: SealedPlace, cause?: unknown) =>
  new BackupFailed(`${name} was altered or cut off since it was written: use another backup`, { cause })

function failureOf(place: SealedPlace, error: unknown): unknown {
  if (error instanceof IntegrityError) return altered(place, error)
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    return new BackupFailed(`${place.name} is missing`, { cause: error })
  return error
}
