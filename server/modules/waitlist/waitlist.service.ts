import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import { usualReach } from '#platform/emergency-reach.ts'
import { mayBookWith, patientOf, slotPriority } from '#modules/appointments'
import { bookingHorizonDays, type Calendars } from '#modules/doctors'
import { beyondHorizon, timeInPast } from '../appointments/appointment.contract.ts'
import { lock } from './locked-entry.ts'
import { handOn } from './offer.service.ts'
import { alreadyWaiting, type WaitlistEntry, type WaitlistQuery, type WaitlistRequest } from './waitlist.contract.ts'
import { waitlistEventOf, subjectOf } from './waitlist.event.ts'
import {
  countEntries,
  findEntries,
  findEntry,
  findSameEntry,
  findSpecialization,
  insertEntry,
  isBookablePatient,
  type NewEntry,
  updateEntry,
} from './waitlist.store.ts'

/** @throws Problem notFound */
export async function getEntry(ctx: Context, id: string): Promise<WaitlistEntry> {
  const entry = await ctx.reaching(usualReach(ctx)).once((tx) => tx.first(findEntry(id)))
  if (!entry) throw new Problem(notFound)
  ctx.saw({ patient_id: entry.patient_id })
  return entry
}

export async function listEntries(ctx: Context, query: WaitlistQuery) {
  const { skip, limit, cursor, ...filter } = query
  const after = decodeCursor(cursor)
  const [items, { total }] = await ctx
    .reaching(usualReach(ctx))
    .once((tx) => Promise.all([tx.rows(findEntries(filter, { skip, limit, after })), tx.one(countEntries(filter))]))
  const patient_ids = [...new Set(items.map(({ patient_id }) => patient_id))]
  ctx.saw({
    patient_id: query.patient_id,
    details: {
      count: items.length,
      filters: Object.keys(filter),
      ...(query.patient_id === undefined ? { patient_ids } : {}),
    },
  })
  const last = items.length === limit ? items.at(-1) : undefined
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor: encodeCursor(last?.id) }
}

/** @throws Problem alreadyWaiting, patientMissing, timeInPast, beyondHorizon, forbidden, notFound */
export async function joinWaitlist(
  ctx: Context,
  calendars: Calendars,
  request: WaitlistRequest,
): Promise<WaitlistEntry> {
  const patient_id = patientOf(ctx, request.patient_id)
  assertWindow(request)
  const { location, weekdays, from_date, to_date, from_time, to_time, kind } = request
  const entry: NewEntry = {
    id: randomUUIDv7(),
    patient_id,
    ...(await targetOf(ctx, calendars, request, patient_id)),
    location: location ?? null,
    from_date,
    to_date,
    weekdays: weekdays?.toSorted() ?? null,
    from_time: from_time ?? null,
    to_time: to_time ?? null,
    kind,
    priority: slotPriority(ctx, request.priority),
    created_by: certain(ctx.actor.user_id, 'user'),
  }
  const joined = await ctx.database.transaction(async (tx) => {
    const inserted = await tx.first(insertEntry(entry))
    if (!inserted) return undefined
    const { doctor_id, specialization } = entry
    tx.audit({ action: 'waitlist.join', ...subjectOf(entry), details: { doctor_id } })
    tx.emit(waitlistEventOf('joined', entry, { doctor_id, is_of_specialization: specialization !== null }))
    return tx.first(findEntry(entry.id))
  })
  if (!joined) throw await whyNot(ctx, entry)
  ctx.header('location', `/api/v1/waitlist/${joined.id}`)
  return joined
}

/** @throws Problem notFound, forbidden */
async function targetOf(
  ctx: Context,
  calendars: Calendars,
  { doctor_id, specialization = '' }: WaitlistRequest,
  patient_id: string,
): Promise<Pick<NewEntry, 'doctor_id' | 'specialization'>> {
  if (doctor_id !== undefined) {
    const calendar = await calendars.find(ctx, doctor_id, true)
    if (calendar && mayBookWith(ctx, calendar, patient_id)) return { doctor_id, specialization: null }
    throw new Problem(notFound, { detail: 'There is no active doctor with this id whose calendar you may book in' })
  }
  // A department and a doctor see who waits for them by name; the others are for reception.
  if (ctx.reach !== 'all' && patient_id !== ctx.actor.patient_id) {
    throw new Problem(forbidden, { detail: 'Give the doctor_id of one whose calendar you may book in' })
  }
  const found = await ctx.database.once((tx) => tx.first(findSpecialization(specialization)))
  if (!found) throw new Problem(notFound, { detail: 'There is no active doctor of this specialization' })
  return { doctor_id: null, ...found }
}

/** @throws Problem timeInPast, beyondHorizon */
function assertWindow({ from_date, to_date }: WaitlistRequest) {
  // Yesterday in UTC is today somewhere, and so is tomorrow.
  const today = Temporal.Now.plainDateISO('UTC')
  if (to_date < today.subtract({ days: 1 }).toString()) {
    throw new Problem(timeInPast, { detail: 'The window is over already: choose a later to_date' })
  }
  if (from_date > today.add({ days: bookingHorizonDays + 1 }).toString()) {
    throw new Problem(beyondHorizon, {
      detail: `Appointments are given up to ${bookingHorizonDays} days ahead: choose an earlier from_date`,
    })
  }
}

async function whyNot(ctx: Context, entry: NewEntry): Promise<Problem> {
  const [{ is_bookable }, same] = await ctx.database.once((tx) =>
    Promise.all([tx.one(isBookablePatient(entry.patient_id)), tx.first(findSameEntry(entry))]),
  )
  if (!is_bookable) return new Problem(notFound, { detail: 'There is no active patient with this id' })
  return new Problem(alreadyWaiting, same ? { waitlist_entry_id: same.id } : {})
}

/** @throws Problem notFound, forbidden, stale */
export function withdraw(ctx: Context, id: string): Promise<void> {
  return ctx.database.transaction(async (tx) => {
    const entry = await lock(ctx, tx, id)
    tx.audit({ action: 'waitlist.withdraw', ...subjectOf(entry), details: { from_status: entry.status } })
    if (entry.status !== 'waiting' && entry.status !== 'offered') return
    tx.emit(waitlistEventOf('withdrawn', entry))
    await Promise.all([handOn(tx, entry, 'withdrawn'), tx.run(updateEntry(id, 'withdrawn'))])
  })
}
