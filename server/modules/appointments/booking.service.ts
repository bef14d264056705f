import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { type Context, holds, reachOf } from '#platform/context.ts'
import { conflict, forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { DataKey } from '#platform/encryption/sealing.ts'
import type { Calendar, Calendars } from '#modules/doctors'
import { type AppointmentRequest, holdEnded, patientMissing, resourceTaken, slotTaken } from './appointment.contract.ts'
import type { Appointment } from './appointment-record.contract.ts'
import { eventOf } from './appointment.event.ts'
import { openKey, sealNotes } from './appointment.sealing.ts'
import { shownAppointment, tellsNoShows } from './appointment.answer.ts'
import { lockCalendars } from './appointment.store.ts'
import { type Booked, findPatientKey, insertAppointments, type NewAppointment } from './booking.store.ts'
import { convertHold, findOwnHold } from './hold.store.ts'
import { findRefusal } from './refusal.ts'
import { assertMayTake, keepOnly, refusedResource, reserveFor, resourcesTaken } from './resources.ts'
import { type AskedSlot, findSlot, mayBookWith } from './slot-choice.ts'

export type Asked = Omit<AppointmentRequest, 'patient_id'> & { patient_id: string }

/**
 * Books one of a doctor's slots, in one round trip where nothing has to be sealed and nothing stands in the way.
 * @throws Problem as `slotRefusals`, and patientMissing, forbidden, holdEnded, resourceTaken, resourceUnknown
 */
export async function bookAppointment(
  ctx: Context,
  calendars: Calendars,
  request: AppointmentRequest,
): Promise<Appointment> {
  const asked = { ...request, patient_id: patientOf(ctx, request.patient_id) }
  assertMayTake(ctx, asked.resource_ids)
  const key = request.reason || request.notes || request.overbook ? await findKey(ctx, asked.patient_id) : undefined

  // Each attempt that is lost to somebody else's overbooking leaves one lane fewer.
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const { calendar, slot } = await findSlot(ctx, calendars, asked, attempt > 1)
    if (asked.overbook) assertMayOverbook(ctx, calendar, asked.patient_id)
    const booked = await attemptBooking(ctx, calendar, asked, slot, key)
    if (typeof booked === 'object') {
      ctx.header('location', `/api/v1/appointments/${booked.id}`)
      return booked
    }
    if (booked === 'resource_taken')
      throw await resourcesTaken(ctx, calendar, slot, asked.resource_ids ?? [], asked.priority)
    if (asked.hold_id) await assertHeld(ctx, asked, asked.hold_id)
    const how = { own: asked.hold_id, overbooks: asked.overbook !== undefined, priority: asked.priority }
    const refusal = await findRefusal(ctx, calendar, { ...asked, ...slot }, how)
    if (refusal) throw refusal
    // Nothing stands in the way any more: the calendar was an old one, or the time has become free.
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

/** For whom it is. @throws Problem patientMissing, notFound */
export function patientOf({ actor }: Context, patient_id = actor.patient_id): string {
  if (patient_id === undefined) throw new Problem(patientMissing)
  // Whoever may not find a patient cannot book for one: patients book for themselves.
  if (patient_id !== actor.patient_id && !holds(actor, 'patients:find')) throw new Problem(notFound)
  return patient_id
}

function assertMayOverbook(ctx: Context, calendar: Calendar, patient_id: string) {
  const reach = reachOf(ctx.actor, 'appointments:overbook')
  if (reach === undefined || !mayBookWith({ ...ctx, reach }, calendar, patient_id)) {
    throw new Problem(forbidden, { detail: 'Your role does not allow overbooking: choose a free time' })
  }
}

/** @throws Problem holdEnded where the caller does not hold this time */
async function assertHeld(ctx: Context, { doctor_id, appointment_time }: Asked, hold_id: string) {
  const user_id = certain(ctx.actor.user_id, 'user')
  const held = await ctx.database.once((tx) => tx.first(findOwnHold(hold_id, doctor_id, appointment_time, user_id)))
  if (!held) throw new Problem(holdEnded)
}

async function attemptBooking(
  ctx: Context,
  calendar: Calendar,
  asked: Asked,
  slot: AskedSlot,
  key: DataKey | undefined,
): Promise<Appointment | 'taken' | 'resource_taken'> {
  const { actor, system } = ctx
  const { patient_id, doctor_id, kind, priority, hold_id, overbook, resource_ids } = asked
  const { reason = null, notes = null } = asked
  const id = hold_id ?? randomUUIDv7()
  const told = { reason, notes, cancel_reason: null, overbook_reason: overbook?.reason ?? null }
  const values: NewAppointment = {
    id,
    patient_id,
    doctor_id,
    kind,
    priority,
    ...slot,
    calendar_version: calendar.version,
    takes_anyone: actor.doctor_id === doctor_id,
    key_id: key?.id ?? null,
    sealed_notes: key ? sealNotes(key, id, told) : null,
    created_by: certain(actor.user_id, 'user'),
    day: Temporal.Now.plainDateISO(system.configuration.timezone).toString(),
    overbooks: overbook !== undefined,
    tells_no_shows: tellsNoShows(ctx),
  }
  const details =
    overbook || hold_id ? { ...(overbook && { overbooks: true }), ...(hold_id && { held: true }) } : undefined
  const entry = ctx.completed({
    action: 'appointment.book',
    resource_type: 'appointment',
    resource_id: id,
    patient_id,
    details,
  })
  const event = eventOf('booked', { id, patient_id }, { doctor_id, appointment_time: slot.starts_at, version: 1 })

  const isAlone = hold_id !== undefined || (resource_ids !== undefined && resource_ids.length > 0)
  const write = async (tx: Tx): Promise<(Booked & { resource_ids?: string[] }) | undefined> => {
    const booking = { appointment: values, entry, event }
    // Which lane is free is judged before any of a crowd is booked.
    if (!isAlone && !overbook) return tx.among(insertAppointments, booking)
    // A hold may get its patient only now, and two that give it one would otherwise wait for each other.
    const locked = hold_id ? tx.run(lockCalendars([patient_id])) : undefined
    const written = hold_id
      ? tx.first(convertHold(values, entry, event)).catch(violating({ appointments_patient_free: slotTaken }))
      : tx.first(insertAppointments([booking]))
    const kept = hold_id && resource_ids ? tx.run(keepOnly(id, resource_ids, values.created_by)) : undefined
    const reserved = resource_ids ? reserveFor(tx, id, resource_ids, values.created_by) : undefined
    const [, booked] = await Promise.all([locked, written.catch(refusedResource), kept, reserved])
    return booked
  }
  try {
    const booked = await (isAlone ? ctx.database.once(write) : ctx.database.together(write))
    if (!booked) return 'taken'
    const duration_minutes = (Date.parse(slot.ends_at) - Date.parse(slot.starts_at)) / 60_000
    const { created_by } = values
    const had = resource_ids?.toSorted() ?? booked.resource_ids ?? []
    const none = { series_id: null, occurrence: null, sealed_notes: null, key_id: null, kek_id: null, wrapped: null }
    const shown = { id, patient_id, doctor_id, appointment_time: slot.starts_at, duration_minutes, kind, priority }
    return shownAppointment(ctx, { ...shown, ...none, ...booked, created_by, resource_ids: had }, told)
  } catch (error) {
    if (error instanceof Problem && error.kind === slotTaken) return 'taken'
    if (error instanceof Problem && error.kind === resourceTaken) return 'resource_taken'
    throw error
  }
}

/** Booking for somebody found is what makes the record reachable, so the key is taken from where people are found. */
export async function findKey(ctx: Context, patient_id: string): Promise<DataKey> {
  const database = patient_id === ctx.actor.patient_id || ctx.reach === 'all' ? ctx.database : ctx.reaching('find')
  const stored = await database.once((tx) => tx.first(findPatientKey(patient_id)))
  const key = stored && openKey(ctx.system.keys.keyring, stored)
  if (!key) throw new Problem(notFound, { detail: 'There is no active patient with this id' })
  return key
}
