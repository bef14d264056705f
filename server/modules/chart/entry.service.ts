// Recording, correcting and removing what the chart says of a patient: the same for allergies and conditions.
import { randomUUIDv7 } from 'node:crypto'
import { type Changeable, isOwnRecord, lockChangeable, readOfPatient, sealChanges } from '#modules/patients'
import type { Context } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { openSealed, sealed, type SealedColumn } from './chart.sealing.ts'
import { assertCurrent, differing } from './current.ts'
import {
  countEntries,
  type EntryRow,
  type EntryTable,
  findEntry,
  insertEntry,
  listEntries,
  markRemoved,
  updateEntry,
} from './entry.store.ts'

export type EntryKind = { table: EntryTable; noun: 'allergy' | 'condition' }
export type Stamps = Pick<EntryRow, 'id' | 'patient_id' | 'created_by' | 'created_at' | 'updated_at' | 'version'>
type Page = { skip: number; limit: number; cursor?: string | undefined }
const past = { add: 'added', update: 'updated', remove: 'removed' } as const

export function chartEntries<Content extends object>({ table, noun }: EntryKind) {
  const column: SealedColumn = { table, column: 'sealed_entry' }

  function shown(ctx: Context, row: EntryRow): Content & Stamps {
    const { id, patient_id, created_by, created_at, updated_at, version } = row
    const content = openSealed<Content>(ctx.system.keys.keyring, column, id, row, row.sealed_entry)
    return { id, patient_id, ...content, created_by, created_at, updated_at, version }
  }

  async function change(
    ctx: Context,
    patient_id: string,
    id: string,
    work: (tx: Tx, patient: Changeable, before: Content & Stamps) => Promise<void>,
  ): Promise<void> {
    refuseOwn(ctx, patient_id)
    await ctx.database.transaction(async (tx) => {
      const patient = await lockChangeable(ctx, tx, patient_id)
      const row = await tx.first(findEntry(table, patient_id, id))
      if (!row) throw new Problem(notFound)
      await work(tx, patient, shown(ctx, row))
    })
  }

  function tell(
    tx: Tx,
    change: keyof typeof past,
    id: string,
    patient: Changeable,
    before: Partial<Content>,
    after: Partial<Content>,
  ) {
    const fields = differing(before, after)
    const patient_id = patient.row.id
    tx.audit({
      action: `${noun}.${change}`,
      resource_type: noun,
      resource_id: id,
      patient_id,
      purpose: patient.purpose,
      details: { fields },
      changes: sealChanges(patient.key, fields, before, after),
    })
    const verb = past[change]
    tx.emit({ type: `${noun}.${verb}`, subject_type: noun, subject_id: id, patient_id })
  }

  /** @throws Problem notFound, patientErased, patientMerged */
  async function list(ctx: Context, patient_id: string, page: Page) {
    const { skip, limit, cursor } = page
    const asked = { skip, limit: limit + 1, after: decodeTimeCursor(cursor) }
    const [rows, { total }] = await readOfPatient(ctx, patient_id, (tx) =>
      Promise.all([tx.rows(listEntries(table, patient_id, asked)), tx.one(countEntries(table, patient_id))]),
    )
    const items = rows.slice(0, limit).map((row) => shown(ctx, row))
    ctx.saw({ patient_id, details: { count: items.length } })
    const last = rows.length > limit ? items.at(-1) : undefined
    const next_cursor = encodeCursor(last && `${last.created_at} ${last.id}`)
    return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
  }

  /** @throws Problem notFound, patientErased, patientMerged */
  async function get(ctx: Context, patient_id: string, id: string) {
    const row = await readOfPatient(ctx, patient_id, (tx) => tx.first(findEntry(table, patient_id, id)))
    if (!row) throw new Problem(notFound)
    ctx.saw({ patient_id, resource_id: id })
    return shown(ctx, row)
  }

  /** @throws Problem notFound, forbidden, patientErased, patientMerged, patientInactive */
  async function add(ctx: Context, patient_id: string, content: Content) {
    refuseOwn(ctx, patient_id)
    const id = randomUUIDv7()
    const row = await ctx.database.transaction(async (tx) => {
      const patient = await lockChangeable(ctx, tx, patient_id)
      const { key } = patient
      const written = { id, patient_id, key_id: key.id, sealed_entry: sealed(key, column, id, content) }
      await tx.run(insertEntry(table, written, ctx.actor.user_id))
      tell(tx, 'add', id, patient, {}, content)
      return tx.one(findEntry(table, patient_id, id))
    })
    ctx.header('location', `/api/v1/patients/${patient_id}/${table}/${id}`)
    return shown(ctx, row)
  }

  /** @throws Problem notFound, forbidden, stale, patientErased, patientMerged, patientInactive */
  async function replace(ctx: Context, patient_id: string, id: string, content: Content) {
    let row: EntryRow | undefined
    await change(ctx, patient_id, id, async (tx, patient, before) => {
      const known = contentOf<Content>(before)
      assertCurrent(ctx, before.version, known, content)
      const { key } = patient
      await tx.run(
        updateEntry(table, { id, patient_id, key_id: key.id, sealed_entry: sealed(key, column, id, content) }),
      )
      tell(tx, 'update', id, patient, known, content)
      row = await tx.one(findEntry(table, patient_id, id))
    })
    if (!row) throw new Problem(notFound)
    return shown(ctx, row)
  }

  /** @throws Problem notFound, forbidden, stale, patientErased, patientMerged, patientInactive */
  async function remove(ctx: Context, patient_id: string, id: string) {
    await change(ctx, patient_id, id, async (tx, patient, before) => {
      assertCurrent(ctx, before.version)
      await tx.run(markRemoved(table, id))
      tell(tx, 'remove', id, patient, contentOf<Content>(before), {})
    })
  }

  return { list, get, add, replace, remove }
}

function contentOf<Content extends object>(entry: Content & Stamps): Content {
  const {
    id: _id,
    patient_id: _patient,
    created_by: _by,
    created_at: _at,
    updated_at: _since,
    version: _version,
    ...content
  } = entry
  return content as unknown as Content
}

/** Nobody writes in their own chart. */
export function refuseOwn(ctx: Context, patient_id: string) {
  if (isOwnRecord(ctx, patient_id)) throw new Problem(forbidden, { detail: 'Somebody else writes in your own chart' })
}
