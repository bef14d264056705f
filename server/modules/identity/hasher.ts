// One hasher a process: its queue is what keeps password hashing from starving everything else.
import type { System } from '#platform/context.ts'
import { createPasswordHasher, type PasswordHasher } from './passwords.ts'

const hashers = new WeakMap<System, PasswordHasher>()

/** The hasher that every part of this system shares. */
export function hasherOf(system: System): PasswordHasher {
  let hasher = hashers.get(system)
  if (!hasher) hashers.set(system, (hasher = createPasswordHasher()))
  return hasher
}
