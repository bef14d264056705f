// For tests: a doctor and the patients that they treat.
import { sql } from '#platform/database/sql.ts'
import type { Configuration } from '#platform/configuration.ts'
import { type Person, startTestApi } from '../../testing.ts'
import { allergyApi } from '../chart/allergy.contract.ts'
import { conditionApi, type NewCondition } from '../chart/condition.contract.ts'
import { prescriptionApi } from './prescription.contract.ts'

export const amoxicillin = {
  name: 'Amoxicillin',
  code: 'J01CA04',
  dosage: '500 mg',
  form: 'capsule',
  route: 'oral',
  frequency: 'every 8 hours',
  duration_days: 7,
  quantity: 21,
}
export const ibuprofen = { ...amoxicillin, name: 'Ibuprofen', code: null, dosage: '400 mg' }
export const warfarin = {
  ...amoxicillin,
  name: 'Warfarin',
  code: null,
  dosage: '5 mg',
  frequency: 'once daily',
  duration_days: 90,
}

export async function startPrescribing(overrides: Partial<Configuration> = {}) {
  const api = await startTestApi(overrides)
  const department_id = await api.department()
  const doctor = await api.person('doctor', { department_id, doctor: true })
  const nurse = await api.person('nurse', { department_id })

  async function treat(patient_id: string, by: Person = doctor) {
    await api.rows(sql`
      insert into care_relationships (patient_id, department_id, doctor_id, origin, origin_id)
      values (${patient_id}, ${by.department_id ?? null}, ${by.doctor_id ?? null}, 'visit', ${patient_id})`)
  }
  return {
    api,
    department_id,
    doctor,
    nurse,
    treat,
    /** Somebody in the care of the doctor. */
    async patient(who: Parameters<typeof api.patient>[0] = {}): Promise<string> {
      const patient_id = await api.patient(who)
      await treat(patient_id)
      return patient_id
    },
    draft: (patient_id: string, ...medicines: object[]) =>
      doctor.call(prescriptionApi.create, { body: { patient_id, medicines: medicines as (typeof amoxicillin)[] } }),
    sign: (prescription_id: string, body: object = {}, headers: Record<string, string> = {}) =>
      doctor.call(prescriptionApi.sign, { params: { prescription_id }, body }, headers),
    check: (prescription_id: string, body: object = {}) =>
      doctor.call(prescriptionApi.check, { params: { prescription_id }, body }),
    allergy: (patient_id: string, substance: string, severity: 'mild' | 'severe' = 'severe') =>
      doctor.call(allergyApi.add_allergy, { params: { patient_id }, body: { substance, severity } }),
    condition: (patient_id: string, body: NewCondition) =>
      doctor.call(conditionApi.add_condition, { params: { patient_id }, body }),
    verify: async (code: string) => api.call(prescriptionApi.verify, { params: { code } }),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}
