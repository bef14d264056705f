import { implement, type Route } from '#platform/http/mount.ts'
import { listWarehouseRuns, orderRun, readRun } from './run.service.ts'
import { warehouseApi } from './warehouse.contract.ts'

export function warehouseRoutes(): Route[] {
  return implement('warehouse', warehouseApi, {
    create: (ctx, { body }) => orderRun(ctx, body),
    list: (ctx, { query }) => listWarehouseRuns(ctx, query),
    read: (ctx, { params }) => readRun(ctx, params.run_id),
  })
}
