import { implement, type Route } from '#platform/http/mount.ts'
import { explainApi } from './explain.contract.ts'
import { explainAccess } from './explain.service.ts'

export function explainRoutes(): Route[] {
  return implement('access', explainApi, { explain: (ctx, { query }) => explainAccess(ctx, query) })
}
