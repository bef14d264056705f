import { implement, type Route } from '#platform/http/mount.ts'
import { nursingPrefillApi, radiologyPrefillApi } from './prefill.contract.ts'
import { prefillForm } from './prefill.service.ts'

export function prefillRoutes(): Route[] {
  return [
    ...implement('nursing_assessments', nursingPrefillApi, {
      prefill: (ctx, { params }) => prefillForm(ctx, params.visit_id, 'nursing'),
    }),
    ...implement('radiology_assessments', radiologyPrefillApi, {
      prefill: (ctx, { params }) => prefillForm(ctx, params.visit_id, 'radiology'),
    }),
  ]
}
