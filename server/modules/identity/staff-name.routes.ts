import { implement, type Route } from '#platform/http/mount.ts'
import { staffNameApi } from './staff-name.contract.ts'
import { listStaffNames } from './staff-names.ts'

export function staffNameRoutes(): Route[] {
  return implement('staff', staffNameApi, { list: (ctx, { query }) => listStaffNames(ctx, query.ids) })
}
