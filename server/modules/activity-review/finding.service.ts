// Reading findings and signing them off.
import { certain } from '#platform/certain.ts'
import type { Context } from '#platform/context.ts'
import { decodeCursor, encodeCursor } from '#platform/contract/cursor.ts'
import { forbidden, notFound, Problem } from '#platform/contract/problem.ts'
import { open, seal } from '#platform/encryption/sealing.ts'
import { nameOfAccount } from '#modules/identity'
import { type Finding, findingClosed, type FindingClosure, type FindingQuery } from './finding.contract.ts'
import { countFindings, findFinding, findFindings, type FindingRow, updateClosed } from './finding.store.ts'

const place = (row_id: string) => ({ table: 'activity_findings', column: 'sealed_remark', row_id })

export async function listFindings(ctx: Context, query: FindingQuery) {
  const before = decodeCursor(query.cursor)
  const [rows, { total }] = await ctx.database.once((tx) =>
    Promise.all([tx.rows(findFindings(query, before)), tx.one(countFindings(query))]),
  )
  const items = rows.slice(0, query.limit).map((row) => answer(ctx, row))
  const patient_ids = [...new Set(items.flatMap(({ patient_id }) => patient_id ?? []))]
  ctx.saw({ details: { count: items.length, patient_ids } })
  return {
    items,
    total,
    page: Math.floor(query.skip / query.limit) + 1,
    limit: query.limit,
    next_cursor: encodeCursor(rows.length > query.limit ? items.at(-1)?.id : undefined),
  }
}

/** @throws Problem notFound, findingClosed, forbidden for one about oneself */
export async function closeFinding(ctx: Context, id: string, { verdict, remark }: FindingClosure): Promise<Finding> {
  const closed_by = certain(ctx.actor.user_id, 'user')
  return ctx.database.transaction(async (tx) => {
    const row = await tx.first(findFinding(id))
    if (!row) throw new Problem(notFound)
    if (row.user_id === closed_by)
      throw new Problem(forbidden, { detail: 'Somebody else must close a finding about yourself' })
    const key = ctx.system.keys.system('audit')
    const closed = await tx.run(
      updateClosed({ id, closed_by, verdict, key_id: key.id, sealed_remark: seal(key, place(id), remark) }),
    )
    if (closed === 0) throw new Problem(findingClosed)
    // Without the patient: who saw a record is shown to its patient, who suspected whom of it is not.
    tx.audit({
      action: 'activity_finding.close',
      resource_type: 'activity_finding',
      resource_id: id,
      details: { kind: row.kind, verdict },
    })
    tx.emit({
      type: 'activity_finding.closed',
      subject_type: 'activity_finding',
      subject_id: id,
      payload: { kind: row.kind, verdict },
    })
    return answer(ctx, await tx.one(findFinding(id)))
  })
}

function answer(
  { system: { keys } }: Context,
  { profile_key_id, sealed_profile, key_id, sealed_remark, ...row }: FindingRow,
): Finding {
  const remark =
    key_id === null || sealed_remark === null ? null : open(keys.systemById(key_id), place(row.id), sealed_remark)
  const user_name = nameOfAccount(keys, { id: row.user_id, key_id: profile_key_id, sealed_profile })
  return { ...row, user_name, remark }
}
