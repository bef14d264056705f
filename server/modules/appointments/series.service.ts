// Booking and reading series.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { conflict, invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import type { DataKey } from '#platform/encryption/sealing.ts'
import type { Calendar, Calendars } from '#modules/doctors'
import { openedAppointment, shownAppointment, tellsNoShows } from './appointment.answer.ts'
import { resourceTaken } from './appointment.contract.ts'
import { eventOf } from './appointment.event.ts'
import { sealNotes } from './appointment.sealing.ts'
import { findOccurrences, lockCalendars } from './appointment.store.ts'
import { findKey, patientOf } from './booking.service.ts'
import { mostOccurrences, readRecurrence } from './recurrence.contract.ts'
import { assertMayTake, refusedResource } from './resources.ts'
import {
  type BookedSeries,
  type Series,
  type SeriesPlan,
  type SeriesPlanRequest,
  type SeriesRequest,
} from './series.contract.ts'
import { type Judged, judgeTimes, refusedFor, type Wanted } from './series-judge.ts'
import { expandSeries, type Occurrence } from './series-rule.ts'
import { findSeries, insertSeries, type NewSeries, reserveForAll } from './series.store.ts'
import { seriesVersion } from './series-taken.ts'
import { doctorMissing, mayBookWith } from './slot-choice.ts'
import { another, mostLooks, mostWaits, tryFor } from './turns.ts'

type Asked = Omit<SeriesRequest, 'patient_id'> & { patient_id: string }

/** @throws Problem notFound, patientMissing, notAccepting, forbidden, invalidRequest, resourceUnknown */
export async function planSeries(ctx: Context, calendars: Calendars, request: SeriesPlanRequest): Promise<SeriesPlan> {
  const patient_id = patientOf(ctx, request.patient_id)
  assertMayTake(ctx, request.resource_ids)
  const { occurrences, judged } = await judge(ctx, calendars, { ...request, patient_id })
  const conflicting = new Set(judged.conflicts.map(({ occurrence }) => occurrence))
  ctx.saw({ patient_id, details: { count: occurrences.length } })
  return {
    occurrences: occurrences.map(({ occurrence, local_time, appointment_time }) => {
      return { occurrence, local_time, appointment_time, is_free: !conflicting.has(occurrence) }
    }),
    conflicts: judged.conflicts,
  }
}

/**
 * Books all of it or nothing; with `skip_conflicts` all that can be had when it is asked for, if that is anything.
 * @throws Problem as planSeries, and seriesConflicts
 */
export async function bookSeries(ctx: Context, calendars: Calendars, request: SeriesRequest): Promise<BookedSeries> {
  const asked = { ...request, patient_id: patientOf(ctx, request.patient_id) }
  assertMayTake(ctx, asked.resource_ids)
  for (let look = 1; look <= mostLooks; look += 1) {
    const { calendar, judged } = await judge(ctx, calendars, asked)
    const { free, conflicts } = judged
    if (free.length === 0 || (conflicts.length > 0 && !asked.skip_conflicts))
      throw refusedFor(asked.patient_id, conflicts)
    const key = asked.reason || asked.notes ? await findKey(ctx, asked.patient_id) : undefined
    const other = look <= mostWaits && another(asked.doctor_id)
    if (other) {
      await other
      continue
    }
    const booked = await tryFor(asked.doctor_id, attemptSeries(ctx, calendar, asked, free, key))
    if (booked) {
      ctx.header('location', `/api/v1/appointments/series/${booked.id}`)
      return { ...booked, skipped: conflicts }
    }
    // Somebody was faster, or the calendar is another by now: what stands in the way is found anew.
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

async function judge(
  ctx: Context,
  calendars: Calendars,
  asked: SeriesPlanRequest & { patient_id: string },
): Promise<{ calendar: Calendar; occurrences: Occurrence[]; judged: Judged<Wanted> }> {
  const { patient_id, priority, resource_ids = [] } = asked
  const calendar = await calendars.find(ctx, asked.doctor_id, true)
  if (!calendar || !mayBookWith(ctx, calendar, patient_id)) throw doctorMissing()
  const occurrences = expand(asked, calendar.timezone)
  const wanted = occurrences.map((one): Wanted => ({ ...one, priority, resource_ids }))
  return { calendar, occurrences, judged: await judgeTimes(ctx, calendar, wanted, { patient_id }) }
}

/** @throws Problem invalidRequest that names the member */
function expand({ rrule, appointment_time }: SeriesPlanRequest, timezone: string): Occurrence[] {
  const expanded = expandSeries(
    readRecurrence(rrule),
    Temporal.Instant.from(appointment_time).toZonedDateTimeISO(timezone),
  )
  if (typeof expanded === 'object') return expanded
  throw new Problem(invalidRequest, {
    errors: [
      expanded === 'not_first'
        ? { path: '/body/appointment_time', code: expanded, message: 'Must be the first time that rrule gives' }
        : { path: '/body/rrule', code: expanded, message: `Must have at most ${mostOccurrences} occurrences` },
    ],
  })
}

async function attemptSeries(
  ctx: Context,
  calendar: Calendar,
  asked: Asked,
  free: Judged<Wanted>['free'],
  key: DataKey | undefined,
): Promise<Series | undefined> {
  const { patient_id, doctor_id, kind, priority, rrule, reason = null, notes = null, resource_ids = [] } = asked
  const created_by = certain(ctx.actor.user_id, 'user')
  const told = { reason, notes, cancel_reason: null, overbook_reason: null }
  const id = randomUUIDv7()
  const appointments = free.map(({ occurrence, slot }) => {
    const appointment_id = randomUUIDv7()
    const sealed_notes = key ? sealNotes(key, appointment_id, told) : null
    return { id: appointment_id, occurrence, ...slot, sealed_notes }
  })
  const series: NewSeries = {
    id,
    patient_id,
    doctor_id,
    kind,
    priority,
    rrule,
    starts_at: asked.appointment_time,
    timezone: calendar.timezone,
    calendar_version: calendar.version,
    takes_anyone: ctx.actor.doctor_id === doctor_id,
    key_id: key?.id ?? null,
    created_by,
    day: Temporal.Now.plainDateISO(ctx.system.configuration.timezone).toString(),
    tells_no_shows: tellsNoShows(ctx),
    appointments,
  }
  const missing = new Error('a time was taken')
  const work = ctx.database.transaction(async (tx) => {
    const ids = appointments.map((one) => one.id)
    const [, rows] = await Promise.all([
      tx.run(lockCalendars([...new Set([doctor_id, patient_id, ...resource_ids])])),
      tx.rows(insertSeries(series)),
      resource_ids.length > 0 && tx.run(reserveForAll(ids, resource_ids, created_by)).catch(refusedResource),
    ])
    if (rows.length < appointments.length) throw missing
    for (const { id: resource_id, starts_at } of appointments) {
      tx.audit({
        action: 'appointment.book',
        resource_type: 'appointment',
        resource_id,
        patient_id,
        details: { series_id: id },
      })
      tx.emit(
        eventOf(
          'booked',
          { id: resource_id, patient_id },
          { doctor_id, appointment_time: starts_at, version: 1, series_id: id },
        ),
      )
    }
    return rows
  })
  const booked = await work.catch((error: unknown) => {
    if (error === missing || (error instanceof Problem && error.kind === resourceTaken)) return undefined
    throw error
  })
  if (!booked) return undefined
  const none = { sealed_notes: null, key_id: null, kek_id: null, wrapped: null }
  const occurrences = booked.map((row, at) => {
    const { starts_at, ends_at } = certain(appointments[at], 'occurrence')
    const duration_minutes = (Date.parse(ends_at) - Date.parse(starts_at)) / 60_000
    const shown = { patient_id, doctor_id, appointment_time: starts_at, duration_minutes, kind, priority, created_by }
    return shownAppointment(
      ctx,
      { ...shown, ...none, ...row, series_id: id, resource_ids: resource_ids.toSorted() },
      told,
    )
  })
  const { timezone, starts_at } = series
  const created_at = certain(occurrences[0], 'occurrence').created_at
  return {
    id,
    patient_id,
    doctor_id,
    rrule,
    starts_at,
    timezone,
    created_by,
    created_at,
    version: seriesVersion(occurrences),
    occurrences,
  }
}

/** @throws Problem notFound */
export async function getSeries(ctx: Context, id: string): Promise<Series> {
  const [series, stored] = await ctx.database.once((tx) =>
    Promise.all([tx.first(findSeries(id)), tx.rows(findOccurrences(id, tellsNoShows(ctx)))]),
  )
  if (!series) throw new Problem(notFound)
  ctx.saw({ resource_id: id, patient_id: series.patient_id, details: { count: stored.length } })
  return {
    ...series,
    version: seriesVersion(stored),
    occurrences: stored.map((one) => {
      const { department_id: _, timezone: _zone, ...appointment } = one
      return openedAppointment(ctx, appointment)
    }),
  }
}
