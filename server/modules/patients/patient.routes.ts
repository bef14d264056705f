import { changePatient, replacePatient } from './patient-change.ts'
import { patientApi } from './patient.contract.ts'
import type { PatientNames } from './patient-names.ts'
import { deletePatient, readPatient, restorePatient } from './patient.service.ts'
import { registerPatient } from './registration.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function patientRoutes(names: PatientNames): Route[] {
  return implement('patients', patientApi, {
    register: (ctx, { body }) => registerPatient(ctx, names, body),
    read: (ctx, { params }) => readPatient(ctx, params.patient_id),
    replace: (ctx, { params, body }) => replacePatient(ctx, names, params.patient_id, body),
    change: (ctx, { params, body }) => changePatient(ctx, names, params.patient_id, body),
    delete: (ctx, { params, query }) => deletePatient(ctx, params.patient_id, query.cancel_appointments),
    restore: (ctx, { params }) => restorePatient(ctx, params.patient_id),
  })
}
