import { implement, type Route } from '#platform/http/mount.ts'
import type { Identity } from './identity.ts'
import { sessionApi } from './session.contract.ts'
import {
  endSession,
  findCurrentUser,
  listSessions,
  logout,
  logoutEverywhere,
  reauthenticate,
} from './session.service.ts'

export function sessionRoutes(identity: Identity): Route[] {
  return implement('auth', sessionApi, {
    me: (ctx) => findCurrentUser(ctx),
    sessions: (ctx) => listSessions(ctx),
    endSession: (ctx, { params }) => endSession(ctx, params.session_id),
    reauthenticate: (ctx, { body }) => reauthenticate(ctx, identity, body),
    logout: (ctx) => logout(ctx),
    logoutAll: (ctx) => logoutEverywhere(ctx),
  })
}
