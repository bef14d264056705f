// A turn of a server that makes emergency copies: writes new ones, removes old ones, and enters who opened one meanwhile.
import { mkdir } from 'node:fs/promises'
import { addressesOf, linkTo } from '#modules/identity'
import { changesUnder } from '#platform/audit/changes.ts'
import type { Configuration } from '#platform/configuration.ts'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { type Database, scopedDatabase } from '#platform/database/transaction.ts'
import type { Measure } from '#platform/http/health.ts'
import { queueMail } from '#platform/mail/queue.ts'
import type { Check } from '#platform/module.ts'
import { listCopies, removeOld, writeCopy } from './copy-file.ts'
import { hasEntry } from './copy.store.ts'
import { gatherWards } from './gathering.ts'
import { listOpenings, markEntered, openingKeysOf, readOpening } from './opening.ts'

export const copyEveryMilliseconds = 5 * 60_000
/** What 45 CFR 164.308(a)(7)(ii)(C) is met with here: three turns. */
export const copyLateMinutes = 15
/** Of what is replaced every five minutes, some to go back to. */
const keptMinutes = 60

type Parts = Pick<System, 'configuration' | 'pool' | 'keys' | 'log'>

/** Everybody's records, read by nobody who is signed in. */
function databaseOf({ pool }: Pick<System, 'pool'>): Database {
  return scopedDatabase(
    pool,
    { enter: () => sql`select openward.enter_as('all')` },
    { audit: (entry) => ({ role: 'system', correlation_id: 'emergency-copies', ...entry }) },
  )
}

/** @throws Error where nothing could be written, or the database is away: what is there then stays */
export async function makeCopies(system: Parts): Promise<void> {
  const { emergency, timezone } = system.configuration
  if (!emergency) return
  const { directory, public_keys } = emergency
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const database = databaseOf(system)
  const began = Temporal.Now.instant()
  const made_at = began.toString()
  const wards = await gatherWards(system, database)
  // Recorded before anything leaves the database for a file.
  const count = wards.reduce((sum, { patients }) => sum + patients.length, 0)
  await database.once(async (tx) =>
    tx.audit({
      action: 'emergency_copy.make',
      resource_type: 'emergency_copy',
      details: { files: wards.length, count },
    }),
  )
  for (const { department, code, patients } of wards)
    await writeCopy(
      directory,
      public_keys,
      { department, code, made_at, content: { timezone, patients } },
      (copy_id) => openingKeysOf(system.keys.keyring, copy_id)[0],
    )
  await removeOld(directory, began.subtract({ minutes: keptMinutes }))
}

export type Entered = { entered: number; refused: string[] }

/** Enters in the audit log what was noted in this folder, each opening once. Names what is no opening that this installation can read. */
export async function enterOpenings(system: Parts, directory: string): Promise<Entered> {
  const told: Entered = { entered: 0, refused: [] }
  for (const name of await listOpenings(directory)) {
    const opening = await readOpening(system.keys.keyring, directory, name)
    if (opening) {
      await enter(system, opening)
      await markEntered(directory, name)
      told.entered += 1
    } else told.refused.push(name)
  }
  return told
}

type Read = NonNullable<Awaited<ReturnType<typeof readOpening>>>

async function enter(
  system: Parts,
  { opening_id, copy_id, opened_at, made_at, by, reason, department, entries }: Read,
) {
  const changes = changesUnder(system.keys.system('audit'), { after: { by, reason, department } })
  const common = {
    action: 'emergency_copy.open',
    resource_type: 'emergency_copy',
    resource_id: copy_id,
    role: 'emergency',
    purpose: 'BTG',
    correlation_id: opening_id,
  }
  await databaseOf(system).transaction(async (tx) => {
    if ((await tx.one(hasEntry(opening_id))).is_there) return
    tx.audit({ ...common, id: opening_id, changes, details: { opened_at, made_at, count: entries.length } })
    for (const { id, patient_id } of entries) tx.audit({ ...common, id, patient_id, details: { opened_at, made_at } })
    const link = linkTo(system.configuration, 'audit_log')
    for (const { user_id, email } of await addressesOf(tx, system, 'emergency-access:review'))
      await queueMail(tx, system, {
        template: 'emergency_copy_opened',
        to: email,
        user_id,
        data: { happened_at: opened_at, link },
      })
  })
  system.log.warn({ opening_id, patients: entries.length }, 'an emergency copy was opened: it is in the audit log now')
}

/** Undefined where no copies are made. */
export function emergencyCopyCheck({ emergency }: Configuration): (() => Promise<Check>) | undefined {
  if (!emergency) return undefined
  return async () => {
    const age = await ageMinutesOf(emergency.directory).catch(() => null)
    if (age === null) return { status: 'degraded', detail: 'OPENWARD_EMERGENCY_DIR cannot be read' }
    if (age === undefined) return { status: 'degraded', detail: 'There is no emergency copy in OPENWARD_EMERGENCY_DIR' }
    const detail = `The newest emergency copy is ${Math.floor(age)} minutes old`
    if (age > copyLateMinutes) return { status: 'degraded', detail }
    const waiting = await listOpenings(emergency.directory).then(
      ({ length }) => length,
      () => null,
    )
    if (waiting === null) return { status: 'degraded', detail: 'OPENWARD_EMERGENCY_DIR cannot be read' }
    return waiting === 0
      ? { status: 'ok', detail }
      : { status: 'degraded', detail: `${detail}; openings that are not in the audit log: ${waiting}` }
  }
}

export function emergencyCopyMeasure({ emergency }: Configuration): Measure {
  return {
    name: 'openward_emergency_copy_age_seconds',
    help: 'Since the newest emergency copy was made; absent where none are',
    async read() {
      // A folder that cannot be read has no newest copy; the check says why.
      const age = emergency && (await ageMinutesOf(emergency.directory).catch(() => undefined))
      return age === undefined ? undefined : age * 60
    },
  }
}

async function ageMinutesOf(directory: string): Promise<number | undefined> {
  const newest = (await listCopies(directory)).map(({ made_at }) => made_at).reduce((a, b) => (a > b ? a : b), '')
  return newest === '' ? undefined : Temporal.Instant.from(newest).until(Temporal.Now.instant()).total('minutes')
}
