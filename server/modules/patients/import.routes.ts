import { importApi } from './import.contract.ts'
import { type Imports, readImport } from './import.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function importRoutes(imports: Imports): Route[] {
  return implement('patient_imports', importApi, {
    import: (ctx, { body }) => imports.begin(ctx, body.file, body.dry_run === 'true'),
    read: (ctx, { params, query }) => readImport(ctx, params.import_id, query.from_line, query.limit),
  })
}
