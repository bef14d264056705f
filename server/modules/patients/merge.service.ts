import {
  alreadyMerged,
  type Merge,
  type MergeConflict,
  mergeConflicts,
  type MergeList,
  type MergeReport,
  sameRecord,
} from './merge.contract.ts'
import { assertMergeable, assertSurvivor, type Merger, openRecord, sealReason } from './merge-journal.ts'
import {
  alignFollowers,
  countFollowers,
  demoteRows,
  findAccounts,
  findBeds,
  findMovable,
  findOpenVisits,
  findOverlappingAppointments,
  findPrimaryContacts,
  findRows,
  insertMerge,
  isThere,
  type Journal,
  listMerges,
  lockRecords,
  markMerged,
  moveRows,
  moveTokens,
  type RecordRow,
  renewRights,
} from './merge.store.ts'
import { followingTables, movingTables } from './owned-tables.ts'
import { openKeyOf } from './patient.sealing.ts'
import { notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violating } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'

type Plan = { journal: Journal; moves: MergeReport['moves']; conflicts: MergeConflict[] }

/**
 * Makes another record part of this one, or shows what that would do.
 * @throws Problem as the contract lists
 */
export function mergePatients(ctx: Context, survivor_id: string, body: Merge): Promise<MergeReport> {
  if (body.merged_patient_id === survivor_id) throw new Problem(sameRecord)
  const merger = { system: ctx.system, user_id: ctx.actor.user_id }
  return ctx.database.transaction((tx) => mergeRecords(tx, merger, survivor_id, body))
}

/** The same within a transaction of the caller's, which must reach both records. @throws Problem as the contract lists */
export async function mergeRecords(tx: Tx, merger: Merger, survivor_id: string, body: Merge): Promise<MergeReport> {
  const { merged_patient_id: merged_id, reason, dry_run = false, force = false } = body
  const records = await lockRecords(tx, [survivor_id, merged_id])
  const survivor = records.find(({ id }) => id === survivor_id)
  const merged = records.find(({ id }) => id === merged_id)
  assertSurvivor(survivor)
  assertMergeable(merged, alreadyMerged)
  const { journal, moves, conflicts } = await plan(tx, merger, survivor, merged)
  const standing = conflicts.filter(({ stands }) => stands === 'always' || (stands === 'unless_forced' && !force))
  if (!dry_run && standing.length > 0) {
    throw new Problem(mergeConflicts, { conflicts: standing }).naming(
      { patient_id: survivor_id, resource_id: merged_id },
      { patient_id: merged_id, resource_id: survivor_id },
    )
  }
  const merge_id = dry_run ? null : await move(tx, merger, survivor, merged, journal)
  const counts = Object.fromEntries(moves.map(({ table, rows }) => [table, rows]))
  for (const row of [survivor, merged]) {
    tx.audit({
      action: 'patient.merge',
      resource_type: 'patient',
      resource_id: row === survivor ? merged_id : survivor_id,
      patient_id: row.id,
      user_id: merger.user_id,
      details: { dry_run, force, merge_id, as: row === survivor ? 'survivor' : 'merged', moves: counts },
      changes: dry_run ? undefined : sealReason(openKeyOf(merger.system.keys.keyring, row), reason),
    })
  }
  if (merge_id !== null) {
    tx.emit({
      type: 'patient.merged',
      subject_type: 'patient',
      subject_id: survivor_id,
      patient_id: survivor_id,
      payload: { merge_id, merged_id, patient_ids: [survivor_id, merged_id] },
    })
  }
  return { merge_id, dry_run, survivor_id, merged_id, moves, conflicts }
}

async function plan(tx: Tx, merger: Merger, survivor: RecordRow, merged: RecordRow): Promise<Plan> {
  const both = [survivor.id, merged.id]
  const [tables, followers, overlapping, beds, visits, primary, accounts] = await Promise.all([
    Promise.all(
      movingTables.map(async (owned) => {
        const [moved, had] = await Promise.all([
          tx.rows(findMovable(owned, merged.id, survivor.id)),
          tx.rows(findRows(owned, survivor.id)),
        ])
        return { table: owned.table, moved, had: had.map(({ id, version }) => ({ id, version })), demoted: [] }
      }),
    ),
    Promise.all(
      followingTables.map(async ({ table, parent }) => ({
        table,
        rows: (await tx.one(countFollowers(table, parent, merged.id))).rows,
      })),
    ),
    tx.rows(findOverlappingAppointments(survivor.id, merged.id)),
    tx.rows(findBeds(both)),
    tx.rows(findOpenVisits(survivor.id, merged.id)),
    tx.rows(findPrimaryContacts(both)),
    tx.rows(findAccounts(both)),
  ])
  const { is_active, updated_at, version } = merged
  return {
    journal: {
      merged: { is_active, updated_at, version },
      survivor: { version: survivor.version },
      tables: Object.fromEntries(tables.map(({ table, ...moves }) => [table, moves])),
    },
    moves: [...tables.map(({ table, moved }) => ({ table, rows: moved.length })), ...followers].filter(
      ({ table, rows }) => rows > 0 && table !== 'patient_keys',
    ),
    conflicts: [
      ...overlapping.map(({ one, other }) =>
        conflict(
          'overlapping_appointments',
          'always',
          'Both have an appointment at the same time: cancel or move one of them',
          [one, other],
        ),
      ),
      ...doubled(
        'two_beds',
        'always',
        'Both have a bed: release the one that is empty',
        beds.map(({ id }) => id),
      ),
      ...visits.map(({ one, other }) =>
        conflict(
          'two_open_visits',
          'always',
          'Both have an open visit in the same department: complete or cancel the one that is none',
          [one, other],
        ),
      ),
      ...differences(merger, survivor, merged),
      ...doubled(
        'two_primary_contacts',
        'never',
        'The primary contact of the merged record becomes one of the others',
        primary.map(({ id }) => id),
      ),
      ...doubled(
        'two_accounts',
        'never',
        'Both have an account: that of the merged record opens nothing any more',
        accounts.map(({ user_id }) => user_id),
      ),
    ],
  }
}

const conflict = (
  code: MergeConflict['code'],
  stands: MergeConflict['stands'],
  message: string,
  ids: string[] = [],
) => ({
  code,
  stands,
  message,
  ids,
})

/** Where there is more than one. */
const doubled = (...[code, stands, message, ids = []]: Parameters<typeof conflict>) =>
  ids.length > 1 ? [conflict(code, stands, message, ids)] : []

/** What one person has only one of. */
function differences({ system }: Merger, survivor: RecordRow, merged: RecordRow): MergeConflict[] {
  const { keyring } = system.keys
  const [one, other] = [openRecord(keyring, survivor), openRecord(keyring, merged)]
  const judged = [
    ['ssn', 'different_ssn', 'The records have different SSNs'],
    ['national_id', 'different_national_id', 'The records have different national ids'],
    ['date_of_birth', 'different_birth_date', 'The records have different birth dates'],
  ] as const
  return judged
    .filter(([member]) => one[member] !== null && other[member] !== null && one[member] !== other[member])
    .map(([, code, message]) => conflict(code, 'unless_forced', `${message}: they may be two people`))
}

async function move(
  tx: Tx,
  { user_id }: Merger,
  survivor: RecordRow,
  merged: RecordRow,
  journal: Journal,
): Promise<string> {
  const idsOf = (table: string) => journal.tables[table]?.moved.map(({ id }) => id) ?? []
  for (const owned of movingTables.filter(({ single }) => single !== undefined)) {
    const demoted = await tx.rows(demoteRows(owned, idsOf(owned.table), survivor.id))
    const moves = journal.tables[owned.table]
    if (moves) moves.demoted = demoted.map(({ id }) => id)
  }
  const writes = [
    ...movingTables
      .filter(({ table }) => idsOf(table).length > 0)
      .map((owned) => moveRows(owned, idsOf(owned.table), merged.id, survivor.id)),
    ...alignFollowers([survivor.id, merged.id]),
    ...moveTokens(merged.id, survivor.id),
    markMerged(merged.id, survivor.id),
    renewRights([survivor.id, merged.id]),
  ]
  await Promise.all(
    // An appointment can have been moved to another time since it was looked at, and a patient to a bed or
    // into a visit.
    writes.map((statement) =>
      tx.run(statement).catch(
        violating({
          appointments_patient_free: mergeConflicts,
          resource_assignments_one_bed: mergeConflicts,
          visits_one_open: mergeConflicts,
        }),
      ),
    ),
  )
  return (await tx.one(insertMerge(survivor.id, merged.id, journal, user_id))).id
}

/** @throws Problem notFound */
export async function readMerges(ctx: Context, patient_id: string): Promise<MergeList> {
  const [known, items] = await ctx.database.once((tx) =>
    Promise.all([tx.one(isThere(patient_id)), tx.rows(listMerges(patient_id))]),
  )
  if (!known.is_there) throw new Problem(notFound)
  ctx.saw({ details: { count: items.length } })
  return { items }
}
