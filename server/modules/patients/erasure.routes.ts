import { erasureApi } from './erasure.contract.ts'
import { eraseRecord, holdRecord, readRetention } from './erasure.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function erasureRoutes(): Route[] {
  return implement('patient_erasures', erasureApi, {
    retention: (ctx, { params }) => readRetention(ctx, params.patient_id),
    hold: (ctx, { params, body }) => holdRecord(ctx, params.patient_id, body),
    erase: (ctx, { params, body }) => eraseRecord(ctx, params.patient_id, body.reason),
  })
}
