// An entry that is being changed: held until the change commits, for somebody who may change it and has read this version.
import type { Context } from '#platform/context.ts'
import { forbidden, notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { findEntry, lockEntry, type StoredEntry } from './waitlist.store.ts'

/** Locked first and read by a statement of its own, which sees what it waited for. @throws Problem notFound, forbidden, stale */
export async function lock(ctx: Context, tx: Tx, id: string): Promise<StoredEntry> {
  const [, entry] = await Promise.all([tx.run(lockEntry(id)), tx.first(findEntry(id))])
  if (!entry) throw new Problem(notFound)
  assertMayChange(ctx, entry)
  if (ctx.if_match !== undefined && ctx.if_match !== entry.version) throw new Problem(stale)
  return entry
}

/** @throws Problem forbidden for who may see it because they know the patient, and no more */
export function assertMayChange({ actor, reach }: Context, { patient_id, doctor_id, department_id }: StoredEntry) {
  if (reach === 'all') return
  const scopes = reach.split(',')
  const isOwn = patient_id === actor.patient_id || (doctor_id !== null && doctor_id === actor.doctor_id)
  const isOfDepartment = department_id !== null && department_id === actor.department_id
  if ((scopes.includes('own') && isOwn) || (scopes.includes('department') && isOfDepartment)) return
  throw new Problem(forbidden, { detail: 'You may read this entry; the patient, the doctor and reception change it' })
}
