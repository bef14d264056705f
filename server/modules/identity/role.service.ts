// Roles. Raising a role's version makes the database refuse what servers still believe of everyone who has it.
import { notFound, Problem, stale } from '#platform/contract/problem.ts'
import type { Context } from '#platform/context.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { isHeld, requireRoleNotAbove } from './granting.ts'
import { type Role, type RoleDefinition, roleProtected } from './role.contract.ts'
import { needsSecondFactor } from './second-factor.ts'
import { endOneFactorSessions } from './sessions.ts'
import { beyondOwnRights } from './user.contract.ts'

const keptByAdmin = ['users:create', 'users:read', 'users:update', 'users:delete', 'roles:read', 'roles:write']

const columns = sql`name, permissions, mfa, is_builtin, updated_at, version`

export async function listRoles(ctx: Context): Promise<{ items: Role[] }> {
  return { items: await ctx.database.once((tx) => tx.rows(sql<Role>`select ${columns} from roles order by name`)) }
}

/** @throws Problem notFound */
export async function readRole(ctx: Context, name: string): Promise<Role> {
  const role = await ctx.database.once((tx) => tx.first(sql<Role>`select ${columns} from roles where name = ${name}`))
  if (!role) throw new Problem(notFound)
  return role
}

/** @throws Problem beyondOwnRights, roleProtected, stale */
export async function writeRole(ctx: Context, name: string, { permissions, mfa }: RoleDefinition): Promise<Role> {
  const wanted = [...new Set(permissions)].toSorted()
  if (name === 'admin' && !keptByAdmin.every((permission) => wanted.includes(permission)))
    throw new Problem(roleProtected)
  return ctx.database.transaction(async (tx) => {
    await tx.run(sql`select pg_advisory_xact_lock(7203441005)`)
    const before = await tx.first(sql<Role>`select ${columns} from roles where name = ${name}`)
    if (ctx.if_match !== undefined && ctx.if_match !== before?.version) throw new Problem(stale)
    const known = new Set(before?.permissions)
    if (before) requireRoleNotAbove(ctx.actor, before.permissions)
    const added = wanted.filter((permission) => !known.has(permission))
    // A role has no department: what one holds for a department only is not for a role to give.
    const missing = added.filter((permission) => !isHeld(ctx.actor, permission))
    if (missing.length > 0) throw new Problem(beyondOwnRights, { detail: `You do not have ${missing.join(', ')}` })
    const removed = [...known].filter((permission) => !wanted.includes(permission))
    const saved = await tx.one(saveRole(name, wanted, mfa))
    if (needsSecondFactor(ctx.system.configuration, { role: name, mfa_policy: mfa }))
      await endOneFactorSessions(tx, { role: name })
    tx.audit({ action: 'role.write', resource_type: 'role', details: { name, added, removed, mfa } })
    return saved
  })
}

function saveRole(name: string, permissions: readonly string[], mfa: string): Sql<Role> {
  return sql`
    insert into roles (name, permissions, mfa) values (${name}, ${permissions}, ${mfa})
    on conflict (name) do update set permissions = excluded.permissions, mfa = excluded.mfa, version = roles.version + 1, updated_at = now()
    returning roles.name, roles.permissions, roles.mfa, roles.is_builtin, roles.updated_at, roles.version`
}
