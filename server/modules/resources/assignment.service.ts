import { randomUUIDv7 } from 'node:crypto'
import { type Context, holds } from '#platform/context.ts'
import { conflict, forbidden, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import {
  type Assignment,
  type AssignRequest,
  assignmentUnclear,
  notAssigned,
  patientHasBed,
  resourceUnavailable,
  type TransferRequest,
} from './assignment.contract.ts'
import {
  type CurrentStay,
  findBed,
  findCurrentStays,
  findPatientKey,
  insertStay,
  lockHolder,
  lockPatient,
  type NewStay,
  releaseStay,
  type StoredAssignment,
} from './assignment.store.ts'
import { isCleanedAfterUse } from './life-cycle.ts'
import { readingReach } from './reading-reach.ts'
import { nothingSealed, openKey, openText, sealText, type SealedText } from './resource.sealing.ts'
import { tellStatus } from './resource.service.ts'
import { findFree, findResource, type LockedResource, lockResources, updateState } from './resource.store.ts'

/** How many others a refusal names. */
const mostNamed = 5

/** What the wire shows of an assignment; notes open where their key came along. */
export function shownAssignment(ctx: Context, stored: StoredAssignment): Assignment {
  const { sealed_notes, key_id, kek_id, wrapped, ...shown } = stored
  const key = { key_id, kek_id, wrapped }
  return { ...shown, notes: openText(ctx.system.keys.keyring, 'notes', stored.id, sealed_notes, key) }
}

/**
 * Gives a resource to a patient.
 * @throws Problem notFound, resourceUnavailable, patientHasBed
 */
export function assignResource(ctx: Context, resource_id: string, request: AssignRequest): Promise<Assignment> {
  const { patient_id, lane, notes = null, expected_release_at = null } = request
  // Whoever may not find a patient cannot assign for one.
  if (!holds(ctx.actor, 'patients:find')) throw new Problem(notFound, { detail: missingPatient })
  assertFuture(expected_release_at)
  return ctx.database.transaction(async (tx) => {
    // The patient before the resource, as bookings do.
    const [patient, resource, stored] = await Promise.all([
      tx.first(lockPatient(patient_id, ctx.reach)),
      tx.first(lockResources([resource_id])),
      tx.first(findPatientKey(patient_id)),
    ])
    if (!resource) throw new Problem(notFound, { detail: missingResource })
    const key = stored && openKey(ctx.system.keys.keyring, stored)
    if (!patient?.is_there || !patient.is_in_reach || !key) throw new Problem(notFound, { detail: missingPatient })
    const id = randomUUIDv7()
    const sealed = notes === null ? nothingSealed : sealText(key, 'notes', id, notes)
    const stay = { id, patient_id, lane, expected_release_at, assigned_by: ctx.actor.user_id, notes: sealed }
    const assignment = await occupy(ctx, tx, resource, stay)
    const details = { assignment_id: id, lane: assignment.lane }
    tx.audit({ action: 'resource.assign', resource_type: 'resource', resource_id, patient_id, details })
    tx.emit({
      type: 'resource.assigned',
      subject_type: 'resource',
      subject_id: resource_id,
      patient_id,
      payload: details,
    })
    await tellNow(tx, [resource_id])
    return { ...shownAssignment(ctx, assignment), notes }
  })
}

/**
 * Frees a resource; what is cleaned after use waits for that.
 * @throws Problem notFound, forbidden, notAssigned, assignmentUnclear
 */
export function releaseResource(
  ctx: Context,
  resource_id: string,
  assignment_id: string | undefined,
): Promise<Assignment> {
  return ctx.database.transaction(async (tx) => {
    const [resource, stays] = await Promise.all([
      tx.first(lockResources([resource_id])),
      tx.rows(findCurrentStays(resource_id, readingReach(ctx))),
    ])
    if (!resource) throw new Problem(notFound)
    const stay = meant(stays, assignment_id)
    const released = await vacate(ctx, tx, resource, stay)
    const details = { assignment_id: stay.id, lane: stay.lane }
    const { patient_id, released_at } = released
    tx.audit({ action: 'resource.release', resource_type: 'resource', resource_id, patient_id, details })
    tx.emit({
      type: 'resource.released',
      subject_type: 'resource',
      subject_id: resource_id,
      patient_id,
      payload: details,
    })
    await tellNow(tx, [resource_id])
    return shownToWriter(ctx, stay, { ...stay, patient_id, released_at })
  })
}

/**
 * Moves whoever has a resource to another, or changes nothing.
 * @throws Problem notFound, forbidden, notAssigned, assignmentUnclear, resourceUnavailable, patientHasBed
 */
export function transferResource(ctx: Context, resource_id: string, request: TransferRequest): Promise<Assignment> {
  const { to_resource_id, assignment_id, lane, notes = null } = request
  if (to_resource_id === resource_id) throw wrongTarget('Must be another resource than the one in the address')
  assertFuture(request.expected_release_at ?? null)
  return ctx.database.transaction(async (tx) => {
    const [resources, stays] = await Promise.all([
      tx.rows(lockResources([resource_id, to_resource_id])),
      tx.rows(findCurrentStays(resource_id, readingReach(ctx))),
    ])
    const from = resources.find(({ id }) => id === resource_id)
    const to = resources.find(({ id }) => id === to_resource_id)
    if (!from) throw new Problem(notFound)
    if (!to) throw new Problem(notFound, { detail: missingResource })
    if (from.type !== to.type && !(from.is_bed && to.is_bed)) {
      throw wrongTarget('Must be of the same type, or a bed for a bed')
    }
    const stay = meant(stays, assignment_id)
    await tx.run(lockHolder(stay.id))
    const { patient_id } = await vacate(ctx, tx, from, stay)
    const id = randomUUIDv7()
    const { expected_release_at = stay.expected_release_at } = request
    const assigned_by = ctx.actor.user_id
    const sealed = await sealFor(ctx, tx, patient_id, id, notes)
    const moved = await occupy(ctx, tx, to, { id, patient_id, lane, expected_release_at, assigned_by, notes: sealed })
    const details = { assignment_id: id, lane: moved.lane, from_resource_id: resource_id, from_assignment_id: stay.id }
    const subject = { resource_type: 'resource', resource_id: to_resource_id, patient_id }
    tx.audit({ action: 'resource.transfer', ...subject, details })
    tx.emit({
      type: 'resource.transferred',
      subject_type: 'resource',
      subject_id: to_resource_id,
      patient_id,
      payload: details,
    })
    await tellNow(tx, [resource_id, to_resource_id])
    return { ...shownToWriter(ctx, stay, moved), notes }
  })
}

const missingPatient = 'There is no active patient with this id'
const missingResource = 'There is no resource with this id'

const wrongTarget = (message: string) =>
  new Problem(invalidRequest, { errors: [{ path: '/body/to_resource_id', code: 'custom', message }] })

function assertFuture(expected_release_at: string | null) {
  if (expected_release_at === null || Date.parse(expected_release_at) > Temporal.Now.instant().epochMilliseconds) return
  const message = 'Must be in the future'
  throw new Problem(invalidRequest, { errors: [{ path: '/body/expected_release_at', code: 'custom', message }] })
}

async function sealFor(
  ctx: Context,
  tx: Tx,
  patient_id: string,
  row_id: string,
  notes: string | null,
): Promise<SealedText> {
  if (notes === null) return nothingSealed
  const stored = await tx.first(findPatientKey(patient_id))
  const key = stored && openKey(ctx.system.keys.keyring, stored)
  if (!key) throw new Problem(notFound, { detail: missingPatient })
  return sealText(key, 'notes', row_id, notes)
}

/** The one assignment, or the one of several that was named. @throws Problem notAssigned, assignmentUnclear, forbidden */
function meant(stays: readonly CurrentStay[], assignment_id: string | undefined): CurrentStay {
  const named = assignment_id === undefined ? stays : stays.filter(({ id }) => id === assignment_id)
  const [stay, another] = named
  if (!stay) throw new Problem(notAssigned)
  if (another) {
    throw new Problem(assignmentUnclear, { assignments: named.map(({ id, lane }) => ({ assignment_id: id, lane })) })
  }
  if (stay.holder === null) throw new Problem(forbidden, { detail: 'Your role does not reach the patient who has it' })
  return stay
}

/** Ends a stay in a locked resource. */
async function vacate(ctx: Context, tx: Tx, { id, type }: LockedResource, stay: CurrentStay) {
  const [released] = await Promise.all([
    tx.first(releaseStay(stay.id, ctx.actor.user_id)),
    ...(isCleanedAfterUse[type] ? [tx.run(updateState(id, 'cleaning'))] : []),
  ])
  if (!released) throw new Problem(notAssigned)
  return released
}

/** Begins a stay in a locked resource. @throws Problem resourceUnavailable, patientHasBed */
async function occupy(ctx: Context, tx: Tx, resource: LockedResource, stay: NewStay): Promise<StoredAssignment> {
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const assignment = await tx.first(insertStay(resource, stay))
    if (assignment) return assignment
    const [now, bed, free] = await Promise.all([
      tx.first(findResource(resource.id)),
      tx.first(findBed(stay.patient_id, readingReach(ctx))),
      tx.rows(findFree(resource, mostNamed)),
    ])
    if (resource.is_bed && bed) {
      const { is_readable, ...where } = bed
      throw new Problem(patientHasBed, is_readable ? where : {})
    }
    if (!now || now.free_lanes === 0 || stay.lane !== undefined || now.status === 'reserved') {
      throw new Problem(resourceUnavailable, { ...(now ? { now: now.status } : {}), free })
    }
    // Whoever gave the patient a bed has taken it back meanwhile.
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

/** The answer to who moved or released it: a patient whom they may not read is not named, and nothing of theirs is opened. */
function shownToWriter(ctx: Context, { is_readable }: CurrentStay, stored: StoredAssignment): Assignment {
  if (is_readable) return shownAssignment(ctx, stored)
  return { ...shownAssignment(ctx, { ...stored, sealed_notes: null }), patient_id: null, assigned_by: null }
}

async function tellNow(tx: Tx, resource_ids: readonly string[]) {
  const now = await Promise.all(resource_ids.map((id) => tx.first(findResource(id))))
  for (const resource of now) if (resource) tellStatus(tx, resource)
}
