// Patients: their record, finding them, whom to call and who pays.
import { disclosureRoutes } from './disclosure.routes.ts'
import { emergencyAccessRoutes } from './emergency-access.routes.ts'
import { emergencyContactRoutes } from './emergency-contact.routes.ts'
import { erasureRoutes } from './erasure.routes.ts'
import { exportRoutes } from './export.routes.ts'
import { importRoutes } from './import.routes.ts'
import { openImports } from './import.service.ts'
import { insuranceRoutes } from './insurance.routes.ts'
import { mergeRoutes } from './merge.routes.ts'
import { openPatientNames } from './patient-names.ts'
import { patientRoutes } from './patient.routes.ts'
import { patientSearchRoutes } from './patient-search.routes.ts'
import { retentionListRoutes } from './retention-list.routes.ts'
import { findEndedRetentions, retentionSchedule } from './retention-list.service.ts'
import type { Module } from '#platform/module.ts'

export type { TimelineSource } from './timeline-source.ts'
export { normaliseName } from './names.ts'
export { openCard } from './patient.sealing.ts'
export {
  cardOf,
  type Changeable,
  isOwnRecord,
  lockChangeable,
  readOfPatient,
  readPerson,
  sealChanges,
} from './changeable.ts'
export { joinOwnRecord, type OwnMembers, readOwnRecord, registerOwnRecord } from './own-record.ts'
export { emailOf, type SealedBy, tryEmailOf, tryOpenCard } from './patient.sealing.ts'
export { isToldToPatient } from './disclosure.store.ts'
export { listEmergencyContacts } from './emergency-contact.service.ts'
export { listPatientInsurances } from './insurance.service.ts'
export { eraseAgain } from './erase-again.ts'
export { erasePatient } from './erasure.service.ts'
export { findErased } from './erasure.store.ts'
export { importPatients } from './import.service.ts'
export { insuranceTokenSource, patientTokenSource } from './token-sources.ts'

export const patients: Module = {
  name: 'patients',
  async open(system, jobs) {
    jobs.schedule(retentionSchedule, ({ signal }) => findEndedRetentions(system, signal))
    const names = openPatientNames(system)
    const imports = openImports(system)
    return {
      routes: [
        ...patientRoutes(names),
        ...patientSearchRoutes(names),
        ...emergencyContactRoutes(),
        ...insuranceRoutes(),
        ...emergencyAccessRoutes(),
        ...mergeRoutes(),
        ...importRoutes(imports),
        ...erasureRoutes(),
        ...retentionListRoutes(),
        ...exportRoutes(),
        ...disclosureRoutes(),
      ],
      checks: { name_index: () => names.check() },
      async start() {
        // What can fail first: it is begun again where the database is away.
        await names.start()
        imports.start()
      },
      async stop() {
        await imports.stop()
        await names.stop()
      },
    }
  },
}
