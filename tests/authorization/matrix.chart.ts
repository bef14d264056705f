// The chart: read by whoever treats the patient and by the patient, written by doctors and nurses in whose reach the record is.
import { only, type Row } from './row.ts'

const readers = only('own treating nurse', 'other away_doctor away_nurse')
const writers = only('treating nurse', 'away_doctor away_nurse')

export const chartRows: readonly Row[] = ['allergies/{allergy_id}', 'conditions/{condition_id}'].flatMap((one) => {
  const all = `/api/v1/patients/{patient_id}/${one.split('/')[0]}`
  return [
    { operation: `GET ${all}`, expect: readers },
    { operation: `POST ${all}`, expect: writers },
    { operation: `GET /api/v1/patients/{patient_id}/${one}`, expect: readers },
    { operation: `PUT /api/v1/patients/{patient_id}/${one}`, expect: writers },
    { operation: `DELETE /api/v1/patients/{patient_id}/${one}`, expect: writers },
  ]
})
