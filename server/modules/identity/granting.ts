// Who may give which rights, and over whom: no one rises, or raises another, above themselves.
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Actor } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { beyondOwnRights } from './user.contract.ts'
import { findDenials, findRolePermissions } from './user-directory.store.ts'

/** What rules over others: no one hands it on, or takes it from somebody, without having it. */
const governing = /^(users|roles|departments|audit|access|operation|emergency-access:review)/

/** @throws Problem beyondOwnRights when whoever has this role rules over more than the actor; invalidRequest when there is none */
export async function requireNotAbove(tx: Tx, actor: Actor, role: string): Promise<void> {
  refuseGoverning(actor, await permissionsOfRole(tx, role))
}

/** @throws Problem beyondOwnRights, invalidRequest */
export async function requireRoleGivable(tx: Tx, actor: Actor, role: string): Promise<void> {
  await requireGivable(tx, actor, await permissionsOfRole(tx, role))
}

/**
 * What was withdrawn from the actor is not given on either: a second account would bring it back to them.
 * @throws Problem beyondOwnRights
 */
export async function requireGivable(tx: Tx, actor: Actor, permissions: readonly string[]): Promise<void> {
  refuseGoverning(actor, permissions)
  const withdrawn = (await tx.rows(findDenials(actor.user_id ?? null))).map(({ permission }) => permission)
  if (permissions.some((permission) => withdrawn.includes(permission.split(':').slice(0, 2).join(':'))))
    throw new Problem(beyondOwnRights)
}

function refuseGoverning(actor: Actor, permissions: readonly string[]): void {
  const isBeyond = (permission: string) =>
    governing.test(permission) && !permission.endsWith(':own') && !actor.permissions.has(permission)
  if (permissions.some(isBeyond)) throw new Problem(beyondOwnRights)
}

async function permissionsOfRole(tx: Tx, role: string): Promise<string[]> {
  const found = await tx.first(findRolePermissions(role))
  if (!found) throw new Problem(invalidRequest, { errors: [unknownRole] })
  return found.permissions
}

export const unknownRole = {
  path: '/body/role',
  code: 'unknown_role',
  message: 'There is no such role: GET /api/v1/roles lists them',
}
