import { implement, type Route } from '#platform/http/mount.ts'
import { userSessionApi } from './user-session.contract.ts'
import { endAllSessionsOf, endSessionOf, listSessionsOf } from './user-session.service.ts'

export function userSessionRoutes(): Route[] {
  return implement('users', userSessionApi, {
    list: (ctx, { params }) => listSessionsOf(ctx, params.user_id),
    endAll: (ctx, { params }) => endAllSessionsOf(ctx, params.user_id),
    end: (ctx, { params }) => endSessionOf(ctx, params.user_id, params.session_id),
  })
}
