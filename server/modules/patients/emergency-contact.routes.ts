import { emergencyContactApi } from './emergency-contact.contract.ts'
import {
  addEmergencyContact,
  listEmergencyContacts,
  removeEmergencyContact,
  replaceEmergencyContact,
} from './emergency-contact.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function emergencyContactRoutes(): Route[] {
  return implement('patients', emergencyContactApi, {
    list_contacts: (ctx, { params, query }) => listEmergencyContacts(ctx, params.patient_id, query),
    add_contact: (ctx, { params, body }) => addEmergencyContact(ctx, params.patient_id, body),
    replace_contact: (ctx, { params, body }) =>
      replaceEmergencyContact(ctx, params.patient_id, params.contact_id, body),
    remove_contact: (ctx, { params }) => removeEmergencyContact(ctx, params.patient_id, params.contact_id),
  })
}
