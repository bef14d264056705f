// Who may know of which event: whoever reaches the record that it is about, at the moment at which they are told. Row-level
// security decides that, as it does when the record itself is read; what has no rule here is told to nobody.
import { type Context, reachOf } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import type { StoredEvent } from './live-event.store.ts'

type Found = Sql<{ id: string }>
type Rule =
  /** What is public in the house. */
  | 'everyone'
  | {
      /** What reading the record takes. */
      permission: string
      /** Those of these records that are in the reach of the asking transaction. Without it only who reaches all is told. */
      within?: (ids: readonly string[]) => Found
      /** Where a patient is named, they must be in the caller's reach besides. */
      names_patients?: true
    }

const patients = {
  permission: 'patients:read',
  within: (ids: readonly string[]) => sql<{ id: string }>`select id from patients where id = any(${ids}::uuid[])`,
}

/** By type of subject. */
export const rules: Readonly<Record<string, Rule>> = {
  patient: patients,
  patient_import: { permission: 'patients:import' },
  emergency_access: { permission: 'emergency-access:review' },
  activity_finding: { permission: 'audit:review' },
  doctor: 'everyone',
  appointment: {
    permission: 'appointments:read',
    within: (ids) => sql`select id from appointments where id = any(${ids}::uuid[])`,
  },
  waitlist_entry: {
    permission: 'appointments:read',
    within: (ids) => sql`select id from waitlist_entries where id = any(${ids}::uuid[])`,
  },
  document: {
    permission: 'documents:read',
    within: (ids) => sql`select id from documents where id = any(${ids}::uuid[]) and deleted_at is null`,
  },
  hold: { permission: 'appointments:read' },
  visit: {
    permission: 'visits:status',
    within: (ids) => sql`select id from visits where id = any(${ids}::uuid[])`,
  },
  assessment: {
    permission: 'assessments:read',
    // Not to the patient, to whom a person tells first what was found.
    within: (ids) => sql`
      select id from assessments
       where id = any(${ids}::uuid[]) and patient_id is distinct from openward.setting('patient_id')::uuid`,
  },
  allergy: {
    permission: 'chart:read',
    within: (ids) => sql`select id from allergies where id = any(${ids}::uuid[])`,
  },
  condition: {
    permission: 'chart:read',
    within: (ids) => sql`select id from conditions where id = any(${ids}::uuid[])`,
  },
  note: {
    permission: 'chart:read',
    within: (ids) => sql`select id from clinical_notes where id = any(${ids}::uuid[])`,
  },
  prescription: {
    permission: 'prescriptions:read',
    within: (ids) => sql`select id from prescriptions where id = any(${ids}::uuid[])`,
  },
  resource: { permission: 'resources:assign', names_patients: true },
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
  if (!rule) return []
  if (rule === 'everyone') return group
  const found = await withinReach(
    ctx,
    rule,
    group.map(({ subject_id }) => subject_id),
  )
  const visible = group.filter(({ subject_id }) => found(subject_id))
  if (!rule.names_patients) return visible
  const named = visible.flatMap(({ patient_id }) => patient_id ?? [])
  const isReached = await withinReach(ctx, patients, named)
  return visible.filter(({ patient_id }) => patient_id === null || isReached(patient_id))
}

/** Tells of each of these ids whether the caller reaches what it names. */
async function withinReach(
  ctx: Context,
  { permission, within }: Exclude<Rule, 'everyone'>,
  ids: readonly string[],
): Promise<(id: string) => boolean> {
  const reach = reachOf(ctx.actor, permission)
  if (reach === 'all') return () => true
  if (reach === undefined || !within || ids.length === 0) return () => false
  const rows = await ctx.reaching(reach).read(within([...new Set(ids)]))
  const found = new Set(rows.map(({ id }) => id))
  return (id) => found.has(id)
}
