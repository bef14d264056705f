import type { Context } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { findInReach, hasEmergencyReach, usualReach } from '#platform/emergency-reach.ts'
import type { Calendars } from '#modules/doctors'
import type { Appointment, AppointmentChange, AppointmentQuery } from './appointment-record.contract.ts'
import { openedAppointment, tellsNoShows } from './appointment.answer.ts'
import { openKey, openReason } from './appointment.sealing.ts'
import {
  countAppointments,
  type Filter,
  findAppointment,
  findAppointments,
  findHistory,
  isPatientInReach,
} from './appointment.store.ts'

export async function getAppointment(ctx: Context, id: string): Promise<Appointment> {
  const { found } = await findInReach(ctx, (database) =>
    database.once((tx) => tx.first(findAppointment(id, tellsNoShows(ctx)))),
  )
  ctx.saw({ patient_id: found.patient_id })
  return openedAppointment(ctx, found)
}

export async function getHistory(ctx: Context, id: string): Promise<{ items: AppointmentChange[] }> {
  const { found } = await findInReach(ctx, (database) =>
    database.once(async (tx) => {
      const [stored, changes] = await Promise.all([tx.first(findAppointment(id)), tx.rows(findHistory(id))])
      return stored && { stored, changes }
    }),
  )
  const { stored, changes } = found
  ctx.saw({ patient_id: stored.patient_id })
  const items = changes.map(({ key_id, kek_id, wrapped, sealed_reason, ...change }) => {
    const key = sealed_reason ? openKey(ctx.system.keys.keyring, { key_id, kek_id, wrapped }) : undefined
    return { ...change, reason: openReason(key, change.id, sealed_reason) }
  })
  return { items }
}

/** Appointments in the caller's reach. @throws Problem forbidden for who asks by what they are not told */
export async function listAppointments(ctx: Context, query: AppointmentQuery) {
  const { skip, limit } = query
  if (query.overbooked !== undefined && !tellsNoShows(ctx)) {
    throw new Problem(forbidden, { detail: 'Who is overbooked is told to those who book for others: leave it out' })
  }
  const after = decodeTimeCursor(query.cursor)
  const overbooked = query.overbooked ? { but_of: ctx.actor.patient_id ?? null } : undefined
  const filter = { ...filterOf(query, ctx.system.configuration.timezone), overbooked }
  const database = query.patient_id === undefined ? ctx.reaching(usualReach(ctx)) : ctx.database
  const [stored, { total }] = await database.once((tx) =>
    Promise.all([
      tx.rows(findAppointments(filter, { skip, limit, after }, tellsNoShows(ctx))),
      tx.one(countAppointments(filter)),
    ]),
  )
  const last = stored.at(-1)
  const filters = Object.keys(query).filter((name) => !['skip', 'limit', 'cursor'].includes(name))
  const patient_ids = [...new Set(stored.map(({ patient_id }) => patient_id))]
  ctx.saw({
    patient_id: query.patient_id,
    details: { count: stored.length, filters, ...(query.patient_id === undefined ? { patient_ids } : {}) },
  })
  if (query.patient_id !== undefined && hasEmergencyReach(ctx)) await markGlass(ctx, query.patient_id, filter)
  return {
    items: stored.map((row) => openedAppointment(ctx, row)),
    total,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: last && stored.length === limit ? encodeCursor(`${last.appointment_time} ${last.id}`) : null,
  }
}

/** Marks a list of one patient that would be another without emergency access. */
async function markGlass(ctx: Context, patient_id: string, filter: Filter) {
  const ask = (tx: Tx) => Promise.all([tx.first(isPatientInReach(patient_id)), tx.one(countAppointments(filter))])
  const [[known, counted], [usuallyKnown, usuallyCounted]] = await Promise.all([
    ctx.database.once(ask),
    ctx.reaching(usualReach(ctx)).once(ask),
  ])
  if (known?.id !== usuallyKnown?.id || counted.total !== usuallyCounted.total) ctx.saw({ purpose: 'BTG' })
}

/** The calendar of a doctor, for those who see all of it. */
export async function listOfDoctor(ctx: Context, calendars: Calendars, doctor_id: string, query: AppointmentQuery) {
  const calendar = await calendars.find(ctx, doctor_id, true)
  const { actor, reach } = ctx
  const isOfDepartment =
    reach.includes('department') && actor.department_id !== undefined && calendar?.department_id === actor.department_id
  if (!calendar || !(reach === 'all' || actor.doctor_id === doctor_id || isOfDepartment)) throw new Problem(notFound)
  return listAppointments(ctx, { ...query, doctor_id })
}

/** The appointments of a patient in reach; of those, what the caller may see. */
export async function listOfPatient(ctx: Context, patient_id: string, query: AppointmentQuery) {
  const patient = await ctx.database.once((tx) => tx.first(isPatientInReach(patient_id)))
  if (!patient) throw new Problem(notFound)
  return listAppointments(ctx, { ...query, patient_id })
}

/** Days of a zone as instants. */
function filterOf({ doctor_id, patient_id, status, date, from, to }: AppointmentQuery, timezone: string): Filter {
  const begin = (day: string) => Temporal.PlainDate.from(day).toZonedDateTime(timezone).toInstant().toString()
  const next = (day: string) => Temporal.PlainDate.from(day).add({ days: 1 }).toString()
  const firsts = [date, from].filter((day) => day !== undefined).sort()
  const lasts = [date, to].filter((day) => day !== undefined).sort()
  const [first, last] = [firsts.at(-1), lasts[0]]
  return {
    doctor_id,
    patient_id,
    status,
    starts_from: first === undefined ? undefined : begin(first),
    starts_before: last === undefined ? undefined : begin(next(last)),
  }
}
