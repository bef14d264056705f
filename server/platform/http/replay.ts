// Who is still shown the answer that a request got the first time, and what it leaves in the audit log that it is shown again.
import type { AuditEntry } from '#platform/audit/record.ts'
import { type Actor, reachOf } from '#platform/context.ts'
import type { Operation } from '#platform/contract/operation.ts'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { Tx } from '#platform/database/transaction.ts'
import type { RequestContext } from './request-context.ts'

/** Whom an answer is about, and under which rights it was given. */
export type Told = {
  resource_id?: string | undefined
  patient_ids: string[]
  purpose?: string | undefined
  authority?: string | undefined
}

const outOfReach =
  'This was done when you first asked for it. Its record is out of your reach now, so it is not shown again'

/** From the entries that the request has recorded. */
export function toldBy({ ctx, entry, recorded }: RequestContext, { audit }: Operation): Told {
  const entries: readonly Partial<AuditEntry>[] = [...recorded(), entry()]
  const own = entries.find(({ action }) => audit !== 'none' && action === audit.action)
  const named = entries.flatMap(({ patient_id, details }) => [patient_id, ...listed(details?.['patient_ids'])])
  return {
    resource_id: own?.resource_id ?? entry().resource_id,
    patient_ids: [...new Set(named.filter((id) => id !== undefined))],
    purpose: own?.purpose,
    authority: ctx.actor.authority,
  }
}

const listed = (ids: unknown): string[] => (Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [])

/** Whether records are there, and within the reach in which the caller reads records: that of the operation may be wider. */
export function areInReach(patient_ids: readonly string[], actor: Actor): Sql {
  const reach = reachOf(actor, 'patients:read') ?? 'all'
  return sql`
    (select count(*) from patients
      where id = any(${patient_ids}::uuid[]) and erased_at is null and openward.may_reach(id, ${reach})) = ${patient_ids.length}`
}

/**
 * Records that an answer is shown again, to whoever may still see it. What was out of reach when it was first shown is not asked
 * for, unless rights have changed since.
 * @throws Problem notFound, or forbidden where the operation knows no other
 */
export async function showAgain(
  tx: Tx,
  { ctx }: RequestContext,
  { audit, params, problems }: Operation,
  { told, was_in_reach }: { told: Told; was_in_reach: boolean },
): Promise<void> {
  const { patient_ids, resource_id, purpose, authority } = told
  if (patient_ids.length > 0 && (was_in_reach || authority !== ctx.actor.authority)) {
    const { is_in_reach } = await tx.one<{ is_in_reach: boolean }>(
      sql`select ${areInReach(patient_ids, ctx.actor)} as is_in_reach`,
    )
    if (!is_in_reach) {
      ctx.saw({ resource_id, patient_id: patient_ids[0] })
      const kind = params || problems.includes(notFound) ? notFound : forbidden
      throw new Problem(kind, { detail: outOfReach })
    }
  }
  if (audit === 'none') return
  const { action, resource_type } = audit
  const shown = patient_ids.length > 0 ? patient_ids : [undefined]
  for (const patient_id of shown)
    tx.audit({ action, resource_type, resource_id, patient_id, purpose, details: { replayed: true } })
}
