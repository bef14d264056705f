import { randomUUIDv7 } from 'node:crypto'
import type { Disclosure, NewDisclosure } from './disclosure.contract.ts'
import {
  countDisclosures,
  type DisclosureRow,
  findDisclosure,
  insertDisclosure,
  listDisclosures,
  updateSuspension,
} from './disclosure.store.ts'
import { openKeyOf, type SealedBy } from './patient.sealing.ts'
import { patientErased, patientMerged } from './patient.contract.ts'
import { findPatient } from './patient.store.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { changesUnder } from '#platform/audit/changes.ts'
import { forbidden, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { DataKey } from '#platform/encryption/sealing.ts'
import { openJson, sealJson } from '#platform/encryption/sealing.ts'

type Sealed = { recipient: { name: string; address: string | null }; description: string; purpose: string }

const place = (row_id: string) => ({ table: 'disclosures', column: 'sealed_disclosure', row_id })

/** Whether the record is the caller's own, which they see as its patient. */
export function isOwn(ctx: Context, patient_id: string): boolean {
  return ctx.actor.patient_id === patient_id
}

/** A record of which something may leave. @throws Problem notFound, patientErased, patientMerged */
export async function requireWholeRecord(ctx: Context, tx: Tx, patient_id: string) {
  const patient = await tx.first(findPatient(patient_id, ctx.reach, ctx.actor))
  if (!patient) throw new Problem(notFound)
  if (patient.erased_at !== null) throw new Problem(patientErased)
  if (patient.merged_into !== null)
    throw new Problem(patientMerged, { merged_into: patient.merged_into }).naming({ patient_id })
  return patient
}

/** @throws Problem notFound, patientErased, patientMerged */
export async function listOfPatient(
  ctx: Context,
  patient_id: string,
  { skip, limit, cursor }: { skip: number; limit: number; cursor?: string | undefined },
) {
  const own = isOwn(ctx, patient_id)
  const page = { skip, limit: limit + 1, after: decodeTimeCursor(cursor) }
  const [rows, { total }] = await ctx.database.transaction(async (tx) => {
    await requireWholeRecord(ctx, tx, patient_id)
    return Promise.all([tx.rows(listDisclosures(patient_id, own, page)), tx.one(countDisclosures(patient_id, own))])
  })
  const items = rows.slice(0, limit).map((row) => answer(ctx, row))
  ctx.saw({ details: { count: items.length } })
  const last = rows.length > limit ? items.at(-1) : undefined
  const next_cursor = encodeCursor(last && `${last.disclosed_at} ${last.id}`)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/** @throws Problem as the contract lists */
export async function recordDisclosure(ctx: Context, patient_id: string, body: NewDisclosure): Promise<Disclosure> {
  if (isOwn(ctx, patient_id)) throw new Problem(forbidden)
  if (Temporal.Instant.compare(body.disclosed_at, Temporal.Now.instant()) > 0)
    throw new Problem(invalidRequest, {
      errors: [{ path: '/body/disclosed_at', code: 'in_future', message: 'Must not be in the future' }],
    })
  return ctx.database.transaction(async (tx) => {
    const patient = await requireWholeRecord(ctx, tx, patient_id)
    const key = openKeyOf(ctx.system.keys.keyring, patient)
    return writeDisclosure(ctx, tx, key, { ...body, patient_id, kind: 'other' })
  })
}

/** One row, and its entry in the audit log. */
export async function writeDisclosure(
  ctx: Context,
  tx: Tx,
  key: DataKey,
  {
    patient_id,
    kind,
    disclosed_at,
    recipient,
    description,
    purpose,
  }: NewDisclosure & Pick<Disclosure, 'patient_id' | 'kind'>,
): Promise<Disclosure> {
  const id = randomUUIDv7()
  const recorded_by = ctx.actor.user_id ?? ''
  const sealed: Sealed = {
    recipient: { name: recipient.name, address: recipient.address ?? null },
    description,
    purpose,
  }
  const row = { id, patient_id, disclosed_at, kind, recorded_by }
  const stamp = await tx.one(
    insertDisclosure({ ...row, key_id: key.id, sealed_disclosure: sealJson(key, place(id), sealed) }),
  )
  tx.audit({ action: 'disclosure.record', resource_type: 'disclosure', resource_id: id, patient_id, details: { kind } })
  return { ...row, ...sealed, ...stamp, suspended_until: null }
}

/** @throws Problem as the contract lists */
export async function suspendDisclosure(
  ctx: Context,
  { patient_id, disclosure_id }: { patient_id: string; disclosure_id: string },
  { suspended_until, reason }: { suspended_until: string | null; reason: string },
): Promise<Disclosure> {
  if (isOwn(ctx, patient_id)) throw new Problem(forbidden)
  return ctx.database.transaction(async (tx) => {
    await requireWholeRecord(ctx, tx, patient_id)
    const row = await tx.first(findDisclosure(patient_id, disclosure_id))
    if (!row) throw new Problem(notFound)
    await tx.run(updateSuspension(disclosure_id, suspended_until))
    const key = openKeyOf(ctx.system.keys.keyring, row)
    tx.audit({
      action: 'disclosure.suspend',
      resource_type: 'disclosure',
      resource_id: disclosure_id,
      patient_id,
      details: { suspended_until },
      changes: changesUnder(key, { after: { reason } }),
    })
    return answer(ctx, { ...row, suspended_until })
  })
}

function answer(ctx: Context, row: DisclosureRow & SealedBy): Disclosure {
  const { id, patient_id, disclosed_at, kind, recorded_by, recorded_at, suspended_until } = row
  const opened = openJson<Sealed>(openKeyOf(ctx.system.keys.keyring, row), place(id), row.sealed_disclosure)
  return { id, patient_id, disclosed_at, kind, ...opened, recorded_by, recorded_at, suspended_until }
}
