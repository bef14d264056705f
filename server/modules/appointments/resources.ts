// Rooms and devices that an appointment needs: taken with its time or not at all, and given back with it. What moves and frees
// them is a trigger of the database.
import { type Context, holds } from '#platform/context.ts'
import { forbidden, Problem } from '#platform/contract/problem.ts'
import { violating } from '#platform/database/constraint.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { type Calendar, findNearestSlots, instantText } from '#modules/doctors'
import { findTakenRanges } from '#modules/resources'
import type { SlotPriority } from '../doctors/slot.contract.ts'
import { resourceTaken, resourceUnknown } from './appointment.contract.ts'
import { type AskedSlot, slotPriority } from './slot-choice.ts'

const week_ms = 7 * 86_400_000

/** @throws Problem forbidden for who may not take any */
export function assertMayTake({ actor }: Context, resource_ids: readonly string[] | undefined) {
  if (!resource_ids?.length || holds(actor, 'resources:assign')) return
  throw new Problem(forbidden, { detail: 'Your role does not allow taking rooms and devices: leave resource_ids out' })
}

export const refusedResource = violating({
  resource_reservations_free: resourceTaken,
  resource_reservations_resource: resourceUnknown,
})

/**
 * Takes those of the resources that an appointment or hold of this transaction has not yet, if there is one.
 * @throws Problem resourceTaken, resourceUnknown; then nothing of the transaction is kept
 */
export function reserveFor(
  tx: Tx,
  appointment_id: string,
  resource_ids: readonly string[],
  by: string,
): Promise<number> {
  const reserve: Sql = sql`
    select openward.reserve_resources(
             array(select unnest(${resource_ids}::uuid[])
                   except select resource_id from resource_reservations where appointment_id = a.id and cancelled_at is null),
             lower(a.during), upper(a.during), a.patient_id, a.id, ${by}, a.held_until)
      from appointments a where a.id = ${appointment_id}`
  return tx.run(reserve).catch(refusedResource)
}

/** Gives back what is not among these. */
export function keepOnly(appointment_id: string, resource_ids: readonly string[], by: string): Sql {
  return sql`
    update resource_reservations set cancelled_at = now(), cancelled_by = ${by}
     where appointment_id = ${appointment_id} and cancelled_at is null and resource_id <> all (${resource_ids}::uuid[])`
}

/** That a resource is taken, and the nearest slots at which all of them and the doctor are free. */
export async function resourcesTaken(
  ctx: Context,
  calendar: Calendar,
  { starts_at, ends_at }: AskedSlot,
  resource_ids: readonly string[],
  priority: SlotPriority,
): Promise<Problem> {
  const asked = { starts_at_ms: Date.parse(starts_at), ends_at_ms: Date.parse(ends_at) }
  const window = {
    from: instantText(asked.starts_at_ms - 2 * week_ms),
    to: instantText(asked.ends_at_ms + 2 * week_ms),
  }
  const rows = await ctx.database.once((tx) => tx.rows(findTakenRanges(resource_ids, window.from, window.to)))
  const taken = rows.map((row) => ({ starts_at_ms: Date.parse(row.starts_at), ends_at_ms: Date.parse(row.ends_at) }))
  const avoided = [asked, ...taken].toSorted((left, right) => left.starts_at_ms - right.starts_at_ms)
  return new Problem(resourceTaken, {
    nearest_slots: await findNearestSlots(ctx, calendar, asked.starts_at_ms, avoided, slotPriority(ctx, priority)),
  })
}
