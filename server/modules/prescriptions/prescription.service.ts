// Drafting prescriptions, reading them, and what becomes of them after they were signed.
import { randomUUIDv7 } from 'node:crypto'
import { type Changeable, readOfPatient, sealChanges } from '#modules/patients'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { localDay } from '#platform/local-day.ts'
import { findInReach, usualReach } from '#platform/emergency-reach.ts'
import { changePrescription, lockTreated, prescriberOf, refuseUntreated, treating } from './prescribing.ts'
import {
  appointmentPrescribed,
  type Prescription,
  type PrescriptionChange,
  prescriptionEnded,
  prescriptionFor,
  prescriptionNotDraft,
  type PrescriptionQuery,
  type PrescriptionRequest,
} from './prescription.contract.ts'
import {
  type Content,
  contentOf,
  openContent,
  openKey,
  sealContent,
  sealReason,
  shownPrescription,
} from './prescription.sealing.ts'
import {
  countPrescriptions,
  findOccasion,
  findPrescription,
  insertPrescription,
  listPrescriptions,
  type PrescriptionFilter,
  type StoredPrescription,
  updateCancelled,
  updateDraft,
} from './prescription.store.ts'

/** @throws Problem as the contract lists */
export async function createPrescription(ctx: Context, request: PrescriptionRequest): Promise<Prescription> {
  const doctor_id = prescriberOf(ctx)
  const { appointment_id = null, visit_id = null, ...written } = request
  const patient_id = await patientOf(ctx, { patient_id: request.patient_id, appointment_id, visit_id })
  const id = randomUUIDv7()
  const draft = { id, doctor_id, appointment_id, visit_id, replaces_id: null }
  const created = await treating(ctx).database.transaction(async (tx) => {
    const patient = await lockTreated(ctx, tx, patient_id).catch((error: unknown) =>
      error instanceof Problem && error.kind === notFound ? undefined : Promise.reject(error),
    )
    if (!patient) return undefined
    await insertDraft(ctx, tx, patient, draft, contentOf(written))
    return tx.one(findPrescription(id))
  })
  if (!created) return refuseUntreated(ctx, patient_id)
  ctx.header('location', `/api/v1/prescriptions/${id}`)
  return shownPrescription(ctx, created)
}

type Draft = {
  id: string
  doctor_id: string
  appointment_id: string | null
  visit_id: string | null
  replaces_id: string | null
}

async function insertDraft(ctx: Context, tx: Tx, { key, row }: Changeable, draft: Draft, content: Content) {
  const day = localDay(ctx.system.configuration.timezone)
  const sealed_content = sealContent(key, draft.id, content)
  await tx
    .run(insertPrescription({ ...draft, day, patient_id: row.id, key_id: key.id, sealed_content }))
    .catch(violating({ prescriptions_one_an_appointment: appointmentPrescribed }))
  tx.audit({
    action: 'prescription.create',
    resource_type: 'prescription',
    resource_id: draft.id,
    patient_id: row.id,
    details: { medicines: content.medicines.length, replaces_id: draft.replaces_id },
    changes: sealChanges(key, ['notes', 'medicines'], {}, content),
  })
}

/** @throws Problem notFound, prescriptionFor */
async function patientOf(
  ctx: Context,
  asked: { patient_id: string | undefined; appointment_id: string | null; visit_id: string | null },
): Promise<string> {
  const { patient_id, ...occasion } = asked
  const wanted = Object.values(occasion).filter((id) => id !== null).length
  const found = wanted === 0 ? [] : await treating(ctx).database.once((tx) => tx.rows(findOccasion(occasion)))
  if (found.length < wanted) throw new Problem(notFound, { detail: 'There is no such appointment or visit' })
  const whose = new Set([...found.map((one) => one.patient_id), ...(patient_id === undefined ? [] : [patient_id])])
  const [one] = whose
  if (one === undefined || whose.size > 1) throw new Problem(prescriptionFor)
  return one
}

/** @throws Problem as the contract lists */
export async function changeDraft(ctx: Context, id: string, change: PrescriptionChange): Promise<Prescription> {
  const doctor_id = prescriberOf(ctx)
  const stored = await changePrescription(ctx, id, async (tx, before, patient) => {
    assertOwnDraft(before, doctor_id)
    const content = contentOf(change)
    await tx.run(updateDraft(id, { key_id: patient.key.id, sealed_content: sealContent(patient.key, id, content) }))
    const known = openContent(openKey(ctx.system.keys.keyring, before), before)
    tx.audit({
      action: 'prescription.update',
      resource_type: 'prescription',
      resource_id: id,
      patient_id: before.patient_id,
      changes: sealChanges(patient.key, ['notes', 'medicines'], known, content),
    })
    return tx.one(findPrescription(id))
  })
  return shownPrescription(ctx, stored)
}

/** Its doctor alone works on a draft. @throws Problem notFound, prescriptionNotDraft */
export function assertOwnDraft({ doctor_id, status }: StoredPrescription, by: string) {
  if (doctor_id !== by) throw new Problem(notFound)
  if (status !== 'draft') throw new Problem(prescriptionNotDraft, { prescription_status: status })
}

/** @throws Problem as the contract lists */
export async function cancelPrescription(
  ctx: Context,
  id: string,
  { reason, replace }: { reason: string; replace: boolean },
): Promise<Prescription> {
  const doctor_id = prescriberOf(ctx)
  const { keyring } = ctx.system.keys
  const stored = await changePrescription(ctx, id, async (tx, before, patient) => {
    const { status, patient_id, appointment_id, visit_id } = before
    if (status === 'draft' && before.doctor_id !== doctor_id) throw new Problem(notFound)
    if (status !== 'draft' && status !== 'signed') throw new Problem(prescriptionEnded, { prescription_status: status })
    const key = openKey(keyring, before)
    await tx.run(updateCancelled(id, ctx.actor.user_id, sealReason(key, id, reason)))
    tx.audit({
      action: 'prescription.cancel',
      resource_type: 'prescription',
      resource_id: id,
      patient_id,
      details: { from_status: status, replace },
      changes: sealChanges<{ reason: string }>(patient.key, ['reason'], {}, { reason }),
    })
    if (status === 'signed')
      tx.emit({
        type: 'prescription.cancelled',
        subject_type: 'prescription',
        subject_id: id,
        patient_id,
        payload: { doctor_id: before.doctor_id, version: before.version + 1 },
      })
    if (replace) {
      const draft = { id: randomUUIDv7(), doctor_id, appointment_id, visit_id, replaces_id: id }
      await insertDraft(ctx, tx, patient, draft, openContent(key, before))
    }
    return tx.one(findPrescription(id))
  })
  return shownPrescription(ctx, stored)
}

/** @throws Problem notFound */
export async function readPrescription(ctx: Context, id: string): Promise<StoredPrescription> {
  const own_id = ctx.actor.patient_id
  const { found } = await findInReach(ctx, (database) => database.once((tx) => tx.first(findPrescription(id, own_id))))
  ctx.saw({ resource_id: id, patient_id: found.patient_id })
  return found
}

/** @throws Problem notFound */
export async function getPrescription(ctx: Context, id: string): Promise<Prescription> {
  return shownPrescription(ctx, await readPrescription(ctx, id))
}

type Asked = Partial<PrescriptionQuery> & Pick<PrescriptionQuery, 'skip' | 'limit'>

export async function listInReach(ctx: Context, query: Asked) {
  // Of one patient who was named, emergency access shows the prescriptions; it lists nobody.
  const database = query.patient_id === undefined ? ctx.reaching(usualReach(ctx)) : ctx.database
  return listPage(ctx, query, (work) => database.once(work))
}

/** @throws Problem notFound, patientErased, patientMerged */
export function listOfPatient(ctx: Context, patient_id: string, page: Asked) {
  return listPage(ctx, { ...page, patient_id }, (work) => readOfPatient(ctx, patient_id, work))
}

type Found = [StoredPrescription[], { total: number } | undefined]

async function listPage(ctx: Context, query: Asked, read: (work: (tx: Tx) => Promise<Found>) => Promise<Found>) {
  const { skip, limit, cursor, from, to, ...filters } = query
  const midnight = (day: string, days: number) =>
    Temporal.PlainDate.from(day).add({ days }).toZonedDateTime(ctx.system.configuration.timezone).toInstant().toString()
  const filter: PrescriptionFilter = {
    patient_id: filters.patient_id,
    doctor_id: filters.doctor_id,
    status: filters.status,
    own_id: ctx.actor.patient_id,
    created_from: from && midnight(from, 0),
    created_before: to && midnight(to, 1),
  }
  const after = decodeTimeCursor(cursor)
  const [stored, counted] = await read((tx) =>
    Promise.all([tx.rows(listPrescriptions(filter, { skip, limit, after })), tx.first(countPrescriptions(filter))]),
  )
  const patient_ids = [...new Set(stored.map(({ patient_id }) => patient_id))]
  ctx.saw({ patient_id: query.patient_id, details: { count: stored.length, patient_ids } })
  const last = stored.at(-1)
  return {
    items: stored.map((row) => shownPrescription(ctx, row)),
    total: certain(counted, 'count').total,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: last && stored.length === limit ? encodeCursor(`${last.created_at} ${last.id}`) : null,
  }
}
