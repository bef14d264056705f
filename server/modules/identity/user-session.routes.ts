import { implement, type Route } from '#platform/http/mount.ts'
import { userSessionApi } from './user-session.contract.ts'
import { endAllSessionsOf, endSessionOf, listSessionsOf } from './user-session.service.ts'

export function userSessionRoutes(): Route[] {
  return implement('users', userSessionApi, {
    listSessions: (ctx, { params }) => listSessionsOf(ctx, params.user_id),
    endSessions: (ctx, { params }) => endAllSessionsOf(ctx, params.user_id),
    endSession: (ctx, { params }) => endSessionOf(ctx, params.user_id, params.session_id),
  })
}
