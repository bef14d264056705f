import { findDuplicates } from './duplicate-pairs.service.ts'
import { mergeApi } from './merge.contract.ts'
import { mergePatients, readMerges } from './merge.service.ts'
import { undoMerge } from './merge-undo.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function mergeRoutes(): Route[] {
  return implement('patient_merges', mergeApi, {
    duplicates: (ctx, { query }) => findDuplicates(ctx, query),
    merges: (ctx, { params }) => readMerges(ctx, params.patient_id),
    merge: (ctx, { params, body }) => mergePatients(ctx, params.patient_id, body),
    unmerge: (ctx, { params, body }) => undoMerge(ctx, params.patient_id, body),
  })
}
