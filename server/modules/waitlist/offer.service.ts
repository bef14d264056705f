import type { Context } from '#platform/context.ts'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { bookHeldTime, keepForNextPatient, mayBookWith, slotOf } from '#modules/appointments'
import type { Calendar, Calendars } from '#modules/doctors'
import type { Appointment } from '../appointments/appointment-record.contract.ts'
import { lock } from './locked-entry.ts'
import { endOffer, findOpenOffer, type OpenOffer } from './offer.store.ts'
import { noOffer, type WaitlistEntry } from './waitlist.contract.ts'
import { waitlistEventOf, subjectOf } from './waitlist.event.ts'
import { findEntry, type StoredEntry, updateEntry } from './waitlist.store.ts'

/**
 * Makes the time that is offered the appointment. It is held for this patient, so that nobody else can have taken it; only the
 * doctor can have: it is judged by their calendar once more, and an offer that this has made void ends.
 * @throws Problem notFound, forbidden, stale, noOffer
 */
export async function acceptOffer(ctx: Context, calendars: Calendars, id: string): Promise<Appointment> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const seen = await ctx.database.once((tx) => tx.first(findEntry(id)))
    if (!seen) throw new Problem(notFound)
    const calendar = seen.offer ? await calendars.find(ctx, seen.offer.doctor_id, true) : undefined
    const answer = await ctx.database.transaction((tx) => attemptAccept(ctx, tx, id, calendar))
    if (answer === 'void') throw new Problem(noOffer, { detail: 'The doctor is not available then any more' })
    if (answer !== 'again') return answer
  }
  throw new Problem(noOffer)
}

async function attemptAccept(
  ctx: Context,
  tx: Tx,
  id: string,
  calendar: Calendar | undefined,
): Promise<Appointment | 'void' | 'again'> {
  const { entry, offer } = await lockOffered(ctx, tx, id)
  const { doctor_id, appointment_time } = offer
  if (!calendar || calendar.id !== doctor_id) return 'again'
  const slot = slotOf(calendar, appointment_time, entry.priority)
  if (!slot || !calendar.is_active || slot.ends_at !== offer.ends_at) {
    await Promise.all([handOn(tx, entry, 'void'), tx.run(updateEntry(id, 'waiting'))])
    tx.audit({ action: 'waitlist.accept', ...subjectOf(entry), outcome: 'failure', details: { void: true } })
    return 'void'
  }
  if (!mayBookWith(ctx, calendar, entry.patient_id)) {
    throw new Problem(forbidden, { detail: 'You may not book in the calendar of this doctor: reception can' })
  }
  const { patient_id, priority, kind } = entry
  const booked = await bookHeldTime(ctx, tx, {
    hold_id: offer.id,
    calendar,
    ...slot,
    doctor_id,
    patient_id,
    priority,
    kind,
  })
  if (!booked) return 'again'
  tx.audit({ action: 'waitlist.accept', ...subjectOf(entry), details: { appointment_id: booked.id } })
  tx.emit(waitlistEventOf('booked', entry, { appointment_id: booked.id, doctor_id, appointment_time }))
  await Promise.all([tx.run(endOffer(offer.id, 'accepted')), tx.run(updateEntry(id, 'booked', 0))])
  return booked
}

/** @throws Problem notFound, forbidden, stale, noOffer */
export function declineOffer(ctx: Context, id: string): Promise<WaitlistEntry> {
  return ctx.database.transaction(async (tx) => {
    const { entry } = await lockOffered(ctx, tx, id)
    tx.audit({ action: 'waitlist.decline', ...subjectOf(entry) })
    const [, , after] = await Promise.all([
      handOn(tx, entry, 'declined'),
      tx.run(updateEntry(id, 'waiting', 0)),
      tx.one(findEntry(id)),
    ])
    return after
  })
}

/** @throws Problem noOffer where none waits for an answer, or its time is over */
async function lockOffered(ctx: Context, tx: Tx, id: string): Promise<{ entry: StoredEntry; offer: OpenOffer }> {
  const entry = await lock(ctx, tx, id)
  const offer = await tx.first(findOpenOffer(id))
  if (!offer || offer.is_over) throw new Problem(noOffer)
  return { entry, offer }
}

type Offered = Pick<StoredEntry, 'id' | 'patient_id' | 'offer_id'> & {
  offer: Pick<OpenOffer, 'doctor_id' | 'appointment_time'> | null
}

/** Ends the offer, if there is one, and leaves its time to the next in line: whoever relays the event looks for them. */
export async function handOn(
  tx: Tx,
  entry: Offered,
  outcome: 'declined' | 'unanswered' | 'withdrawn' | 'void',
): Promise<void> {
  const { offer_id, offer } = entry
  if (offer_id === null || offer === null) return
  const { doctor_id, appointment_time } = offer
  tx.emit(waitlistEventOf('offer_ended', entry, { outcome, doctor_id, appointment_time, hold_id: offer_id }))
  await Promise.all([tx.run(endOffer(offer_id, outcome)), keepForNextPatient(tx, offer_id)])
}
