// That somebody opened an emergency copy: noted in a file of its own before anything is shown, sealed under a key that only this copy and
// the servers know, and entered in the audit log once the database is back. A file is never changed; it is renamed once it is entered.
import { hkdfSync, randomUUIDv7 } from 'node:crypto'
import { mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { deriveSecrets, type Keyring } from '#platform/encryption/keyring.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import { isMissing, writeWhole } from './copy-file.ts'

export const Opening = z.object({
  opened_at: z.iso.datetime(),
  by: z.string(),
  reason: z.string(),
  department: z.string(),
  made_at: z.iso.datetime(),
  /** Beside that of the opening itself: an entry of the audit log for each patient shown, with the id that it will have. */
  entries: z.array(z.object({ id: z.uuid(), patient_id: z.uuid() })),
})
export type Opening = z.output<typeof Opening>

const Kept = z.strictObject({ opening_id: z.uuid(), copy_id: z.uuid(), sealed: z.base64() })

const folderName = 'openings'
const waiting = '.opening'
const entered = '.entered'
const place = (row_id: string) => ({ table: 'emergency_openings', column: 'opening', row_id })

/** One for each master key that is configured, newest first. */
export function openingKeysOf(keyring: Keyring, copy_id: string): [Buffer, ...Buffer[]] {
  const [newest, ...older] = deriveSecrets(keyring, 'emergency openings').map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, '', copy_id, 32)),
  )
  if (!newest) throw new Error('a keyring has a master key')
  return [newest, ...older]
}

type Told = Pick<Opening, 'by' | 'reason' | 'department' | 'made_at'> & {
  copy_id: string
  opening_key: Buffer
  patient_ids: readonly string[]
}

/** Resolves once it is on the disk. @throws Error where it cannot be noted: then nothing must be shown */
export async function noteOpening(directory: string, { copy_id, opening_key, patient_ids, ...told }: Told) {
  const opening_id = randomUUIDv7()
  const opening: Opening = {
    ...told,
    opened_at: Temporal.Now.instant().toString(),
    entries: patient_ids.map((patient_id) => ({ id: randomUUIDv7(), patient_id })),
  }
  const sealed = sealJson({ id: copy_id, key: opening_key }, place(opening_id), opening).toString('base64')
  const folder = join(directory, folderName)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeWhole(folder, `${opening_id}${waiting}`, `${JSON.stringify({ opening_id, copy_id, sealed })}\n`)
}

/** The names of those that are not entered yet. */
export async function listOpenings(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, folderName)).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  return names.filter((name) => name.endsWith(waiting)).toSorted()
}

/** Undefined for what is none of ours, was altered, or is sealed under a master key that is not here. */
export async function readOpening(keyring: Keyring, directory: string, name: string) {
  const file = Kept.safeParse(parsed(await readFile(join(directory, folderName, name), 'utf8'))).data
  if (!file) return undefined
  const { opening_id, copy_id, sealed } = file
  for (const key of openingKeysOf(keyring, copy_id)) {
    try {
      const opened = openJson<unknown>({ id: copy_id, key }, place(opening_id), Buffer.from(sealed, 'base64'))
      return { opening_id, copy_id, ...Opening.parse(opened) }
    } catch {
      // Under another master key, or altered: told by whoever asked.
    }
  }
  return undefined
}

export async function markEntered(directory: string, name: string): Promise<void> {
  const path = join(directory, folderName, name)
  await rename(path, path.replace(/\.opening$/, entered)).catch((error: unknown) => {
    // Another server with the same folder was quicker.
    if (!isMissing(error)) throw error
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
