import { randomUUIDv7 } from 'node:crypto'
import { type Context, holds } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { resourceUnavailable } from './assignment.contract.ts'
import { findPatientKey, lockPatient } from './assignment.store.ts'
import { readingReach } from './reading-reach.ts'
import {
  ofAppointment,
  type Reservation,
  type ReservationQuery,
  type ReservationRequest,
} from './reservation.contract.ts'
import {
  cancelReservation,
  countReservations,
  endHolds,
  findFreeFor,
  findReservation,
  findReservations,
  insertReservation,
  type StoredReservation,
} from './reservation.store.ts'
import { nothingSealed, openKey, openText, sealText, type SealedText } from './resource.sealing.ts'
import { findResource, lockResources } from './resource.store.ts'

/** How many others a refusal names. */
const mostNamed = 5

function shownReservation(ctx: Context, stored: StoredReservation): Reservation {
  const { sealed_purpose, key_id, kek_id, wrapped, ...shown } = stored
  const key = { key_id, kek_id, wrapped }
  const opened = openText(ctx.system.keys.keyring, 'purpose', stored.id, sealed_purpose, key)
  return { ...shown, purpose: shown.purpose ?? opened }
}

/** Standing ones, named as far as the caller reads patients. @throws Problem notFound */
export async function listReservations(ctx: Context, resource_id: string, query: ReservationQuery) {
  const { skip, limit, cursor, to } = query
  const after = decodeTimeCursor(cursor)
  const filter = { resource_id, from: query.from ?? Temporal.Now.instant().toString(), to }
  assertOrder(filter)
  const [resource, stored, counted] = await ctx
    .reaching(readingReach(ctx))
    .once((tx) =>
      Promise.all([
        tx.first(findResource(resource_id)),
        tx.rows(findReservations(filter, { skip, limit, after })),
        tx.first(countReservations(filter)),
      ]),
    )
  if (!resource) throw new Problem(notFound)
  const items = stored.map((row) => shownReservation(ctx, row))
  const patient_ids = [...new Set(items.flatMap(({ patient_id }) => patient_id ?? []))]
  ctx.saw({ details: { count: items.length, patient_ids } })
  const last = items.at(-1)
  return {
    items,
    total: counted?.total ?? 0,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: last && items.length === limit ? encodeCursor(`${last.starts_at} ${last.id}`) : null,
  }
}

function assertOrder({ from, to }: { from: string; to: string | undefined }) {
  if (to === undefined || Date.parse(from) < Date.parse(to)) return
  const message = 'Must be after from, which is now unless given'
  throw new Problem(invalidRequest, { errors: [{ path: '/query/to', code: 'custom', message }] })
}

/** @throws Problem notFound, resourceUnavailable, invalidRequest for a time that is over */
export function createReservation(
  ctx: Context,
  resource_id: string,
  request: ReservationRequest,
): Promise<Reservation> {
  const { patient_id, purpose = null, starts_at, ends_at, lane } = request
  if (Date.parse(ends_at) <= Temporal.Now.instant().epochMilliseconds) {
    const message = 'Must be in the future'
    throw new Problem(invalidRequest, { errors: [{ path: '/body/ends_at', code: 'custom', message }] })
  }
  return ctx.database.transaction(async (tx) => {
    const id = randomUUIDv7()
    // The patient before the resource, as bookings do.
    const sealed = patient_id === undefined ? nothingSealed : await sealFor(ctx, tx, patient_id, id, purpose)
    const resource = await tx.first(lockResources([resource_id]))
    if (!resource) throw new Problem(notFound, { detail: 'There is no resource with this id' })
    const asked = {
      id,
      lane,
      starts_at,
      ends_at,
      patient_id,
      purpose: patient_id === undefined ? purpose : null,
      sealed,
      created_by: ctx.actor.user_id,
    }
    const [, reserved] = await Promise.all([
      tx.run(endHolds(resource_id, starts_at, ends_at)),
      tx.first(insertReservation(resource, asked)),
    ])
    if (!reserved) {
      const free = await tx.rows(findFreeFor(resource, asked, mostNamed))
      const detail = 'This resource cannot be had at that time: choose another time, or one of free'
      throw new Problem(resourceUnavailable, { detail, free })
    }
    const details = { reservation_id: id, lane: reserved.lane }
    tx.audit({ action: 'resource.reserve', resource_type: 'resource', resource_id, patient_id, details })
    tx.emit({
      type: 'resource.reserved',
      subject_type: 'resource',
      subject_id: resource_id,
      patient_id,
      payload: { ...details, starts_at, ends_at },
    })
    return { ...shownReservation(ctx, { ...reserved, sealed_purpose: null }), purpose }
  })
}

/** @throws Problem notFound, forbidden, ofAppointment */
export function cancelOne(ctx: Context, resource_id: string, id: string): Promise<Reservation> {
  return ctx.database.transaction(async (tx) => {
    const [, known] = await Promise.all([
      tx.run(lockResources([resource_id])),
      tx.first(findReservation(resource_id, id, readingReach(ctx))),
    ])
    if (!known) throw new Problem(notFound)
    const { is_in_reach, is_readable, ...stored } = known
    if (!is_in_reach) throw new Problem(forbidden, { detail: 'Your role does not reach the patient whom it is for' })
    if (stored.appointment_id !== null)
      throw new Problem(ofAppointment, is_readable ? { appointment_id: stored.appointment_id } : {})
    const cancelled =
      stored.cancelled_at === null ? await tx.first(cancelReservation(id, ctx.actor.user_id)) : undefined
    const { patient_id, lane } = stored
    const details = { reservation_id: id, lane }
    tx.audit({
      action: 'resource.cancel_reservation',
      resource_type: 'resource',
      resource_id,
      patient_id: patient_id ?? undefined,
      details,
    })
    if (cancelled) {
      tx.emit({
        type: 'resource.reservation_cancelled',
        subject_type: 'resource',
        subject_id: resource_id,
        patient_id: patient_id ?? undefined,
        payload: details,
      })
    }
    const after = { ...stored, ...cancelled }
    if (is_readable) return shownReservation(ctx, after)
    return { ...shownReservation(ctx, { ...after, sealed_purpose: null }), patient_id: null, created_by: null }
  })
}

/** Sees to it that the patient can be reserved for, and seals what for. */
async function sealFor(
  ctx: Context,
  tx: Tx,
  patient_id: string,
  row_id: string,
  purpose: string | null,
): Promise<SealedText> {
  const missing = new Problem(notFound, { detail: 'There is no active patient with this id' })
  if (!holds(ctx.actor, 'patients:find')) throw missing
  const [patient, stored] = await Promise.all([
    tx.first(lockPatient(patient_id, ctx.reach)),
    tx.first(findPatientKey(patient_id)),
  ])
  const key = stored && openKey(ctx.system.keys.keyring, stored)
  if (!patient?.is_there || !patient.is_in_reach || !key) throw missing
  return purpose === null ? nothingSealed : sealText(key, 'purpose', row_id, purpose)
}
