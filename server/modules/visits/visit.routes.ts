import { implement, type Route } from '#platform/http/mount.ts'
import { listQueueOf, takeNextVisit } from './queue.service.ts'
import { changeVisit, setVisitStatus } from './visit-change.service.ts'
import { visitApi } from './visit.contract.ts'
import { getVisit, getVisitHistory, listVisitsInReach, listVisitsOfPatient, openVisit } from './visit.service.ts'

export function visitRoutes(): Route[] {
  return implement('visits', visitApi, {
    open: (ctx, { body }) => openVisit(ctx, body),
    list: (ctx, { query }) => listVisitsInReach(ctx, query),
    listOfPatient: (ctx, { params, query }) => listVisitsOfPatient(ctx, params.patient_id, query),
    queue: (ctx, { query }) => listQueueOf(ctx, query),
    next: (ctx, { body }) => takeNextVisit(ctx, body.department_id),
    get: (ctx, { params }) => getVisit(ctx, params.visit_id),
    change: (ctx, { params, body }) => changeVisit(ctx, params.visit_id, body),
    setStatus: (ctx, { params, body }) => setVisitStatus(ctx, params.visit_id, body),
    history: (ctx, { params }) => getVisitHistory(ctx, params.visit_id),
  })
}
