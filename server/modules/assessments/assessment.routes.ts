import { implement, type Route } from '#platform/http/mount.ts'
import { acknowledge } from './alert.service.ts'
import { assessmentApi, nursingApi, radiologyApi } from './assessment.contract.ts'
import { beginAssessment, getAssessment, getOfVisit, listOfVisit, listSigned } from './assessment.service.ts'
import { discardDraft } from './discard.service.ts'
import { saveCurrentDraft, saveDraft } from './draft.service.ts'
import { readVitalSigns } from './series.service.ts'
import { worklistApi } from './worklist.contract.ts'
import { listAlerts, listDrafts } from './worklist.service.ts'
import { amendAssessment, finalizeAssessment } from './signing.service.ts'

export function assessmentRoutes(): Route[] {
  return [
    ...implement('worklists', worklistApi, {
      alerts: (ctx) => listAlerts(ctx),
      drafts: (ctx) => listDrafts(ctx),
    }),
    ...implement('assessments', assessmentApi, {
      listOfVisit: (ctx, { params }) => listOfVisit(ctx, params.visit_id),
      get: (ctx, { params }) => getAssessment(ctx, params.assessment_id),
      save: (ctx, { params, body }) => saveDraft(ctx, params.assessment_id, body),
      finalize: (ctx, { params, body }) => finalizeAssessment(ctx, params.assessment_id, body),
      amend: (ctx, { params, body }) => amendAssessment(ctx, params.assessment_id, body),
      discard: (ctx, { params, body }) => discardDraft(ctx, params.assessment_id, body),
      acknowledge: (ctx, { params, body }) => acknowledge(ctx, params.assessment_id, body),
      versions: (ctx, { params }) => listSigned(ctx, params.assessment_id),
      vitalSigns: (ctx, { params, query }) => readVitalSigns(ctx, params.patient_id, query),
    }),
    ...implement('nursing_assessments', nursingApi, {
      create: (ctx, { params, body }) => beginAssessment(ctx, params.visit_id, 'nursing', body),
      read: (ctx, { params }) => getOfVisit(ctx, params.visit_id, 'nursing'),
      save: (ctx, { params, body }) => saveCurrentDraft(ctx, params.visit_id, 'nursing', body),
    }),
    ...implement('radiology_assessments', radiologyApi, {
      create: (ctx, { params, body }) => beginAssessment(ctx, params.visit_id, 'radiology', body),
      read: (ctx, { params }) => getOfVisit(ctx, params.visit_id, 'radiology'),
      save: (ctx, { params, body }) => saveCurrentDraft(ctx, params.visit_id, 'radiology', body),
    }),
  ]
}
