// Moving occurrences of a series: by as many days, to the same time of day, with their resources.
import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { conflict, Problem } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { Calendar, Calendars } from '#modules/doctors'
import { tellsNoShows } from './appointment.answer.ts'
import { resourceTaken, slotTaken } from './appointment.contract.ts'
import { eventOf } from './appointment.event.ts'
import { openKey, sealChanges, sealReason } from './appointment.sealing.ts'
import { findOccurrences, lockCalendars, type StoredOccurrence } from './appointment.store.ts'
import { assertInTime, subjectOf } from './locked.ts'
import { refusedResource } from './resources.ts'
import { type Judged, judgeTimes, refusedFor, type Wanted } from './series-judge.ts'
import { chosen, takeOccurrences } from './series-taken.ts'
import { insertChanges, moveAll, parkAll } from './series-change.store.ts'
import type { SeriesChange } from './series.contract.ts'
import { onClock } from './series-rule.ts'
import { doctorMissing, mayBookWith } from './slot-choice.ts'

type Move = NonNullable<SeriesChange['move']>
type Moved = Wanted & { known: StoredOccurrence }

/**
 * The times are judged before the rows are taken, as of a single move; whatever changed in between is noticed and judged again.
 * @throws Problem notFound, forbidden, pastCutOff, seriesOver, seriesConflicts, conflict
 */
export async function moveOccurrences(
  ctx: Context,
  calendars: Calendars,
  series_id: string,
  about: SeriesChange,
  move: Move,
): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const rows = await ctx.database.once((tx) => tx.rows(findOccurrences(series_id, tellsNoShows(ctx))))
    const all = chosen(ctx, rows, about)
    for (const one of all) assertInTime(ctx, one)
    const anchor = certain(
      rows.find(({ occurrence }) => occurrence === about.occurrence),
      'occurrence',
    )
    const groups = new Map<string, StoredOccurrence[]>()
    for (const one of all) {
      const doctor_id = move.doctor_id ?? one.doctor_id
      groups.set(doctor_id, [...(groups.get(doctor_id) ?? []), one])
    }
    const judged = []
    for (const [doctor_id, group] of groups) {
      judged.push(await judgeMove(ctx, calendars, { doctor_id, group, own: all }, anchor, move))
    }
    const conflicts = judged.flatMap((one) => one.conflicts)
    if (conflicts.length > 0) throw refusedFor(anchor.patient_id, conflicts)
    if (await attemptMoves(ctx, series_id, about, judged, move.reason ?? null)) return
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

type JudgedMove = Judged<Moved> & { calendar: Calendar }

async function judgeMove(
  ctx: Context,
  calendars: Calendars,
  { doctor_id, group, own }: { doctor_id: string; group: StoredOccurrence[]; own: readonly StoredOccurrence[] },
  anchor: StoredOccurrence,
  move: Move,
): Promise<JudgedMove> {
  const { patient_id } = anchor
  const calendar = await calendars.find(ctx, doctor_id, true)
  if (!calendar || !mayBookWith(ctx, calendar, patient_id)) throw doctorMissing()
  const wanted = group.map((known): Moved => ({ ...targetOf(known, anchor, move, calendar.timezone), known }))
  const judged = await judgeTimes(ctx, calendar, wanted, { patient_id, own: own.map(({ id }) => id) })
  return { ...judged, calendar }
}

/** Where one occurrence goes when the one that is looked at goes where it is moved. */
function targetOf(known: StoredOccurrence, anchor: StoredOccurrence, move: Move, timezone: string): Wanted {
  const wallOf = (instant: string) => Temporal.Instant.from(instant).toZonedDateTimeISO(timezone).toPlainDateTime()
  const own = wallOf(known.appointment_time)
  const { priority, resource_ids } = known
  const rest = { occurrence: certain(known.occurrence, 'occurrence'), priority, resource_ids }
  const shown = (wall: Temporal.PlainDateTime) => wall.toString({ smallestUnit: 'minute' })
  if (move.appointment_time === undefined || known.id === anchor.id) {
    const appointment_time = move.appointment_time ?? known.appointment_time
    return { ...rest, local_time: shown(wallOf(appointment_time)), appointment_time, is_skipped: false }
  }
  const [from, to] = [wallOf(anchor.appointment_time), wallOf(move.appointment_time)]
  const { days } = from.toPlainDate().until(to.toPlainDate(), { largestUnit: 'days' })
  const isSameTime = Temporal.PlainTime.compare(from.toPlainTime(), to.toPlainTime()) === 0
  const time = isSameTime ? own.toPlainTime() : to.toPlainTime()
  const wall = own.toPlainDate().add({ days }).toPlainDateTime(time)
  return { ...rest, local_time: shown(wall), ...onClock(wall, timezone) }
}

/** Whether all were moved; else nothing was. */
async function attemptMoves(
  ctx: Context,
  series_id: string,
  about: SeriesChange,
  judged: readonly JudgedMove[],
  reason: string | null,
): Promise<boolean> {
  const changed = new Error('an occurrence or a calendar is another by now')
  const work = ctx.database.transaction(async (tx) => {
    const now = await takeOccurrences(ctx, tx, series_id, about)
    const free = judged.flatMap((one) => one.free)
    const isSame = (one: StoredOccurrence) =>
      free.some(
        ({ known }) => known.id === one.id && known.version === one.version && known.patient_id === one.patient_id,
      )
    if (now.length !== free.length || !now.every(isSame)) throw changed
    for (const one of now) assertInTime(ctx, one)
    const ids = now.flatMap(({ doctor_id, patient_id, resource_ids }) => [doctor_id, patient_id, ...resource_ids])
    await tx.run(lockCalendars([...new Set([...ids, ...judged.map(({ calendar }) => calendar.id)])]))
    await applyMoves(ctx, tx, judged, reason, changed)
  })
  try {
    await work
    return true
  } catch (error) {
    if (error === changed) return false
    if (error instanceof Problem && (error.kind === slotTaken || error.kind === resourceTaken)) return false
    throw error
  }
}

async function applyMoves(
  ctx: Context,
  tx: Tx,
  judged: readonly JudgedMove[],
  reason: string | null,
  changed: Error,
): Promise<void> {
  const moves = judged.flatMap(({ calendar, free }) => free.map((one) => ({ ...one, calendar })))
  const refused = violating({ appointments_doctor_free: slotTaken, appointments_patient_free: slotTaken })
  const parked = meetEachOther(moves) && tx.run(parkAll(moves.map(({ known }) => known.id)))
  const moved = judged.map(({ calendar, free }) =>
    tx
      .rows(
        moveAll(
          calendar.id,
          calendar.version,
          free.map(({ known, slot }) => ({ id: known.id, ...slot })),
        ),
      )
      .catch(refused)
      .catch(refusedResource),
  )
  const [, ...rows] = await Promise.all([parked, ...moved])
  if (rows.flat().length < moves.length) throw changed
  const user_id = certain(ctx.actor.user_id, 'user')
  const history = moves.map(({ known, slot, calendar }) => {
    const key = openKey(ctx.system.keys.keyring, known)
    const id = randomUUIDv7()
    const sealed_reason = sealReason(key, id, reason)
    const changes = {
      appointment_time: { before: known.appointment_time, after: slot.starts_at },
      ...(calendar.id === known.doctor_id ? {} : { doctor_id: { before: known.doctor_id, after: calendar.id } }),
    }
    const { series_id, status, appointment_time: from_time, doctor_id: from_doctor_id } = known
    tx.audit({
      action: 'appointment.reschedule',
      ...subjectOf(known),
      changes: sealChanges(key, changes),
      details: { fields: Object.keys(changes), series_id },
    })
    const to = { doctor_id: calendar.id, appointment_time: slot.starts_at }
    tx.emit(eventOf('rescheduled', known, { ...to, from_doctor_id, from_time, version: known.version + 1 }))
    const about = { id, appointment_id: known.id, patient_id: known.patient_id, user_id }
    const times = { from_status: status, to_status: status, from_time, to_time: slot.starts_at }
    return { ...about, ...times, key_id: sealed_reason ? known.key_id : null, sealed_reason }
  })
  await tx.run(insertChanges(history))
}

/** Whether one goes to a time that another of them leaves only now. */
function meetEachOther(moves: readonly { known: StoredOccurrence; slot: { starts_at: string; ends_at: string } }[]) {
  return moves.some(({ known, slot }) =>
    moves.some(({ known: other }) => {
      const begin_ms = Date.parse(other.appointment_time)
      const isMet =
        Date.parse(slot.starts_at) < begin_ms + other.duration_minutes * 60_000 && begin_ms < Date.parse(slot.ends_at)
      return other.id !== known.id && isMet
    }),
  )
}
