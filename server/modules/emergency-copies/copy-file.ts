// The file of an emergency copy: a line in the clear that says which department and when, and the content sealed for the break-glass
// keys. The line is part of what is authenticated. It is written beside, synced and then given its name: what is there is there whole.
import { createHash, type KeyObject, randomBytes, randomUUIDv7 } from 'node:crypto'
import { open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { associatedData, decrypt, encrypt } from '#platform/encryption/aead.ts'
import { EmergencyKeyRefused, type PublicKey, unwrapWith, wrapFor, Wrapped } from '#platform/emergency/keys.ts'
import { CopyContent } from './copy-content.ts'

export const suffix = '.emergency'
const unfinished = '.part'
/** Older ones belong to a process that was killed. */
const unfinishedMilliseconds = 60_000
const contentKeyBytes = 32

const Head = z.strictObject({
  openward_emergency_copy: z.literal(1),
  copy_id: z.uuid(),
  department: z.string(),
  made_at: z.iso.datetime(),
  keys: z.array(Wrapped),
})
export type Head = z.output<typeof Head>

export class CopyRefused extends Error {}

type NewCopy = { department: string; code: string; made_at: string; content: Omit<CopyContent, 'opening_key'> }

/** Writes one, with a name that tells the department and the moment and nobody's name. */
export async function writeCopy(
  directory: string,
  keys: readonly PublicKey[],
  { department, code, made_at, content }: NewCopy,
  openingKeyOf: (copy_id: string) => Buffer,
): Promise<void> {
  const copy_id = randomUUIDv7()
  const content_key = randomBytes(contentKeyBytes)
  const head = JSON.stringify({
    openward_emergency_copy: 1,
    copy_id,
    department,
    made_at,
    keys: wrapFor(keys, copy_id, content_key),
  } satisfies Head)
  const whole: CopyContent = { ...content, opening_key: openingKeyOf(copy_id).toString('base64url') }
  const sealed = encrypt(content_key, placeOf(head), Buffer.from(JSON.stringify(whole)))
  const at = made_at.replaceAll(/[-:]|\.\d+/g, '')
  const plainCode = code.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  await writeWhole(
    directory,
    `${plainCode}-${at}-${copy_id.slice(-8)}${suffix}`,
    `${head}\n${sealed.toString('base64')}\n`,
  )
}

/** @throws CopyRefused for another kind of file */
export function readHead(text: string): Head {
  const [line = ''] = text.split('\n', 1)
  try {
    return Head.parse(JSON.parse(line))
  } catch {
    throw new CopyRefused('this is no emergency copy of OpenWard')
  }
}

/** @throws CopyRefused, EmergencyKeyRefused where it was sealed for other keys */
export function openCopy(text: string, secret: KeyObject): { head: Head; content: CopyContent } {
  const head = readHead(text)
  const content_key = unwrapWith(secret, head.copy_id, head.keys)
  if (!content_key)
    throw new EmergencyKeyRefused(
      `this copy is not for this key: it is for ${head.keys.map(({ key_id }) => key_id).join(', ')}`,
    )
  const [line = '', sealed = ''] = text.split('\n')
  const content = decrypt(content_key, placeOf(line), Buffer.from(sealed, 'base64'))
  if (!content) throw new CopyRefused('this copy was altered, or is not whole')
  return { head, content: CopyContent.parse(JSON.parse(content.toString('utf8'))) }
}

/** The whole line, so that neither the department nor the moment can be changed. */
const placeOf = (head: string) => associatedData('emergency_copy', createHash('sha256').update(head).digest('hex'))

/** Mode 0600, on the disk when this resolves. Its name is not yet that of a whole file until it is one. */
export async function writeWhole(directory: string, name: string, text: string): Promise<void> {
  const part = join(directory, `${name}${unfinished}`)
  const file = await open(part, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, join(directory, name))
  const folder = await open(directory)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** When the copies were made that are here, by the names of their files; nothing where the folder is not there. */
export async function listCopies(directory: string): Promise<{ name: string; made_at: string }[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return names.flatMap((name) => {
    const [, day, time] = /-(\d{8})T(\d{6})Z-[0-9a-f]{8}\.emergency$/.exec(name) ?? []
    if (day === undefined || time === undefined) return []
    const made_at = Temporal.Instant.from(`${day}T${time}Z`).toString()
    return [{ name, made_at }]
  })
}

/** Removes copies made before this moment, and what a killed process has left. */
export async function removeOld(directory: string, before: Temporal.Instant): Promise<void> {
  for (const { name, made_at } of await listCopies(directory))
    if (Temporal.Instant.compare(made_at, before) < 0) await removed(join(directory, name))
  for (const name of await readdir(directory)) {
    if (!name.endsWith(`${suffix}${unfinished}`)) continue
    const path = join(directory, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > unfinishedMilliseconds) await removed(path)
  }
}

/** Another server of the same folder may be quicker. */
async function removed(path: string) {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
