// What stands in a copy of a record: the files, each with the rows of one kind, opened.
import { contentsOf, type ExportContent } from './export-content.ts'
import { findOwnedRows, findPatientKeys, findStaffNames } from './export.store.ts'
import { findTreeIds } from './erasure.store.ts'
import { findMergedTrees } from './merge.store.ts'
import type { OwnedTable } from './owned-table.ts'
import { ownedTables } from './owned-tables.ts'
import { answerPatient, seesIdentifiers } from './patient.answer.ts'
import type { Context } from '#platform/context.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { type DataKey, open, openJson } from '#platform/encryption/sealing.ts'

export type ExportFile = { name: string; content: unknown; rows: number }

/**
 * Reads in the reach of everyone, but only these records: that the caller may export this one has been seen, and the records
 * merged into it are the same person's, though no longer in that person's own reach.
 */
export async function collectFiles(
  ctx: Context,
  patient_id: string,
): Promise<{ files: ExportFile[]; contents: ExportContent[] }> {
  const { keys, configuration } = ctx.system
  return ctx.reaching('all').transaction(async (tx) => {
    const ids = (await tx.rows(findTreeIds(patient_id))).map(({ id }) => id)
    const exported = ownedTables.flatMap((owned) => (owned.export ? [{ ...owned, export: owned.export }] : []))
    const [records, stored, tables] = await Promise.all([
      tx.rows(findMergedTrees([patient_id])),
      tx.rows(findPatientKeys(ids)),
      Promise.all(exported.map(async (owned) => ({ owned, rows: await tx.rows(findOwnedRows(owned, ids)) }))),
    ])
    const dataKeys = new Map(stored.map((row) => [row.id, openDataKey(keys.keyring, row)]))
    const unmasked = seesIdentifiers(ctx.actor, patient_id)
    const people = records.map((row) => answerPatient(keys.keyring, row, unmasked))
    const log = tables.find(({ owned }) => owned.table === 'audit_logs')?.rows ?? []
    const users = new Set(log.flatMap(({ user_id }) => (typeof user_id === 'string' ? [user_id] : [])))
    const staff = await tx.rows(findStaffNames([...users]))
    const names = new Map(staff.map((user) => [user.id, nameOf(keys, user)]))
    const now = Temporal.Now.instant()
    const merged = people.filter(({ id }) => id !== patient_id)
    const keptBack = new Set(
      tables.flatMap(({ owned, rows }) =>
        owned.table === 'disclosures' ? rows.flatMap((row) => (isTold(owned, row, now) ? [] : [row.id])) : [],
      ),
    )
    const told = tables.map(({ owned, rows }) => ({
      owned,
      rows: rows.filter((row) => isTold(owned, row, now) && isOfCopy(owned, row) && !keptBack.has(row.resource_id)),
    }))
    const contents = told.flatMap(({ owned, rows }) => contentsOf(owned, rows, dataKeys, configuration.production))
    const files = [
      { name: 'patient', content: people.find(({ id }) => id === patient_id), rows: 1 },
      { name: 'merged_records', content: merged, rows: merged.length },
      ...told.map(({ owned, rows }) => {
        const shown = rows.map((row) => shownRow(owned, row, dataKeys))
        const content =
          owned.table === 'audit_logs' ? shown.map((row) => withName(row, names, ctx.actor.user_id)) : shown
        return { name: owned.export.file, content, rows: rows.length }
      }),
    ]
    return { files, contents }
  })
}

/** Neither a disclosure that an authority has asked to keep from the patient, nor what was taken out of the record. */
function isTold(owned: OwnedTable, row: Record<string, unknown>, now: Temporal.Instant): boolean {
  const { unless } = owned.export ?? {}
  if (unless !== undefined && row[unless] !== null) return false
  const { suspended_until: until } = row
  return typeof until !== 'string' || Temporal.Instant.compare(until, now) <= 0
}

function isOfCopy({ export: told }: OwnedTable, row: Record<string, unknown>): boolean {
  return Object.entries(told?.only ?? {}).every(([column, values]) => values.includes(String(row[column])))
}

function shownRow(
  owned: OwnedTable,
  row: Record<string, unknown>,
  keys: ReadonlyMap<string, DataKey>,
): Record<string, unknown> {
  const { table, sealed = [], during } = owned
  const hidden = new Set<string>([...(owned.export?.without ?? []), ...sealed, ...(during ? [during] : [])])
  const key = typeof row.key_id === 'string' ? keys.get(row.key_id) : undefined
  const copied = sealed.filter((column) => !owned.export?.without?.includes(column))
  const opened = copied.map((column) => {
    const value = row[column]
    const place = { table, column, row_id: String(row.id) }
    if (Buffer.isBuffer(value) && !key) throw new Error(`a row of ${table} is sealed under a key of somebody else`)
    return [column.replace(/^sealed_/, ''), Buffer.isBuffer(value) && key ? parsed(open(key, place, value)) : null]
  })
  return {
    ...Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.has(name))),
    ...Object.fromEntries(opened),
  }
}

/** What is sealed is JSON, but for single texts. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Another patient who tried to see the record is not told of. */
function withName(row: Record<string, unknown>, names: ReadonlyMap<string, string>, self: string | undefined) {
  const { user_id } = row
  const user_name = typeof user_id === 'string' ? (names.get(user_id) ?? null) : null
  return { ...row, user_id: user_name !== null || user_id === self ? user_id : null, user_name }
}

function nameOf(
  keys: Keys,
  { id, key_id, sealed_profile }: { id: string; key_id: string; sealed_profile: Buffer },
): string {
  const place = { table: 'users', column: 'sealed_profile', row_id: id }
  const { first_name = '', last_name = '' } = openJson<{ first_name?: string; last_name?: string }>(
    keys.systemById(key_id),
    place,
    sealed_profile,
  )
  return `${first_name} ${last_name}`.trim()
}
