// Patients: their record, finding them, whom to call and who pays.
import { emergencyAccessRoutes } from './emergency-access.routes.ts'
import { emergencyContactRoutes } from './emergency-contact.routes.ts'
import { insuranceRoutes } from './insurance.routes.ts'
import { mergeRoutes } from './merge.routes.ts'
import { openPatientNames } from './patient-names.ts'
import { patientRoutes } from './patient.routes.ts'
import { patientSearchRoutes } from './patient-search.routes.ts'
import type { Module } from '#platform/module.ts'

export { findUnclaimedRecord, linkOwnRecord, type OwnMembers, type OwnRecord, readOwnRecord, registerOwnRecord } from './own-record.ts'
export { insuranceTokenSource, patientTokenSource } from './token-sources.ts'

export const patients: Module = {
  name: 'patients',
  async open(system) {
    const names = openPatientNames(system)
    return {
      routes: [
        ...patientRoutes(names),
        ...patientSearchRoutes(names),
        ...emergencyContactRoutes(),
        ...insuranceRoutes(),
        ...emergencyAccessRoutes(),
        ...mergeRoutes(),
      ],
      checks: { name_index: () => names.check() },
      start: () => names.start(),
      stop: () => names.stop(),
    }
  },
}
