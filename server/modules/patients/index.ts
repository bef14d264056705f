// Patients: their record, finding them, whom to call and who pays.
import type { Module } from '#platform/module.ts'
import { patientRoutes } from './patient.routes.ts'

export const patients: Module = {
  name: 'patients',
  async open() {
    const names = {
      search: async () => ({ ids: [], is_complete: false }),
      bornOn: async () => [],
      changed: () => undefined,
    }
    return { routes: patientRoutes(names) }
  },
}
