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
  type Chance,
  findChance,
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
 * Gives a resource to a patient. Everything travels at once, so that whoever waits for the same bed waits for the database only.
 * @throws Problem notFound, resourceUnavailable, patientHasBed
 */
export async function assignResource(ctx: Context, resource_id: string, request: AssignRequest): Promise<Assignment> {
  const { patient_id, lane, notes = null, expected_release_at = null } = request
  // Whoever may not find a patient cannot assign for one.
  if (!holds(ctx.actor, 'patients:find')) throw new Problem(notFound, { detail: missingPatient })
  assertFuture(expected_release_at)
  const id = randomUUIDv7()
  const sealed =
    notes === null ? nothingSealed : await ctx.database.once((tx) => sealFor(ctx, tx, patient_id, id, notes))
  const assigned_by = ctx.actor.user_id
  const stay = { id, patient_id, lane, expected_release_at, assigned_by, notes: sealed }
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const { assignment, chance } = await attemptAssignment(ctx, resource_id, stay)
    if (assignment) return { ...shownAssignment(ctx, assignment), notes }
    const refusal = await ctx.database.once((tx) => refusalOf(tx, chance, stay))
    if (refusal) throw refusal
    // Whoever gave the patient a bed has taken it back meanwhile.
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

function attemptAssignment(ctx: Context, resource_id: string, stay: NewStay) {
  const { patient_id } = stay
  return ctx.database.transaction(async (tx) => {
    // The patient before the resource, as bookings do.
    const [patient, , assignment, chance, now] = await Promise.all([
      tx.first(lockPatient(patient_id, ctx.reach)),
      tx.run(lockResources([resource_id])),
      tx.first(insertStay(resource_id, stay)),
      tx.first(findChance(resource_id, patient_id, readingReach(ctx))),
      tx.first(findResource(resource_id)),
    ])
    if (!chance || !now) throw new Problem(notFound, { detail: missingResource })
    if (!patient?.is_there || !patient.is_in_reach) throw new Problem(notFound, { detail: missingPatient })
    if (assignment) {
      const details = { assignment_id: assignment.id, lane: assignment.lane }
      tx.audit({ action: 'resource.assign', resource_type: 'resource', resource_id, patient_id, details })
      tx.emit({
        type: 'resource.assigned',
        subject_type: 'resource',
        subject_id: resource_id,
        patient_id,
        payload: details,
      })
      tellStatus(tx, now)
    }
    return { assignment, chance }
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
    const { released, now } = await vacate(ctx, tx, resource, stay)
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
    tellStatus(tx, now)
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
    const { released, now: left } = await vacate(ctx, tx, from, stay)
    const { patient_id } = released
    const id = randomUUIDv7()
    const { expected_release_at = stay.expected_release_at } = request
    const assigned_by = ctx.actor.user_id
    const sealed = notes === null ? nothingSealed : await sealFor(ctx, tx, patient_id, id, notes)
    const { assignment: moved, now: taken } = await occupy(ctx, tx, to.id, {
      id,
      patient_id,
      lane,
      expected_release_at,
      assigned_by,
      notes: sealed,
      moved_from_id: stay.id,
    })
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
    tellStatus(tx, left)
    tellStatus(tx, taken)
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

async function sealFor(ctx: Context, tx: Tx, patient_id: string, row_id: string, notes: string): Promise<SealedText> {
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
    const assignments = named.map(({ id, lane }) => ({ assignment_id: id, lane }))
    const holders = named.flatMap(({ id, holder }) =>
      holder === null ? [] : [{ patient_id: holder, resource_id: id }],
    )
    throw new Problem(assignmentUnclear, { assignments }).naming(...holders)
  }
  if (stay.holder === null) throw new Problem(forbidden, { detail: 'Your role does not reach the patient who has it' })
  return stay
}

/** Ends a stay in a locked resource. @throws Problem notAssigned */
async function vacate(ctx: Context, tx: Tx, { id, type }: LockedResource, stay: CurrentStay) {
  const release = tx.first(releaseStay(stay.id, ctx.actor.user_id))
  const cleaning = isCleanedAfterUse[type] ? tx.run(updateState(id, 'cleaning')) : undefined
  const [released, now] = await Promise.all([release, tx.first(findResource(id)), cleaning])
  if (!released || !now) throw new Problem(notAssigned)
  return { released, now }
}

/** Begins a stay in a locked resource. @throws Problem resourceUnavailable, patientHasBed */
async function occupy(ctx: Context, tx: Tx, resource_id: string, stay: NewStay) {
  const [assignment, chance, now] = await Promise.all([
    tx.first(insertStay(resource_id, stay)),
    tx.first(findChance(resource_id, stay.patient_id, readingReach(ctx))),
    tx.first(findResource(resource_id)),
  ])
  if (!chance || !now) throw new Problem(notFound, { detail: missingResource })
  if (assignment) return { assignment, now }
  throw (await refusalOf(tx, chance, stay)) ?? new Problem(conflict, { retry_after_seconds: 1 })
}

/** Why nothing was given, or undefined where nothing stands against it any more. */
async function refusalOf(tx: Tx, chance: Chance, { patient_id, lane }: NewStay): Promise<Problem | undefined> {
  const { bed_assignment_id, bed_id, is_readable, is_full, status } = chance
  if (bed_id !== null) {
    if (!is_readable) return new Problem(patientHasBed)
    const bed = { resource_id: bed_id, assignment_id: bed_assignment_id }
    return new Problem(patientHasBed, bed).naming({ patient_id, resource_id: bed_id })
  }
  if (!is_full && status === 'available' && lane === undefined) return undefined
  return new Problem(resourceUnavailable, { now: status, free: await tx.rows(findFree(chance, mostNamed)) })
}

/** The answer to who moved or released it: a patient whom they may not read is not named, and nothing of theirs is opened. */
function shownToWriter(ctx: Context, { is_readable }: CurrentStay, stored: StoredAssignment): Assignment {
  if (is_readable) return shownAssignment(ctx, stored)
  return { ...shownAssignment(ctx, { ...stored, sealed_notes: null }), patient_id: null, assigned_by: null }
}
