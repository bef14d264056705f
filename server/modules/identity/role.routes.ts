import { implement, type Route } from '#platform/http/mount.ts'
import { roleApi } from './role.contract.ts'
import { listRoles, readRole, writeRole } from './role.service.ts'

export function roleRoutes(): Route[] {
  return implement('roles', roleApi, {
    list: (ctx) => listRoles(ctx),
    read: (ctx, { params }) => readRole(ctx, params.name),
    write: (ctx, { params, body }) => writeRole(ctx, params.name, body),
  })
}
