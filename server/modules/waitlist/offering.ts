// Offers freed times to those who wait. Only the relay of events offers, one server at a time; the offer, its held time, its mail and
// how far the relay has come commit together. Who does not answer, declines or withdraws leaves the time to the next by an event.
import type { System } from '#platform/context.ts'
import type { Database, Tx } from '#platform/database/transaction.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import type { FollowedEvent } from '#platform/events/follower.ts'
import { queueMail } from '#platform/mail/queue.ts'
import { mailLanguage } from '#platform/mail/templates.ts'
import { giveBackKept, holdForPatient } from '#modules/appointments'
import {
  bookingHorizonDays,
  type Calendar,
  coversTime,
  instantText,
  lockFreeSlots,
  type TimeRange,
  type WorkingHours,
} from '#modules/doctors'
import { findRecipient, quietHours, type Recipient } from '#modules/notifications'
import { tryEmailOf } from '#modules/patients'
import { handOn } from './offer.service.ts'
import { offerTime, type OfferTime } from './offer-time.ts'
import {
  type Candidate,
  findSuiting,
  type FreeTime,
  insertOffer,
  isWaitedFor,
  lockCandidates,
  lockUnanswered,
  type NewOffer,
} from './offer.store.ts'
import { mostUnanswered } from './waitlist.contract.ts'
import { waitlistEventOf, subjectOf } from './waitlist.event.ts'
import { lockOver, updateEntry } from './waitlist.store.ts'

/** What may free a time. */
export const freeingTypes = [
  'appointment.cancelled',
  'appointment.rescheduled',
  'hold.ended',
  'doctor.time_off_removed',
  'doctor.schedule_changed',
  'doctor.updated',
  'waitlist.offer_ended',
]

type Parts = Pick<System, 'keys' | 'configuration'>

/** As many are tried for one time: of those whom it suits, nearly always the first can have it. */
const mostTried = 20
/** The time stays held for a while after the offer has ended, so that it can be handed on before anybody else takes it. */
const handOverMinutes = 5
/** As many rows in one transaction. */
const atOnce = 50

/** Offers what these events have freed, in their order, each time to the first whom it suits. */
export async function offerFreed(tx: Tx, system: Parts, events: readonly FollowedEvent[]): Promise<void> {
  for (const event of events) {
    const freed = freedBy(event)
    if (!freed) continue
    const { doctor_id, hold_id, hours_before, ...time } = freed
    const [waited] = await Promise.all([tx.first(isWaitedFor(doctor_id)), hold_id && giveBackKept(tx, hold_id)])
    if (!waited?.is_waited_for) continue
    const free = await lockFreeSlots(tx, doctor_id, time)
    if (!free) continue
    const { calendar, slots } = free
    const times = slots
      .filter((slot) => !hours_before || !coversTime(hours_before, calendar.timezone, slot))
      .map(({ starts_at_ms, ends_at_ms, ...rest }): FreeTime => {
        return { ...rest, doctor_id, starts_at: instantText(starts_at_ms), ends_at: instantText(ends_at_ms) }
      })
    await offerEach(tx, system, calendar, times, waited)
  }
}

/** Of a whole week that has become free most times suit nobody: these are passed over together. */
async function offerEach(tx: Tx, system: Parts, calendar: Calendar, times: FreeTime[], waited: { now: string }) {
  for (let ahead = times; ahead.length > 0;) {
    const next = await tx.first(findSuiting(calendar.id, ahead))
    const time = next && ahead[next.at]
    if (!time) return
    await offer(tx, system, calendar, time, waited)
    ahead = ahead.slice(next.at + 1)
  }
}

type Freed = TimeRange & {
  doctor_id: string
  hold_id?: string | undefined
  /** Only what lies outside them is new. */
  hours_before?: readonly WorkingHours[]
}

/** Undefined for what frees nothing that can still be given. */
function freedBy({ type, subject_id, payload }: FollowedEvent): Freed | undefined {
  const text = (name: string) => (typeof payload[name] === 'string' ? payload[name] : '')
  if (type === 'doctor.schedule_changed' || type === 'doctor.updated') {
    if (!Array.isArray(payload['hours_before'])) return undefined
    const starts_at_ms = Temporal.Now.instant().epochMilliseconds
    const ends_at_ms = starts_at_ms + bookingHorizonDays * 86_400_000
    return { doctor_id: subject_id, starts_at_ms, ends_at_ms, hours_before: payload['hours_before'] as WorkingHours[] }
  }
  const isTimeOff = type === 'doctor.time_off_removed'
  const isMove = type === 'appointment.rescheduled'
  const doctor_id = isTimeOff ? subject_id : text(isMove ? 'from_doctor_id' : 'doctor_id')
  const starts_at_ms = Date.parse(text(isTimeOff ? 'starts_at' : isMove ? 'from_time' : 'appointment_time'))
  // What was booked is a slot of the calendar: the one that lies there is looked for.
  const ends_at_ms = isTimeOff ? Date.parse(text('ends_at')) : starts_at_ms + 1
  if (doctor_id === '' || Number.isNaN(starts_at_ms) || Number.isNaN(ends_at_ms)) return undefined
  return { doctor_id, starts_at_ms, ends_at_ms, hold_id: type === 'waitlist.offer_ended' ? text('hold_id') : undefined }
}

async function offer(tx: Tx, system: Parts, calendar: Calendar, time: FreeTime, { now }: { now: string }) {
  // What begins too soon for whoever could be told at once is too soon for all.
  if (!offerTime(now, time.starts_at, undefined, system.configuration.timezone)) return
  for (const candidate of await tx.rows(lockCandidates(time, mostTried))) {
    const recipient = await tx.first(findRecipient(candidate.patient_id))
    const address = recipient && addressOf(tx, system, recipient)
    if (address && (await offerTo(tx, system, calendar, time, { now, candidate, recipient, ...address }))) return
  }
}

/** Undefined for whom nobody could reach, as the record cannot be read: the next in line have the time, and these wait on. */
function addressOf(tx: Tx, { keys }: Parts, recipient: Recipient): { email: string | null } | undefined {
  const known = tryEmailOf(keys.keyring, recipient)
  if (known instanceof IntegrityError) {
    const { where, row_id } = known
    const details = { operation: 'waitlist.offer', where, row_id }
    const patient_id = recipient.id
    tx.audit({ action: 'integrity.failed', resource_type: 'record', patient_id, outcome: 'failure', details })
  }
  return known instanceof Error ? undefined : known
}

type To = { now: string; candidate: Candidate; recipient: Recipient; email: string | null }

/** False where the time or the patient is not free after all. */
async function offerTo(
  tx: Tx,
  system: Parts,
  calendar: Calendar,
  time: FreeTime,
  { now, candidate, recipient, email }: To,
): Promise<boolean> {
  const { timezone } = system.configuration
  const when = offerTime(now, time.starts_at, quietHours(recipient, timezone), timezone)
  if (!when) return false
  const { doctor_id, starts_at, ends_at } = time
  const { id: entry_id, patient_id, priority } = candidate
  const minutes = (Date.parse(when.expires_at) - Date.parse(now)) / 60_000 + handOverMinutes
  const id = await holdForPatient(tx, system, {
    doctor_id,
    starts_at,
    ends_at,
    patient_id,
    priority,
    minutes,
    calendar_version: calendar.version,
    reason: { action: 'waitlist.offer', resource_type: 'waitlist_entry', resource_id: entry_id },
  })
  if (id === undefined) return false
  const offered = { appointment_time: starts_at, timezone: calendar.timezone, ...when }
  const told = await tell(tx, system, recipient, email, offered)
  const { expires_at } = when
  tx.emit(
    waitlistEventOf('offered', { id: entry_id, patient_id }, { doctor_id, appointment_time: starts_at, expires_at }),
  )
  await Promise.all([
    tx.run(insertOffer({ id, entry_id, patient_id, doctor_id, starts_at, ends_at, expires_at, ...told })),
    tx.run(updateEntry(entry_id, 'offered')),
  ])
  return true
}

async function tell(
  tx: Tx,
  system: Parts,
  recipient: Recipient,
  address: string | null,
  { tell_at, ...data }: OfferTime & { appointment_time: string; timezone: string },
): Promise<Pick<NewOffer, 'mail_id' | 'not_told'>> {
  const { configuration } = system
  if (recipient.email === false) return { mail_id: null, not_told: 'not_wanted' }
  if (address === null) return { mail_id: null, not_told: 'no_address' }
  const mail_id = await queueMail(tx, system, {
    template: 'waitlist_offer',
    to: address,
    patient_id: recipient.id,
    language: mailLanguage(recipient.preferred_language ?? configuration.language),
    data: { ...data, link: new URL('/waitlist', configuration.public_url).href },
    after: tell_at,
  })
  return { mail_id, not_told: null }
}

/** Ends offers that nobody answered, and entries whose window is over. Any server may do it, several at once. */
export async function endWhatIsOver(database: Database, signal?: AbortSignal): Promise<number> {
  let ended = 0
  for (const end of [endUnanswered, endWindows]) {
    for (let count = atOnce; count === atOnce && !signal?.aborted;) {
      count = await database.transaction(end)
      ended += count
    }
  }
  return ended
}

async function endUnanswered(tx: Tx): Promise<number> {
  const offers = await tx.rows(lockUnanswered(atOnce))
  for (const offer of offers) {
    const { id: offer_id, entry_id: id, patient_id } = offer
    const unanswered = offer.unanswered + 1
    const isEnd = unanswered >= mostUnanswered
    tx.audit({ action: 'waitlist.offer_end', ...subjectOf({ id, patient_id }), details: { unanswered } })
    if (isEnd) tx.emit(waitlistEventOf('expired', { id, patient_id }, { unanswered }))
    await Promise.all([
      handOn(tx, { id, patient_id, offer_id, offer }, 'unanswered'),
      tx.run(updateEntry(id, isEnd ? 'expired' : 'waiting', unanswered)),
    ])
  }
  return offers.length
}

async function endWindows(tx: Tx): Promise<number> {
  const entries = await tx.rows(lockOver(atOnce))
  for (const entry of entries) {
    tx.audit({ action: 'waitlist.end', ...subjectOf(entry) })
    tx.emit(waitlistEventOf('expired', entry))
    await tx.run(updateEntry(entry.id, 'expired'))
  }
  return entries.length
}
