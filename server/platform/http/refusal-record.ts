// What a refusal leaves in the audit log.
import type { AuditEntry } from '#platform/audit/record.ts'
import type { Operation } from '#platform/contract/operation.ts'
import { forbidden, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import type { RequestContext } from './request-context.ts'

/**
 * A refusal to someone signed in is as much worth knowing as a success; that of a right, also where no person's data is touched. One
 * that names what a patient has shows it.
 */
export async function recordRefusal(
  { ctx, entry }: RequestContext,
  id: string,
  { audit }: Operation,
  error: unknown,
): Promise<void> {
  if (error instanceof IntegrityError) return recordDamage(ctx, entry(), id, error)
  if (!(error instanceof Problem)) return
  if (error.named.length === 0 && ![403, 404, 423].includes(error.kind.status)) return
  if (audit === 'none' && (error.kind !== forbidden || !ctx.actor.user_id)) return
  const described =
    audit === 'none'
      ? { action: id, resource_type: 'operation' }
      : { action: audit.action, resource_type: audit.resource_type }
  const refused = { ...described, ...entry(), outcome: 'denied', details: { code: error.kind.code } } as const
  const named = error.named.length > 0 ? error.named : [{}]
  await Promise.all(named.map((patient) => ctx.record({ ...refused, ...patient })))
}

/** A stored value that is not what was written alarms whoever reads the audit log. */
function recordDamage(
  ctx: Context,
  subject: Partial<AuditEntry>,
  id: string,
  { where, row_id }: IntegrityError,
): Promise<void> {
  const details = { operation: id, where, row_id }
  return ctx.record({ action: 'integrity.failed', resource_type: 'record', ...subject, outcome: 'failure', details })
}
