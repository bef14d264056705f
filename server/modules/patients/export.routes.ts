import { exportApi } from './export.contract.ts'
import { exportPatient } from './export.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function exportRoutes(): Route[] {
  return implement('patient_exports', exportApi, { export: (ctx, { params }) => exportPatient(ctx, params.patient_id) })
}
