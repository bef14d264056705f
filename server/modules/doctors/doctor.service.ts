import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { type Context, reachOf } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import { openJson } from '#platform/encryption/sealing.ts'
import { type Calendar, calendarOf, findCalendars } from './calendar.store.ts'
import {
  type Doctor,
  type DoctorProfile,
  type DoctorProfileQuery,
  type DoctorQuery,
  type DoctorRequest,
  departmentUnknown,
  licenseTaken,
  type NewDoctorRequest,
  notADoctor,
  type OwnDoctorRequest,
  profileExists,
} from './doctor.contract.ts'
import {
  type Account,
  countDoctors,
  countProfiles,
  type DoctorValues,
  findAccount,
  findDoctor,
  findDoctors,
  findProfile,
  findProfiles,
  insertDoctor,
  updateDoctor,
} from './doctor.store.ts'
import type { Calendars } from './calendars.ts'
import { judgeDoctorsOn } from './slot-search.service.ts'

/** Gives an account its doctor profile. Whoever may do so only for themselves finds no other account. */
export async function createDoctor(ctx: Context, { user_id, ...request }: NewDoctorRequest): Promise<DoctorProfile> {
  if (reachOf(ctx.actor, 'doctors:create') === 'all') return createProfile(ctx, user_id, request)
  if (user_id !== ctx.actor.user_id)
    throw new Problem(notFound, { detail: 'You may make a doctor profile for your own account only' })
  return createProfile(ctx, user_id, { ...request, department_id: undefined, is_active: true })
}

export function createOwnProfile(ctx: Context, request: OwnDoctorRequest): Promise<DoctorProfile> {
  return createProfile(ctx, certain(ctx.actor.user_id, 'user'), { ...request, is_active: true })
}

async function createProfile(ctx: Context, user_id: string, request: DoctorRequest): Promise<DoctorProfile> {
  const account = await ctx.database.once((tx) => tx.first(findAccount(user_id)))
  if (account?.role !== 'doctor' || !account.is_active) throw new Problem(notADoctor)
  const names = namesOf(ctx, account)
  const values = valuesOf(request, {
    ...names,
    timezone: ctx.system.configuration.timezone,
    department_id: request.department_id === undefined ? account.department_id : request.department_id,
  })
  const id = randomUUIDv7()
  return ctx.database.transaction(async (tx) => {
    tx.audit({ action: 'doctor.create', resource_type: 'doctor', resource_id: id })
    tx.emit({ type: 'doctor.created', subject_type: 'doctor', subject_id: id })
    return tx.one(insertDoctor(id, user_id, values)).catch(refused)
  })
}

export async function getOwnProfile(ctx: Context): Promise<DoctorProfile> {
  const profile = await ctx.database.once((tx) =>
    tx.first(findProfile({ user_id: certain(ctx.actor.user_id, 'user') })),
  )
  if (!profile) throw new Problem(notFound, { detail: 'You have no doctor profile yet: make it first' })
  return profile
}

/** Every profile, or one's own for whoever changes no other. */
export async function listProfiles(ctx: Context, { skip, limit, cursor, user_id }: DoctorProfileQuery) {
  const page = { skip, limit: limit + 1, after: decodeCursor(cursor) }
  const own = reachOf(ctx.actor, 'doctors:update') === 'all' ? undefined : certain(ctx.actor.user_id, 'user')
  const of = [own, user_id].filter((id) => id !== undefined)
  const [found, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findProfiles(of, page)), tx.one(countProfiles(of))]),
  )
  const items = found.slice(0, limit)
  const next_cursor = encodeCursor(found.length > limit ? items.at(-1)?.id : undefined)
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/** @throws Problem notFound */
export async function readProfile(ctx: Context, doctor_id: string): Promise<DoctorProfile> {
  const profile = await ctx.database.once((tx) => tx.first(findProfile({ id: doctor_id })))
  const isTheirs = reachOf(ctx.actor, 'doctors:update') === 'all' || profile?.user_id === ctx.actor.user_id
  if (!profile || !isTheirs) throw new Problem(notFound)
  return profile
}

export async function updateOwnProfile(ctx: Context, request: OwnDoctorRequest): Promise<DoctorProfile> {
  const known = await getOwnProfile(ctx)
  return replaceProfile(ctx, known, { ...request, department_id: known.department_id, is_active: known.is_active })
}

/** Replaces a profile; doctors replace their own, and neither move to another department nor retire by themselves. */
export async function replaceDoctor(ctx: Context, doctor_id: string, request: DoctorRequest): Promise<DoctorProfile> {
  const everyone = reachOf(ctx.actor, 'doctors:update') === 'all'
  const known = await ctx.database.once((tx) => tx.first(findProfile({ id: doctor_id })))
  if (!known || (!everyone && known.user_id !== ctx.actor.user_id)) throw new Problem(notFound)
  const { department_id = known.department_id, is_active } = request
  if (!everyone && (department_id !== known.department_id || is_active !== known.is_active)) {
    throw new Problem(forbidden, {
      detail: 'An administrator changes the department of a doctor and whether they are active',
    })
  }
  return replaceProfile(ctx, known, { ...request, department_id })
}

async function replaceProfile(ctx: Context, known: DoctorProfile, request: DoctorRequest): Promise<DoctorProfile> {
  const values = valuesOf(request, known)
  const changed = Object.entries(values)
    .filter(([name, value]) => JSON.stringify(known[name as keyof DoctorProfile]) !== JSON.stringify(value))
    .map(([name]) => name)
  return ctx.database.transaction(async (tx) => {
    const [before, updated] = await Promise.all([
      tx.one(findCalendars([known.id])),
      tx.first(updateDoctor(known.id, ctx.if_match, values)).catch(refused),
    ])
    if (!updated) throw new Problem(stale)
    tx.audit({
      action: 'doctor.update',
      resource_type: 'doctor',
      resource_id: known.id,
      details: { fields: changed },
    })
    const payload = opening(calendarOf(before), known, changed)
    tx.emit({ type: 'doctor.updated', subject_type: 'doctor', subject_id: known.id, ...(payload && { payload }) })
    return updated
  })
}

/** When they could be booked so far, where that may be more now: [] where every time is new. */
function opening({ hours }: Calendar, was: DoctorProfile, changed: readonly string[]) {
  const isBack = changed.some(
    (name) => name === 'timezone' || ((name === 'is_active' || name === 'accepts_new_patients') && !was[name]),
  )
  const hasOtherHours = changed.some((name) => /^(available_(from|to)|consultation_minutes)$/.test(name))
  return isBack || hasOtherHours ? { hours_before: isBack ? [] : hours } : undefined
}

export async function getDoctor(ctx: Context, doctor_id: string): Promise<Doctor> {
  const doctor = await ctx.database.once((tx) => tx.first(findDoctor(doctor_id)))
  if (!doctor) throw new Problem(notFound)
  ctx.header('etag', `"v${doctor.version}"`)
  return doctor
}

/** Active doctors, by name. */
export async function listDoctors(ctx: Context, calendars: Calendars, query: DoctorQuery) {
  const { skip, limit } = query
  const after = decodeCursor(query.cursor)
  if (query.available_on !== undefined)
    return pageOf(query, await judgeDoctorsOn(ctx, calendars, query, query.available_on))
  const [items, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findDoctors(query, { skip, limit, after })), tx.one(countDoctors(query))]),
  )
  const next_cursor = items.length === limit ? encodeCursor(items.at(-1)?.id) : null
  return { items, total, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

/** A page of those who are free. Whoever the page before ended with may have been booked since: the page goes on behind them. */
function pageOf({ skip, limit, cursor }: DoctorQuery, judged: readonly { doctor: Doctor; is_free: boolean }[]) {
  const after = decodeCursor(cursor)
  const begin = after === undefined ? 0 : judged.findIndex(({ doctor }) => doctor.id === after) + 1
  const free = (from: number) => judged.slice(from).flatMap(({ doctor, is_free }) => (is_free ? [doctor] : []))
  const left = free(begin).slice(after === undefined ? skip : 0)
  const items = left.slice(0, limit)
  const next_cursor = left.length > limit ? encodeCursor(items.at(-1)?.id) : null
  return { items, total: free(0).length, page: Math.floor(skip / limit) + 1, limit, next_cursor }
}

const refused = violating({
  doctors_user: profileExists,
  doctors_license: licenseTaken,
  doctors_department: departmentUnknown,
})

function valuesOf(
  request: DoctorRequest,
  known: Pick<DoctorValues, 'first_name' | 'last_name' | 'timezone' | 'department_id'>,
): DoctorValues {
  const { first_name, last_name, timezone, department_id } = known
  return {
    ...request,
    first_name: request.first_name ?? first_name,
    last_name: request.last_name ?? last_name,
    timezone: request.timezone ?? timezone,
    department_id: request.department_id === undefined ? department_id : request.department_id,
    bio: request.bio ?? null,
  }
}

function namesOf(ctx: Context, { id, key_id, sealed_profile }: Account): { first_name: string; last_name: string } {
  const place = { table: 'users', column: 'sealed_profile', row_id: id }
  return openJson(ctx.system.keys.systemById(key_id), place, sealed_profile)
}
