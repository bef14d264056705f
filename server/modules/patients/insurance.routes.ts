import { insuranceApi } from './insurance.contract.ts'
import {
  addInsurance,
  listPatientInsurances,
  removeInsurance,
  replaceInsurance,
  verifyInsurance,
} from './insurance.service.ts'
import { implement, type Route } from '#platform/http/mount.ts'

export function insuranceRoutes(): Route[] {
  return implement('patients', insuranceApi, {
    list_insurances: (ctx, { params, query }) => listPatientInsurances(ctx, params.patient_id, query),
    add_insurance: (ctx, { params, body }) => addInsurance(ctx, params.patient_id, body),
    replace_insurance: (ctx, { params, body }) => replaceInsurance(ctx, params.patient_id, params.insurance_id, body),
    remove_insurance: (ctx, { params }) => removeInsurance(ctx, params.patient_id, params.insurance_id),
    verify_insurance: (ctx, { params, body }) =>
      verifyInsurance(ctx, params.patient_id, params.insurance_id, body.status),
  })
}
