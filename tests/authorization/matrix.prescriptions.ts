// Prescriptions: written by the doctor who treats the patient, read by everyone who treats them, by the patient and the administrator.
import { only, type Row } from './row.ts'
import type { Subject, World } from './world.ts'

const readers = only('own treating nurse admin', 'other away_doctor away_nurse')
const everyReader = only('own other treating away_doctor nurse away_nurse admin')
const prescribers = only('treating', 'away_doctor')
const dispensers = only('treating nurse admin', 'away_doctor away_nurse')

const medicines = [
  {
    name: 'Loratadine',
    dosage: '10 mg',
    route: 'oral',
    frequency: 'daily',
    duration_days: 10,
    quantity: 10,
  },
]
const signed = async ({ ids }: Subject, { prescriber }: World) => {
  const url = `/api/v1/prescriptions/${ids['prescription_id']}/sign`
  const answer = await (
    await prescriber()
  ).send({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  if (answer.status !== 200) throw new Error(`the prescription cannot be signed for the test: ${answer.text}`)
}
const one = '/api/v1/prescriptions/{prescription_id}'

export const prescriptionRows: readonly Row[] = [
  {
    operation: 'POST /api/v1/prescriptions',
    expect: prescribers,
    ask: ({ ids }) => ({ body: { patient_id: ids['patient_id'], medicines } }),
  },
  { operation: 'GET /api/v1/prescriptions', expect: everyReader },
  { operation: 'GET /api/v1/patients/{patient_id}/prescriptions', expect: readers },
  { operation: 'GET /api/v1/patients/{patient_id}/current-medicines', expect: readers },
  // A draft is none yet to its patient.
  { operation: `GET ${one}`, expect: readers, prepare: signed },
  { operation: `PUT ${one}`, expect: prescribers, ask: () => ({ body: { medicines } }) },
  { operation: `POST ${one}/check`, expect: prescribers },
  { operation: `POST ${one}/sign`, expect: prescribers },
  { operation: `POST ${one}/cancel`, expect: prescribers },
  { operation: `POST ${one}/dispense`, expect: dispensers, prepare: signed },
  { operation: `GET ${one}/pdf`, expect: readers, prepare: signed },
  {
    operation: 'GET /api/v1/prescriptions/verify/{code}',
    expect: only('anonymous own other treating away_doctor nurse away_nurse staff admin auditor nobody'),
  },
]
