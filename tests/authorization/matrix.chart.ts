// The chart: read by whoever treats the patient and by the patient, written by doctors and nurses in whose reach the record is.
import { randomUUID } from 'node:crypto'
import { only, type Row } from './row.ts'
import type { Subject, World } from './world.ts'

const readers = only('own treating nurse', 'other away_doctor away_nurse')
const writers = only('treating nurse', 'away_doctor away_nurse')

const entryRows: readonly Row[] = ['allergies/{allergy_id}', 'conditions/{condition_id}'].flatMap((one) => {
  const all = `/api/v1/patients/{patient_id}/${one.split('/')[0]}`
  return [
    { operation: `GET ${all}`, expect: readers },
    { operation: `POST ${all}`, expect: writers },
    { operation: `GET /api/v1/patients/{patient_id}/${one}`, expect: readers },
    { operation: `PUT /api/v1/patients/{patient_id}/${one}`, expect: writers },
    { operation: `DELETE /api/v1/patients/{patient_id}/${one}`, expect: writers },
  ]
})

const note = '/api/v1/notes/{note_id}'
/** A draft is its author's alone: here the doctor who treats. */
const author = only('treating', 'nurse away_doctor away_nurse')
const signed = async ({ ids }: Subject, { prescriber }: World) => {
  const url = `/api/v1/notes/${ids['note_id']}/sign`
  const answer = await (await prescriber()).send({ method: 'POST', url, headers: {} })
  if (answer.status !== 200) throw new Error(`the note cannot be signed for the test: ${answer.text}`)
}

export const chartRows: readonly Row[] = [
  ...entryRows,
  { operation: 'POST /api/v1/visits/{visit_id}/notes', expect: writers },
  { operation: 'GET /api/v1/visits/{visit_id}/notes', expect: readers },
  { operation: 'GET /api/v1/notes/drafts', expect: only('treating nurse away_doctor away_nurse') },
  { operation: `GET ${note}`, when: 'a draft', expect: only('treating', 'own nurse other away_doctor away_nurse') },
  { operation: `PUT ${note}`, expect: author },
  { operation: `POST ${note}/sign`, expect: author },
  { operation: `POST ${note}/amend`, expect: author, prepare: signed },
  {
    operation: `GET ${note}/versions`,
    when: 'of a draft',
    expect: only('treating', 'own nurse other away_doctor away_nurse'),
  },
  {
    operation: 'GET /api/v1/staff/names',
    expect: only('own other treating away_doctor nurse away_nurse staff admin'),
    ask: (_subject, person) => ({ query: { ids: person?.user_id ?? randomUUID() } }),
    entries: 0,
  },
  {
    operation: 'GET /api/v1/patients/{patient_id}/timeline',
    expect: only('own treating nurse staff admin', 'other away_doctor away_nurse'),
  },
]
