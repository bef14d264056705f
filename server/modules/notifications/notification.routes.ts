import { implement, type Route } from '#platform/http/mount.ts'
import { noticesOf } from './notice.service.ts'
import { notificationApi } from './notification.contract.ts'
import { choosePreferences, getPreferences } from './preferences.service.ts'

export function notificationRoutes(): Route[] {
  return implement('notifications', notificationApi, {
    notices: (ctx, { params }) => noticesOf(ctx, params.appointment_id),
    preferences: (ctx, { params }) => getPreferences(ctx, params.patient_id),
    choose: (ctx, { params, body }) => choosePreferences(ctx, params.patient_id, body),
  })
}
