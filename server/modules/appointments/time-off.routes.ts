import { implement, type Route } from '#platform/http/mount.ts'
import { timeOffApi } from './time-off.contract.ts'
import { addTimeOff, listTimeOff, removeTimeOff } from './time-off.service.ts'

export function timeOffRoutes(): Route[] {
  return implement('time_off', timeOffApi, {
    list: (ctx, { params, query }) => listTimeOff(ctx, params.doctor_id, query),
    add: (ctx, { params, body }) => addTimeOff(ctx, params.doctor_id, body),
    remove: (ctx, { params }) => removeTimeOff(ctx, params.doctor_id, params.time_off_id),
  })
}
