// Medication requests of a former system as prescriptions of this one. Pure.
import type { Encoded } from '#platform/contract/operation.ts'
import type { prescriptionApi } from '../../server/modules/prescriptions/prescription.contract.ts'

const unstated = 'not stated in the former record'

const routes: readonly (readonly [form: RegExp, route: string])[] = [
  [/oral|chewable/i, 'oral'],
  [/inject|syringe/i, 'injection'],
  [/inhal/i, 'inhalation'],
  [/topical/i, 'topical'],
  [/transdermal/i, 'transdermal'],
  [/vaginal/i, 'vaginal'],
  [/intrauterine/i, 'intrauterine'],
  [/implant/i, 'implant'],
  [/mucosal/i, 'oromucosal'],
]

/**
 * What was requested stands in the name. How often, how long and how much does not stand there: the words say so, and the two
 * numbers that a prescription cannot do without are the least that it takes, so that nobody is thought to take more.
 */
export function toPrescription(
  fields: Readonly<Record<string, string>>,
  whom: { patient_id: string; visit_id: string | undefined },
): Encoded<typeof prescriptionApi.create>['body'] {
  const { display: name = '', authored = '', status = '', rxnorm = '', dosage = '' } = fields
  // Of a combination, one strength is not the dose.
  const strength = name.includes('/') ? undefined : /\d[\d.]*\s?MG\b/i.exec(name)?.[0]
  const [, route = unstated] = routes.find(([form]) => form.test(name)) ?? []
  const { patient_id, visit_id = null } = whom
  return {
    patient_id,
    visit_id,
    notes: `From the former record: requested ${authored.slice(0, 10)}, ${status} there, RxNorm ${rxnorm}.`,
    medicines: [
      {
        name,
        dosage: dosage || strength || unstated,
        route,
        frequency: unstated,
        duration_days: 1,
        quantity: 1,
        instructions: 'Taken over without frequency, duration and quantity: not to be dispensed.',
      },
    ],
  }
}

export const overrideReason = (authored: string) =>
  `Taken over from the former record, where it was requested on ${authored.slice(0, 10)}`
