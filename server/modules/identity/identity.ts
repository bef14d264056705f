// What the identity module keeps for as long as the process lives.
import type { System } from '#platform/context.ts'
import type { Authentication } from './authentication.ts'
import type { FailureBudget } from './failure-budget.ts'
import type { PasswordHasher } from './passwords.ts'

export type Identity = {
  system: System
  authentication: Authentication
  hasher: PasswordHasher
  budget: FailureBudget
}
