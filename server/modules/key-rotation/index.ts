// Rotating keys while servers run: for the command line, which connects as the owner of the database.
export { rotateAuditKey } from './audit-key.ts'
export { rotateIndexRoot } from './index-roots.ts'
export { countByKek, rotateMasterKey } from './master-key.ts'
export { rotatePatientKeys } from './patient-keys.ts'
export { type Outcome, type Rotation, rotationDatabase, RotationRunning } from './rotation.ts'
export { describeKeys } from './status.ts'
export { rotateSystemKeys } from './system-keys.ts'
