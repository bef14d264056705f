// Opening visits, and reading them.
import { randomUUIDv7 } from 'node:crypto'
import { readOfPatient } from '#modules/patients'
import { certain } from '#platform/certain.ts'
import { type Context, holds } from '#platform/context.ts'
import { decodeTimeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { conflict, forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { localDay } from '#platform/local-day.ts'
import { findInReach, usualReach } from '#platform/emergency-reach.ts'
import { departmentUnknown } from '../doctors/doctor.contract.ts'
import {
  departmentMissing,
  type Visit,
  type VisitHistory,
  visitOpen,
  type VisitQuery,
  type VisitRequest,
} from './visit.contract.ts'
import { openComplaint, openKey, openReason, sealComplaint } from './visit.sealing.ts'
import {
  countVisits,
  findDoctor,
  findOpenVisit,
  findPatientKey,
  findVisit,
  insertVisit,
  listVisitChanges,
  listVisits,
  type StoredVisit,
  type VisitFilter,
} from './visit.store.ts'

/** Why somebody came and how they are is for those who read visits, not for those who see their status. */
export function shownVisit(ctx: Context, stored: StoredVisit): Visit {
  const { sealed_chief_complaint, key_id, kek_id, wrapped, ...visit } = stored
  if (!holds(ctx.actor, 'visits:read')) return { ...visit, chief_complaint: null, news2_score: null }
  const key = sealed_chief_complaint && openKey(ctx.system.keys.keyring, { key_id, kek_id, wrapped })
  return { ...visit, chief_complaint: openComplaint(key ?? undefined, visit.id, sealed_chief_complaint) }
}

/**
 * Opens a visit for somebody who is found; it brings the record into the reach of the department and the doctor.
 * @throws Problem visitOpen, departmentMissing, departmentUnknown, notFound, forbidden
 */
export async function openVisit(ctx: Context, request: VisitRequest): Promise<Visit> {
  const { patient_id, type, priority, chief_complaint = null, doctor_id = null } = request
  const [stored, doctor] = await ctx
    .reaching('find')
    .once((tx) =>
      Promise.all([
        tx.first(findPatientKey(patient_id)),
        doctor_id === null ? undefined : tx.first(findDoctor(doctor_id)),
      ]),
    )
  if (!stored?.may_be_visited) throw new Problem(notFound, { detail: 'There is no active patient with this id' })
  if (doctor_id !== null && !doctor) throw new Problem(notFound, { detail: 'There is no active doctor with this id' })
  const department_id = request.department_id ?? doctor?.department_id ?? ctx.actor.department_id
  if (!department_id) throw new Problem(departmentMissing)
  if (!mayOpenIn(ctx, department_id, doctor_id))
    throw new Problem(forbidden, { detail: 'Open visits in your own department' })
  const id = randomUUIDv7()
  const key = chief_complaint === null ? undefined : openKey(ctx.system.keys.keyring, stored)
  const visit = {
    id,
    patient_id,
    doctor_id,
    department_id,
    type,
    priority,
    key_id: key?.id ?? null,
    sealed_chief_complaint: key ? sealComplaint(key, id, chief_complaint) : null,
    created_by: ctx.actor.user_id ?? null,
    day: localDay(ctx.system.configuration.timezone),
  }
  const opened = await ctx.database.transaction(async (tx) => {
    const row = await tx.first(insertVisit(visit)).catch(violating({ visits_department: departmentUnknown }))
    if (!row) return undefined
    tx.audit({ action: 'visit.open', resource_type: 'visit', resource_id: id, patient_id, details: { type } })
    const payload = { department_id, doctor_id, appointment_id: null }
    tx.emit({ type: 'visit.opened', subject_type: 'visit', subject_id: id, patient_id, payload })
    return row
  })
  if (!opened) throw await whyNotOpened(ctx, patient_id, department_id)
  ctx.header('location', `/api/v1/visits/${id}`)
  return {
    ...shownVisit(ctx, { ...opened, sealed_chief_complaint: null }),
    chief_complaint: key ? chief_complaint : null,
  }
}

function mayOpenIn({ actor, reach }: Context, department_id: string, doctor_id: string | null): boolean {
  if (reach === 'all') return true
  if (reach.includes('department') && department_id === actor.department_id) return true
  return reach.includes('own') && doctor_id !== null && doctor_id === actor.doctor_id
}

async function whyNotOpened(ctx: Context, patient_id: string, department_id: string): Promise<Problem> {
  const known = await ctx.database.once((tx) => tx.first(findOpenVisit(patient_id, department_id)))
  return known
    ? new Problem(visitOpen, { visit_id: known.id }).naming({ patient_id, resource_id: known.id })
    : new Problem(conflict, { retry_after_seconds: 1 })
}

async function inReach<T>(ctx: Context, find: (tx: Tx) => Promise<T | undefined>): Promise<T> {
  return (await findInReach(ctx, (database) => database.once(find))).found
}

/** @throws Problem notFound */
export async function getVisit(ctx: Context, id: string): Promise<Visit> {
  const stored = await inReach(ctx, (tx) => tx.first(findVisit(id)))
  ctx.saw({ patient_id: stored.patient_id })
  return shownVisit(ctx, stored)
}

/** @throws Problem notFound */
export async function getVisitHistory(ctx: Context, id: string): Promise<VisitHistory> {
  const { stored, changes } = await inReach(ctx, async (tx) => {
    const [visit, rows] = await Promise.all([tx.first(findVisit(id)), tx.rows(listVisitChanges(id))])
    return visit && { stored: visit, changes: rows }
  })
  ctx.saw({ patient_id: stored.patient_id })
  const items = changes.map(({ sealed_reason, key_id, kek_id, wrapped, ...change }) => {
    const key = sealed_reason ? openKey(ctx.system.keys.keyring, { key_id, kek_id, wrapped }) : undefined
    return { ...change, reason: openReason(key, change.id, sealed_reason) }
  })
  return { items }
}

/** @throws Problem notFound, patientErased, patientMerged */
export function listVisitsOfPatient(
  ctx: Context,
  patient_id: string,
  page: Pick<VisitQuery, 'skip' | 'limit' | 'cursor'>,
) {
  return listVisitsIn(ctx, { ...page, patient_id }, (read) => readOfPatient(ctx, patient_id, read))
}

/** Emergency access opens one record and lists nobody. */
export function listVisitsInReach(ctx: Context, query: VisitQuery) {
  return listVisitsIn(ctx, query, (read) => ctx.reaching(usualReach(ctx)).once(read))
}

type Asked = Partial<VisitQuery> & Pick<VisitQuery, 'skip' | 'limit'>
type Read = <T>(read: (tx: Tx) => Promise<T>) => Promise<T>

async function listVisitsIn(ctx: Context, query: Asked, once: Read) {
  const { skip, limit, cursor, date, from = date, to = date, ...filters } = query
  const midnight = (day: string, days: number) =>
    Temporal.PlainDate.from(day).add({ days }).toZonedDateTime(ctx.system.configuration.timezone).toInstant().toString()
  const filter: VisitFilter = {
    ...filters,
    opened_from: from && midnight(from, 0),
    opened_before: to && midnight(to, 1),
  }
  const [stored, counted] = await once((tx) =>
    Promise.all([
      tx.rows(listVisits(filter, { skip, limit, after: decodeTimeCursor(cursor) })),
      tx.first(countVisits(filter)),
    ]),
  )
  const patient_ids = [...new Set(stored.map(({ patient_id }) => patient_id))]
  ctx.saw({ patient_id: query.patient_id, details: { count: stored.length, patient_ids } })
  const last = stored.at(-1)
  return {
    items: stored.map((row) => shownVisit(ctx, row)),
    total: certain(counted, 'count').total,
    page: Math.floor(skip / limit) + 1,
    limit,
    next_cursor: last && stored.length === limit ? encodeCursor(`${last.opened_at} ${last.id}`) : null,
  }
}
