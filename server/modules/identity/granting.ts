// Who may give which rights, and over whom: no one rises, or raises another, above themselves.
import { certain } from '#platform/certain.ts'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Actor } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { beyondOwnRights } from './user.contract.ts'
import { findDenials, findRolePermissions } from './user-directory.store.ts'

/** Where an account stands: what its role reaches depends on the department. */
export type Post = { role: string; department_id: string | null }

/** What rules over others: no one hands it on, or takes it from somebody, without having it. */
const governing = /^(users|roles|departments|audit|access|operation|emergency-access:review)/

/** @throws Problem beyondOwnRights when whoever has this role rules over more than the actor; invalidRequest when there is none */
export async function requireNotAbove(tx: Tx, actor: Actor, role: string): Promise<void> {
  refuse((await permissionsOfRole(tx, role)).filter((permission) => governs(permission) && !isHeld(actor, permission)))
}

/** As `requireNotAbove`, for a role that is changed. @throws Problem beyondOwnRights */
export function requireRoleNotAbove(actor: Actor, permissions: readonly string[]): void {
  refuse(permissions.filter((permission) => governs(permission) && !isHeld(actor, permission)))
}

/** @throws Problem beyondOwnRights, invalidRequest */
export async function requireRoleGivable(tx: Tx, actor: Actor, { role, department_id }: Post): Promise<void> {
  await requireGivable(tx, actor, await permissionsOfRole(tx, role), department_id)
}

/**
 * Nobody gives what they do not hold themselves, in that scope or a wider one. Administrators of the shipped role appoint those who
 * treat and care although they do neither; what governs, and what was withdrawn from them, they do not give on either: a second
 * account would bring it back to them.
 * @throws Problem beyondOwnRights
 */
export async function requireGivable(
  tx: Tx,
  actor: Actor,
  permissions: readonly string[],
  department_id: string | null,
): Promise<void> {
  const missing = permissions.filter((permission) => !covers(actor, permission, department_id))
  if (missing.length === 0) return
  if (actor.role !== 'admin') refuse(missing)
  const withdrawn = new Set(
    (await tx.rows(findDenials(certain(actor.user_id, 'user')))).map(({ permission }) => permission),
  )
  refuse(missing.filter((permission) => governs(permission) || withdrawn.has(unscoped(permission))))
}

/** Another's own records are not one's own, and another department's not those of one's department. */
function covers(actor: Actor, permission: string, department_id: string | null): boolean {
  if (isHeld(actor, permission)) return true
  const isOfDepartment = permission.endsWith(':department') && actor.permissions.has(permission)
  return isOfDepartment && actor.department_id !== undefined && actor.department_id === department_id
}

/** Whether the actor holds it of everyone. */
export function isHeld(actor: Actor, permission: string): boolean {
  return actor.permissions.has(unscoped(permission))
}

function governs(permission: string): boolean {
  return governing.test(permission) && !permission.endsWith(':own')
}

function unscoped(permission: string): string {
  return permission.split(':').slice(0, 2).join(':')
}

/** As many missing permissions as a refusal names. */
const mostNamed = 5

function refuse(missing: readonly string[]): void {
  if (missing.length === 0) return
  const more = missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : ''
  const detail = `You do not hold ${missing.slice(0, mostNamed).join(', ')}${more} for these records: ask an administrator who does`
  throw new Problem(beyondOwnRights, { detail })
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
