import { randomUUIDv7 } from 'node:crypto'
import { certain } from '#platform/certain.ts'
import { type Context, holds } from '#platform/context.ts'
import { conflict, notFound, Problem } from '#platform/contract/problem.ts'
import type { Calendars } from '#modules/doctors'
import { resourceTaken } from './appointment.contract.ts'
import { patientOf } from './booking.service.ts'
import { type Hold, holdMinutes, type HoldRequest, mostHolds, tooManyHolds } from './hold.contract.ts'
import { countOwnHolds, insertHold, releaseHold } from './hold.store.ts'
import { findRefusal } from './refusal.ts'
import { assertMayTake, reserveFor, resourcesTaken } from './resources.ts'
import { findSlot } from './slot-choice.ts'

/** @throws Problem as `slotRefusals`, and patientMissing, tooManyHolds */
export async function makeHold(ctx: Context, calendars: Calendars, request: HoldRequest): Promise<Hold> {
  const isAtDesk = holds(ctx.actor, 'patients:find')
  const patient_id = isAtDesk && request.patient_id === undefined ? null : patientOf(ctx, request.patient_id)
  const { doctor_id, appointment_time, priority, resource_ids = [] } = request
  assertMayTake(ctx, resource_ids)
  const asked = { doctor_id, appointment_time, patient_id, priority }
  const most = isAtDesk ? mostHolds.desk : mostHolds.own
  const { actor, correlation_id, ip_address, user_agent, system } = ctx
  const created_by = certain(actor.user_id, 'user')

  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const { calendar, slot } = await findSlot(ctx, calendars, asked, attempt > 1)
    const id = randomUUIDv7()
    const values = {
      id,
      doctor_id,
      patient_id,
      priority,
      ...slot,
      calendar_version: calendar.version,
      takes_anyone: actor.doctor_id === doctor_id,
      created_by,
      day: Temporal.Now.plainDateISO(system.configuration.timezone).toString(),
      minutes: holdMinutes,
      most,
    }
    const { user_id, role, session_id } = actor
    const entry = {
      user_id,
      role,
      session_id,
      correlation_id,
      ip_address,
      user_agent,
      action: 'hold.make',
      resource_type: 'hold',
      resource_id: id,
      patient_id: patient_id ?? undefined,
    }
    const held = await ctx.database
      .once(async (tx) => {
        const written = tx.first(insertHold(values, entry))
        const reserved = resource_ids.length > 0 ? reserveFor(tx, id, resource_ids, created_by) : undefined
        return (await Promise.all([written, reserved]))[0]
      })
      .catch(async (error: unknown) => {
        if (!(error instanceof Problem) || error.kind !== resourceTaken) throw error
        throw await resourcesTaken(ctx, calendar, slot, resource_ids, priority)
      })
    if (held) {
      const duration_minutes = (Date.parse(slot.ends_at) - Date.parse(slot.starts_at)) / 60_000
      return { id, doctor_id, patient_id, appointment_time, duration_minutes, held_until: held.held_until }
    }
    const refusal = await findRefusal(ctx, calendar, { ...asked, ...slot }, { priority })
    if (refusal) throw refusal
    const own = await ctx.database.once((tx) => tx.one(countOwnHolds()))
    if (own.held >= most) throw new Problem(tooManyHolds, { most })
  }
  throw new Problem(conflict, { retry_after_seconds: 1 })
}

/** @throws Problem notFound where the caller holds no such time */
export async function giveBack(ctx: Context, id: string): Promise<void> {
  await ctx.database.transaction(async (tx) => {
    const released = await tx.first(releaseHold(id))
    if (!released) throw new Problem(notFound)
    const { doctor_id, appointment_time } = released
    const patient_id = released.patient_id ?? undefined
    tx.audit({ action: 'hold.release', resource_type: 'hold', resource_id: id, patient_id })
    tx.emit({
      type: 'hold.ended',
      subject_type: 'hold',
      subject_id: id,
      patient_id,
      payload: { doctor_id, appointment_time },
    })
  })
}
