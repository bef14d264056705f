import { disclosureApi } from './disclosure.contract.ts'
import { listOfPatient, recordDisclosure, suspendDisclosure } from './disclosure.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function disclosureRoutes(): Route[] {
  return implement('disclosures', disclosureApi, {
    list_disclosures: (ctx, { params, query }) => listOfPatient(ctx, params.patient_id, query),
    record_disclosure: (ctx, { params, body }) => recordDisclosure(ctx, params.patient_id, body),
    suspend_disclosure: (ctx, { params, body }) => suspendDisclosure(ctx, params, body),
  })
}
