// Undoing a merge: every row goes back where it was, and what was written in between is put before a person.
import { duplicateIdentifier, patientErased } from './patient.contract.ts'
import { mergeConflicts, mergeUndone, type Unmerge, type UnmergeReport } from './merge.contract.ts'
import { assertKeeper, type Merger, resealForeign, retoken, sealReason } from './merge-journal.ts'
import {
  alignFollowers,
  demoteRows,
  findExisting,
  findMerge,
  findMovable,
  findOtherMoved,
  findRows,
  lockRecords,
  markUnmerged,
  type MergeRow,
  moveAccompanying,
  moveRows,
  promoteRows,
  renewRights,
  type RowVersion,
  updateMerge,
} from './merge.store.ts'
import type { OwnedTable } from './owned-table.ts'
import { movingTables } from './owned-tables.ts'
import { openKeyOf } from './patient.sealing.ts'
import { certain } from '#platform/certain.ts'
import { invalidRequest, notFound, Problem } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { violatedConstraint } from '#platform/database/constraint.ts'
import type { Tx } from '#platform/database/transaction.ts'

const nothingMoved: MergeRow['journal']['tables'][string] = { moved: [], had: [], demoted: [] }

const oneLikeIt = 'The other record has one of its own by now: leave the one that you assign with the survivor'

type Named = { table: string; id: string }
type Outcome = Pick<UnmergeReport, 'returned' | 'undecided' | 'changed' | 'gone'>

/** Takes a dry run back. */
class OnlyShown extends Error {
  readonly report: UnmergeReport
  constructor(report: UnmergeReport) {
    super('a dry run leaves nothing behind')
    this.report = report
  }
}

/**
 * Undoes a merge, or assigns what was left undecided when it was undone.
 * @throws Problem as the contract lists
 */
export async function undoMerge(ctx: Context, survivor_id: string, body: Unmerge): Promise<UnmergeReport> {
  const { merge_id, dry_run = false } = body
  try {
    return await ctx.database.transaction(async (tx) => {
      const report = await unmergeRecords(tx, { system: ctx.system, user_id: ctx.actor.user_id }, survivor_id, body)
      if (dry_run) throw new OnlyShown(report)
      return report
    })
  } catch (error) {
    if (error instanceof OnlyShown) {
      await ctx.record({
        action: 'patient.unmerge',
        resource_type: 'patient',
        resource_id: survivor_id,
        patient_id: survivor_id,
        details: { dry_run, merge_id },
      })
      return error.report
    }
    const constraint = violatedConstraint(error)
    if (constraint === 'patient_tokens_unique_identifier') {
      throw new Problem(
        duplicateIdentifier,
        { detail: 'Both records now hold the same SSN or national id: remove it from the survivor first' },
        error,
      ).naming({ patient_id: survivor_id })
    }
    if (constraint === 'appointments_patient_free') {
      throw new Problem(
        mergeConflicts,
        {
          detail:
            'An appointment that you assign is at the time of another: leave it with the survivor or move it first',
        },
        error,
      ).naming({ patient_id: survivor_id })
    }
    if (constraint === 'resource_assignments_one_bed') {
      throw new Problem(
        mergeConflicts,
        { detail: 'The other record has a bed of its own by now: leave the one that you assign with the survivor' },
        error,
      ).naming({ patient_id: survivor_id })
    }
    if (constraint === 'visits_one_open') {
      throw new Problem(
        mergeConflicts,
        { detail: 'The other record has an open visit there by now: leave the one that you assign with the survivor' },
        error,
      ).naming({ patient_id: survivor_id })
    }
    throw error
  }
}

/** The same within a transaction of the caller's. @throws Problem, and the constraints that `undoMerge` names */
export async function unmergeRecords(
  tx: Tx,
  { system, user_id }: Merger,
  survivor_id: string,
  body: Unmerge,
): Promise<UnmergeReport> {
  const { merge_id, reason, dry_run = false, assign = {} } = body
  const known = await tx.first(findMerge(merge_id, survivor_id))
  if (!known) throw new Problem(notFound)
  const { merged_id } = known
  const records = await lockRecords(tx, [survivor_id, merged_id])
  // Read again under the locks: someone else may have undone it in the meantime.
  const merge = await tx.one(findMerge(merge_id, survivor_id))
  const survivor = records.find(({ id }) => id === survivor_id)
  const merged = certain(
    records.find(({ id }) => id === merged_id),
    'record that was merged',
  )
  assertKeeper(survivor)
  if (merged.erased_at !== null) throw new Problem(patientErased)
  const is_repeat = merge.unmerged_at !== null
  if (is_repeat && (Object.keys(assign).length === 0 || (merge.journal.undecided ?? []).length === 0))
    throw new Problem(mergeUndone)

  // It may have become part of another since: what it is given then would be seen by nobody.
  if (is_repeat) assertKeeper(merged)

  const outcome: Outcome = is_repeat
    ? { returned: [], undecided: merge.journal.undecided ?? [], changed: [], gone: [] }
    : await moveBack(tx, merge)
  const before = merge.journal.survivor?.version
  if (!is_repeat && before !== undefined && before !== survivor.version)
    outcome.changed.unshift({ table: 'patients', id: survivor_id })
  const undecided = await assignRows(tx, merge, outcome.undecided, assign)
  for (const statement of alignFollowers([survivor_id, merged_id])) await tx.run(statement)
  await tx.run(renewRights([survivor_id, merged_id]))
  await resealForeign(tx, system.keys.keyring, [survivor, merged])
  if (!is_repeat) await retoken(tx, system.keys, [survivor_id, merged_id])
  await tx.run(updateMerge(merge_id, { ...merge.journal, undecided }, user_id))

  for (const row of [survivor, merged]) {
    tx.audit({
      action: 'patient.unmerge',
      resource_type: 'patient',
      resource_id: row === survivor ? merged_id : survivor_id,
      patient_id: row.id,
      user_id,
      details: { merge_id, as: row === survivor ? 'survivor' : 'merged', undecided: undecided.length },
      changes: sealReason(openKeyOf(system.keys.keyring, row), reason),
    })
  }
  tx.emit({
    type: 'patient.unmerged',
    subject_type: 'patient',
    subject_id: survivor_id,
    patient_id: survivor_id,
    payload: { merge_id, merged_id, patient_ids: [survivor_id, merged_id] },
  })
  return { merge_id, dry_run, survivor_id, merged_id, ...outcome, undecided }
}

async function moveBack(tx: Tx, { merge_id, survivor_id, merged_id, journal }: MergeRow): Promise<Outcome> {
  const outcome: Outcome = { returned: [], undecided: [], changed: [], gone: [] }
  const others = await tx.rows(findOtherMoved(merge_id, survivor_id))
  const returnedIds: string[] = []
  for (const owned of movingTables) {
    const { table } = owned
    const { moved, had, demoted } = journal.tables[table] ?? nothingMoved
    const before = new Map(moved.map(({ id, version }) => [id, version]))
    const back = moved.length > 0 ? await tx.rows(moveRows(owned, [...before.keys()], survivor_id, merged_id)) : []
    const changed = back.filter(({ id, version }) => before.get(id) !== version)
    if (demoted.length > 0) {
      const untouched = demoted.filter((id) => !changed.some((row) => row.id === id))
      await tx.run(promoteRows(owned, untouched, merged_id))
    }
    const ids = new Set(back.map(({ id }) => id))
    returnedIds.push(...ids)
    if (ids.size > 0 && table !== 'patient_keys') outcome.returned.push({ table, rows: ids.size })
    outcome.changed.push(...changed.map(({ id }) => ({ table, id })))
    outcome.gone.push(...moved.filter(({ id }) => !ids.has(id)).map(({ id }) => ({ table, id })))
    const kept = await tx.rows(findRows(owned, survivor_id))
    const { touched, missing } = compare(had, kept)
    outcome.changed.push(...touched.map((id) => ({ table, id })))
    if (missing.length > 0) {
      const there = new Set((await tx.rows(findExisting(owned, missing))).map(({ id }) => id))
      outcome.gone.push(...missing.filter((id) => !there.has(id)).map((id) => ({ table, id })))
    }
    if (owned.decided) {
      const explained = new Set(
        [...had, ...others.flatMap(({ tables }) => tables[table]?.moved ?? [])].map(({ id }) => id),
      )
      const written = kept.filter(({ id, origin }) => origin === null && !explained.has(id))
      outcome.undecided.push(...written.map(({ id }) => ({ table, id })))
    }
  }
  await takeAlong(tx, returnedIds, survivor_id, merged_id)
  await tx.run(markUnmerged(merged_id, journal.merged))
  return outcome
}

/** Of the survivor's own rows: which are of another version, and which are no longer with it. */
function compare(had: readonly RowVersion[], kept: readonly RowVersion[]) {
  const versions = new Map(kept.map(({ id, version }) => [id, version]))
  const touched = had.filter(({ id, version }) => version !== null && versions.has(id) && versions.get(id) !== version)
  return { touched: touched.map(({ id }) => id), missing: had.map(({ id }) => id).filter((id) => !versions.has(id)) }
}

/** Rows of tables that accompany others, written for these ids in between. */
async function takeAlong(tx: Tx, ids: readonly string[], from: string, to: string) {
  for (const owned of movingTables.filter(({ accompanies }) => accompanies !== undefined)) {
    await tx.run(moveAccompanying(owned, ids, from, to))
  }
}

/** @returns what is left undecided. @throws Problem invalidRequest for a row that is not to be decided, mergeConflicts */
async function assignRows(
  tx: Tx,
  { survivor_id, merged_id }: MergeRow,
  undecided: readonly Named[],
  assign: NonNullable<Unmerge['assign']>,
): Promise<Named[]> {
  const decisions = Object.entries(assign).flatMap(([table, rows]) =>
    Object.entries(rows).map(([id, to]) => ({ table, id, to, owned: tableOf(table, id, undecided) })),
  )
  const errors = decisions
    .filter(({ owned }) => owned === undefined)
    .map(({ table, id }) => ({
      path: `/body/assign/${table.replaceAll('~', '~0').replaceAll('/', '~1')}/${id}`,
      code: 'not_undecided',
      message: 'This row is not among those to be decided',
    }))
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
  for (const { owned, id, to } of decisions) {
    if (to !== 'merged' || !owned) continue
    if (owned.unique_with !== undefined) {
      const movable = await tx.rows(findMovable(owned, survivor_id, merged_id))
      if (!movable.some((row) => row.id === id)) throw new Problem(mergeConflicts, { detail: oneLikeIt })
    }
    if (owned.single !== undefined) await tx.run(demoteRows(owned, [id], merged_id))
    await tx.run(moveRows(owned, [id], survivor_id, merged_id))
    await takeAlong(tx, [id], survivor_id, merged_id)
  }
  const decided = new Set(decisions.map(({ table, id }) => `${table} ${id}`))
  return undecided.filter(({ table, id }) => !decided.has(`${table} ${id}`))
}

function tableOf(table: string, id: string, undecided: readonly Named[]): OwnedTable | undefined {
  if (!undecided.some((row) => row.table === table && row.id === id)) return undefined
  return movingTables.find((owned) => owned.table === table)
}
