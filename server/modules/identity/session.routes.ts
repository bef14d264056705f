import { implement, type Route } from '#platform/http/mount.ts'
import { sessionApi } from './session.contract.ts'
import { findCurrentUser } from './session.service.ts'

export function sessionRoutes(): Route[] {
  return implement('auth', sessionApi, { me: (ctx) => findCurrentUser(ctx) })
}
