import { exportApi } from './export.contract.ts'
import { exportOwn, fetchExport, makeExportLink } from './export.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function exportRoutes(): Route[] {
  return implement('patient_exports', exportApi, {
    export: (ctx, { params }) => exportOwn(ctx, params.patient_id),
    make_link: (ctx, { params, body }) => makeExportLink(ctx, params.patient_id, body),
    fetch: (ctx, { params }) => fetchExport(ctx, params.export_id),
  })
}
