// What stands in a copy of a record: the files, each with the rows of one kind, opened.
import { contentsOf, type ExportContent } from './export-content.ts'
import { findOwnedIds, findOwnedRows, findPatientKeys, findStaffNames } from './export.store.ts'
import { findTreeIds } from './erasure.store.ts'
import { findMergedTrees } from './merge.store.ts'
import type { OwnedTable } from './owned-table.ts'
import { ownedTables } from './owned-tables.ts'
import { answerPatient, seesIdentifiers } from './patient.answer.ts'
import { unattendedDatabase } from './unattended.ts'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keys } from '#platform/encryption/keys.ts'
import { type DataKey, open, openJson } from '#platform/encryption/sealing.ts'

/** `read`: the rows in order without the first so many, or where there is no list the one of them. */
export type ExportFile = {
  name: string
  rows: number
  is_list: boolean
  read: (skipped: number) => AsyncIterable<object>
}

type Row = Record<string, unknown>
type Exported = OwnedTable & { export: NonNullable<OwnedTable['export']> }
/** Opening and writing so many takes some ten milliseconds; then others get their turn. */
const pageRows = 500

/**
 * Opens every row once to see that all can be read, and keeps no more of it than its id: the files are read again, a page at a time,
 * while they are sent. In the reach of everyone, but only these records: that the caller may export this one has been seen, and the
 * records merged into it are the same person's, though no longer in that person's own reach.
 */
export async function collectFiles(
  ctx: Context,
  patient_id: string,
): Promise<{ files: ExportFile[]; contents: ExportContent[] }> {
  const { keys, configuration } = ctx.system
  const exported = ownedTables.flatMap((owned) => (owned.export ? [{ ...owned, export: owned.export }] : []))
  const now = Temporal.Now.instant()
  return ctx.reaching('all').transaction(async (tx) => {
    const patients = (await tx.rows(findTreeIds(patient_id))).map(({ id }) => id)
    const [records, stored, tables] = await Promise.all([
      tx.rows(findMergedTrees([patient_id])),
      tx.rows(findPatientKeys(patients)),
      Promise.all(exported.map(async (owned) => ({ owned, ...(await tx.one(findOwnedIds(owned, patients))) }))),
    ])
    const dataKeys = new Map(stored.map((row) => [row.id, openDataKey(keys.keyring, row)]))
    const rowsOf = (owned: Exported, ids: Buffer) => pages(ids, (page) => tx.rows(findOwnedRows(owned, patients, page)))
    const keptBack = new Set<unknown>()
    for (const { owned, ids } of tables.filter(({ owned: { table } }) => table === 'disclosures'))
      for await (const rows of rowsOf(owned, ids))
        for (const row of rows) if (!isTold(owned, row, now)) keptBack.add(row.id)

    const contents: ExportContent[] = []
    const users = new Set<string>()
    const told: { owned: Exported; ids: Buffer }[] = []
    for (const { owned, ids } of tables) {
      const kept: Buffer[] = []
      for await (const rows of rowsOf(owned, ids)) {
        const shown = rows.filter(
          (row) => isTold(owned, row, now) && isOfCopy(owned, row) && !keptBack.has(row.resource_id),
        )
        for (const row of shown) {
          shownRow(owned, row, dataKeys)
          if (owned.table === 'audit_logs' && typeof row.user_id === 'string') users.add(row.user_id)
        }
        contents.push(...contentsOf(owned, shown, dataKeys, configuration.production))
        kept.push(bytesOf(shown.map((row) => String(row[certain(owned.id, 'id of a row that is copied')]))))
      }
      told.push({ owned, ids: Buffer.concat(kept) })
    }
    const staff = await tx.rows(findStaffNames([...users]))
    const names = new Map(staff.map((user) => [user.id, nameOf(keys, user)]))
    const unmasked = seesIdentifiers(ctx.actor, patient_id)
    const people = records.map((row) => answerPatient(keys.keyring, row, unmasked))
    const merged = people.filter(({ id }) => id !== patient_id)
    const database = unattendedDatabase(ctx.system, {})
    async function* read(owned: Exported, ids: Buffer) {
      for await (const rows of pages(ids, (page) =>
        database.once((later) => later.rows(findOwnedRows(owned, patients, page))),
      )) {
        for (const row of rows) {
          const shown = shownRow(owned, row, dataKeys)
          yield owned.table === 'audit_logs' ? withName(shown, names, ctx.actor.user_id) : shown
        }
      }
    }
    const files = [
      fileOf(
        'patient',
        people.filter(({ id }) => id === patient_id),
        false,
      ),
      fileOf('merged_records', merged, true),
      ...told.map(({ owned, ids }) => ({
        name: owned.export.file,
        rows: ids.length / idBytes,
        is_list: true,
        read: (skipped: number) => read(owned, ids.subarray(skipped * idBytes)),
      })),
    ]
    return { files, contents }
  })
}

/** A file of what is in memory. */
export function fileOf(name: string, rows: readonly object[], is_list: boolean): ExportFile {
  return {
    name,
    rows: rows.length,
    is_list,
    async *read(skipped) {
      yield* rows.slice(skipped)
    },
  }
}

const idBytes = 16

async function* pages(ids: Buffer, find: (page: readonly string[]) => Promise<Row[]>): AsyncGenerator<Row[]> {
  for (let at = 0; at < ids.length; at += pageRows * idBytes) {
    const page = ids.subarray(at, at + pageRows * idBytes)
    yield await find(
      Array.from({ length: page.length / idBytes }, (_, index) =>
        page.toString('hex', index * idBytes, (index + 1) * idBytes),
      ),
    )
  }
}

function bytesOf(ids: readonly string[]): Buffer {
  return Buffer.from(ids.join('').replaceAll('-', ''), 'hex')
}

/** Neither a disclosure that an authority has asked to keep from the patient, nor what was taken out of the record. */
function isTold(owned: OwnedTable, row: Row, now: Temporal.Instant): boolean {
  const { unless } = owned.export ?? {}
  if (unless !== undefined && row[unless] !== null) return false
  const { suspended_until: until } = row
  return typeof until !== 'string' || Temporal.Instant.compare(until, now) <= 0
}

function isOfCopy({ export: told }: OwnedTable, row: Row): boolean {
  return Object.entries(told?.only ?? {}).every(([column, values]) => values.includes(String(row[column])))
}

function shownRow(owned: OwnedTable, row: Row, keys: ReadonlyMap<string, DataKey>): Row {
  const { table, sealed = [], during } = owned
  const hidden = new Set<string>([...(owned.export?.without ?? []), ...sealed, ...(during ? [during] : [])])
  const key = typeof row.key_id === 'string' ? keys.get(row.key_id) : undefined
  const copied = sealed.filter((column) => !owned.export?.without?.includes(column))
  const opened = copied.map((column) => {
    const value = row[column]
    const place = { table, column, row_id: String(row.id) }
    return [
      column.replace(/^sealed_/, ''),
      Buffer.isBuffer(value)
        ? parsed(open(certain(key, `key of this person for a row of ${table}`), place, value))
        : null,
    ]
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
function withName(row: Row, names: ReadonlyMap<string, string>, self: string | undefined) {
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
