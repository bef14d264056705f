// Who may know of which event: whoever reaches the record that it is about, at the moment at which they are told. Row-level
// security decides that, as it does when the record itself is read; what has no rule here is told to nobody.
import { type Actor, type Context, reachOf } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { StoredEvent } from './live-event.store.ts'

type Found = Sql<{ id: string }>
/**
 * `everyone`: what is public in the house. `permission`: what reading the record takes; `within`: those of these records
 * that are in the reach of the asking transaction. Where it is missing only who reaches all is told.
 */
type Rule = 'everyone' | { permission: string; within?: (ids: readonly string[]) => Found }

/** By type of subject. */
export const rules: Readonly<Record<string, Rule>> = {
  patient: {
    permission: 'patients:read',
    within: (ids) => sql`select id from patients where id = any(${ids}::uuid[])`,
  },
  patient_import: { permission: 'patients:import' },
  emergency_access: { permission: 'emergency-access:review' },
  doctor: 'everyone',
  appointment: {
    permission: 'appointments:read',
    within: (ids) => sql`select id from appointments where id = any(${ids}::uuid[])`,
  },
  user: { permission: 'users:read' },
  session: { permission: 'users:read' },
}

/** Those of the events that the caller may know of. @throws Problem sessionEnded; RightsChanged */
export async function visibleOf(ctx: Context, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const groups = Map.groupBy(events, ({ subject_type }) => subject_type)
  const visible = await Promise.all([...groups].map(([subject_type, group]) => visibleOfKind(ctx, subject_type, group)))
  return visible.flat()
}

async function visibleOfKind(ctx: Context, subject_type: string, group: StoredEvent[]): Promise<StoredEvent[]> {
  const rule = rules[subject_type]
  const reach = rule && reachFor(ctx.actor, rule)
  if (!rule || reach === undefined) return []
  if (rule === 'everyone' || reach === 'all') return group
  if (!rule.within) return []
  const ids = [...new Set(group.map(({ subject_id }) => subject_id))]
  const found = new Set((await ctx.reaching(reach).read(rule.within(ids))).map(({ id }) => id))
  return group.filter(({ subject_id }) => found.has(subject_id))
}

function reachFor(actor: Actor, rule: Rule) {
  return rule === 'everyone' ? 'all' : reachOf(actor, rule.permission)
}
