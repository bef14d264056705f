import { retentionListApi } from './retention-list.contract.ts'
import { listRetained } from './retention-list.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function retentionListRoutes(): Route[] {
  return implement('retention', retentionListApi, { list: (ctx, { query }) => listRetained(ctx, query) })
}
