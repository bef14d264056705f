// Roles: names for sets of permissions.
import { z } from 'zod'
import { Instant } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { defineProblem, notFound } from '#platform/contract/problem.ts'
import { beyondOwnRights, Permission, RoleName } from './user.contract.ts'

export const roleProtected = defineProblem(
  'role_protected',
  409,
  'The administrator role keeps what is needed to look after users and roles',
)

export const Role = z.object({
  name: z.string(),
  permissions: z.array(z.string()),
  mfa: z.enum(['default', 'optional', 'required']).describe('default: required of administrators in production'),
  is_builtin: z.boolean(),
  updated_at: Instant,
  version: z.int(),
})
export type Role = z.output<typeof Role>

export const RoleDefinition = z.strictObject({
  permissions: z.array(Permission).max(200),
  mfa: z.enum(['default', 'optional', 'required']).default('default'),
})
export type RoleDefinition = z.output<typeof RoleDefinition>

const params = z.strictObject({ name: RoleName })

export const roleApi = {
  list: {
    method: 'GET',
    path: '/api/v1/roles',
    summary: 'The roles and what they may do',
    access: 'roles:read',
    audit: 'none',
    returns: [200, z.object({ items: z.array(Role) })],
    problems: [],
  },
  read: {
    method: 'GET',
    path: '/api/v1/roles/{name}',
    summary: 'A role',
    access: 'roles:read',
    audit: 'none',
    params,
    returns: [200, Role],
    problems: [notFound],
    versioned: true,
  },
  write: {
    method: 'PUT',
    path: '/api/v1/roles/{name}',
    summary: 'Make a role, or replace what it may do',
    description:
      'Takes effect on the next request of everyone who has it; where a second factor is asked for from now on, sessions that were ' +
      'opened without one end. Nobody adds a permission that they lack themselves.',
    access: 'roles:write',
    audit: { action: 'role.write', resource_type: 'role' },
    params,
    body: RoleDefinition,
    example: { permissions: ['patients:find', 'patients:create'], mfa: 'required' },
    returns: [200, Role],
    problems: [beyondOwnRights, roleProtected],
    versioned: true,
  },
} as const satisfies Api
