// Who people are: users, sign-in, sessions.
import type { Module } from '#platform/module.ts'
import { openAuthentication } from './authentication.ts'
import { sessionRoutes } from './session.routes.ts'

export { openAuthentication } from './authentication.ts'
export { findSessionRights } from './authentication.store.ts'

export const identity: Module = {
  name: 'identity',
  async open(system) {
    const authentication = await openAuthentication(system)
    return { routes: sessionRoutes(), authenticate: authentication.authenticate }
  },
}
