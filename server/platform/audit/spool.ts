// Reads by emergency access that the audit log cannot take: each is kept in a file of this machine, sealed and on the disk before its
// answer leaves, and entered when the log can be written again. A file holds one entry and is never changed: it is there whole or not
// at all, and is removed once its entry has committed. An entry keeps the id that it had, so it is in the log once however often it is tried.
import { randomUUIDv7 } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { IntegrityError } from '#platform/encryption/failures.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'
import type { Log } from '#platform/logging.ts'
import type { AuditEntry, AuditRecorder } from './record.ts'

export type SpooledEntry = AuditEntry & { id: string }
export type Spool = {
  /** Resolves once the entry is on the disk. @throws Error when it cannot be kept */
  keep(entry: SpooledEntry, read_at: string): Promise<void>
  /** How many wait. */
  count(): Promise<number>
  /** Enters what waits. @throws Error when the log cannot be written yet, or a file is not what was kept */
  enter(): Promise<void>
}

/** All that can be read of it without the keys. */
const Kept = z.strictObject({ id: z.uuid(), key_id: z.uuid(), sealed: z.base64() })
type Sealed = { entry: AuditEntry; read_at: string }

const suffix = '.entry'
const unfinished = '.part'
/** Older ones belong to a process that was killed before it could answer. */
const unfinishedMilliseconds = 60_000
const place = (row_id: string) => ({ table: 'audit_spool', column: 'entry', row_id })

type SpoolOptions = { directory: string; keys: Keys; log: Log; recorder: AuditRecorder }

/** `recorder` is that of the log itself, which refuses what it cannot record. */
export function openSpool({ directory, keys, log, recorder }: SpoolOptions): Spool {
  /** In the order of their ids. */
  const list = async () => {
    const names = await readdir(directory).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    return names.toSorted((one, other) => (one < other ? -1 : 1))
  }

  async function enterOne(name: string) {
    const path = join(directory, name)
    const { id, key_id, sealed } = Kept.parse(JSON.parse(await readFile(path, 'utf8')))
    const { entry, read_at } = openJson<Sealed>(keys.systemById(key_id), place(id), Buffer.from(sealed, 'base64'))
    await recorder.record({ ...entry, id, details: { ...entry.details, spooled: true, read_at } })
    await unlink(path).catch((error: unknown) => {
      // Another server with the same directory was quicker.
      if (!isMissing(error)) throw error
    })
    log.info({ entry_id: id }, 'a read by emergency access that was kept here is in the audit log now')
  }

  async function sweep(name: string) {
    const path = join(directory, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > unfinishedMilliseconds) await unlink(path)
  }

  return {
    async keep({ id, ...entry }, read_at) {
      const key = keys.system('audit')
      const sealed = sealJson(key, place(id), { entry, read_at } satisfies Sealed).toString('base64')
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const part = join(directory, `${id}${unfinished}`)
      const file = await open(part, 'wx', 0o600)
      try {
        await file.writeFile(`${JSON.stringify({ id, key_id: key.id, sealed })}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(part, join(directory, `${id}${suffix}`))
      // That the files are there is on the disk as well.
      for (const folder of [directory, join(directory, '..')]) await syncFolder(folder)
      log.error(
        { entry_id: id },
        'the audit log cannot be written: a read by emergency access is kept here until it can',
      )
    },
    count: async () => (await list()).filter((name) => name.endsWith(suffix)).length,
    async enter() {
      const names = await list()
      for (const name of names.filter((one) => one.endsWith(unfinished))) await sweep(name).catch(() => undefined)
      let damaged: unknown
      for (const name of names.filter((one) => one.endsWith(suffix))) {
        try {
          await enterOne(name)
        } catch (error) {
          // One that was altered stays, for whoever looks into it, and holds up no other.
          if (!isDamage(error)) throw error
          damaged = error
        }
      }
      if (damaged !== undefined)
        throw new Error('a kept read by emergency access was altered and cannot be entered', { cause: damaged })
    },
  }
}

/** Marks in the log what somebody saw or did only by emergency access. */
const emergency = 'BTG'

/**
 * The one exception from the rule that what cannot be recorded is not shown: somebody's life may hang on a read by emergency
 * access. It is kept in the spool instead, and refused where it cannot be kept there either.
 */
export function withSpool(recorder: AuditRecorder, spool: Pick<Spool, 'keep'>, log: Log): AuditRecorder {
  return {
    async record(entry) {
      if (entry.purpose !== emergency || (entry.outcome ?? 'success') !== 'success') return recorder.record(entry)
      const read_at = Temporal.Now.instant().toString()
      const known = { ...entry, id: randomUUIDv7() }
      await recorder.record(known).catch(async (error: unknown) => {
        await spool.keep(known, read_at).catch((cause: unknown) => {
          log.error({ err: cause }, 'a read by emergency access could not be kept either, and was refused')
          throw error
        })
      })
    },
  }
}

async function syncFolder(path: string) {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function isDamage(error: unknown): boolean {
  return error instanceof IntegrityError || error instanceof SyntaxError || error instanceof z.ZodError
}
