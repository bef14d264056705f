import type { PatientNames } from './patient-names.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { listCards } from './patient-cards.service.ts'
import { listOpenPatients, searchPatients } from './patient-search.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function patientSearchRoutes(names: PatientNames): Route[] {
  return implement('patients', patientSearchApi, {
    list: (ctx, { query }) => listOpenPatients(ctx, names, query),
    find: (ctx, { query }) => searchPatients(ctx, names, 'query', query),
    search: (ctx, { body }) => searchPatients(ctx, names, 'body', body),
    cards: (ctx, { body }) => listCards(ctx, body.patient_ids),
  })
}
