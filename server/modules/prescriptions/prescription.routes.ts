import { implement, type Route } from '#platform/http/mount.ts'
import type { Rules } from './check.ts'
import { currentMedicineApi } from './current-medicine.contract.ts'
import { readMedicinesOfPatient } from './current-medicines.ts'
import { dispense } from './dispense.service.ts'
import { prescriptionApi } from './prescription.contract.ts'
import { printPrescription } from './prescription-pdf.service.ts'
import {
  cancelPrescription,
  changeDraft,
  createPrescription,
  getPrescription,
  listInReach,
  listOfPatient,
} from './prescription.service.ts'
import { checkDraft, signDraft } from './sign.service.ts'
import { type Decoy, verifyCode } from './verify.service.ts'

export function prescriptionRoutes(rules: Rules | undefined, decoy: Decoy): Route[] {
  const ofPatient = implement('current_medicines', currentMedicineApi, {
    list: (ctx, { params }) => readMedicinesOfPatient(ctx, params.patient_id),
  })
  const rest = implement('prescriptions', prescriptionApi, {
    create: (ctx, { body }) => createPrescription(ctx, body),
    list: (ctx, { query }) => listInReach(ctx, query),
    listOfPatient: (ctx, { params, query }) => listOfPatient(ctx, params.patient_id, query),
    get: (ctx, { params }) => getPrescription(ctx, params.prescription_id),
    change: (ctx, { params, body }) => changeDraft(ctx, params.prescription_id, body),
    check: (ctx, { params, body }) => checkDraft(ctx, rules, params.prescription_id, body),
    sign: (ctx, { params, body }) => signDraft(ctx, rules, params.prescription_id, body),
    cancel: (ctx, { params, body }) => cancelPrescription(ctx, params.prescription_id, body),
    dispense: (ctx, { params }) => dispense(ctx, params.prescription_id),
    // The contract calls what is sent a string; it is written while it is sent.
    pdf: (ctx, { params, query }) =>
      printPrescription(ctx, params.prescription_id, query.language) as unknown as Promise<string>,
    verify: (ctx, { params }) => verifyCode(ctx, decoy, params.code),
  })
  return [...ofPatient, ...rest]
}
