// Who people are: users, sign-in, sessions.
import type { Module } from '#platform/module.ts'
import { openAuthentication } from './authentication.ts'
import { createFailureBudget } from './failure-budget.ts'
import type { Identity } from './identity.ts'
import { loginRoutes } from './login.routes.ts'
import { createPasswordHasher } from './passwords.ts'
import { accountRoutes } from './account.routes.ts'
import { mfaRoutes } from './mfa.routes.ts'
import { sessionRoutes } from './session.routes.ts'

export { openAuthentication } from './authentication.ts'
export { findSessionRights } from './authentication.store.ts'
export { ensureFirstAdministrator, type FirstAdministrator } from './first-administrator.ts'

/** Failed sign-ins a minute of all strangers together, at one server. */
const failuresPerMinute = 600

export const identity: Module = {
  name: 'identity',
  async open(system) {
    const authentication = await openAuthentication(system)
    const budget = createFailureBudget(system.configuration.rate_limit ? failuresPerMinute : undefined)
    const opened: Identity = { system, authentication, hasher: createPasswordHasher(), budget }
    return {
      routes: [...sessionRoutes(opened), ...loginRoutes(opened), ...accountRoutes(opened), ...mfaRoutes(opened)],
      authenticate: authentication.authenticate,
    }
  },
}
