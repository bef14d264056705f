// Assessments: read by whoever treats the patient, by the patient when they are final; written by nurses and doctors, of radiology by
// doctors, in whose reach the record is.
import { only, type Row } from './row.ts'
import type { Subject, World } from './world.ts'

const readers = only('own treating nurse', 'other away_doctor away_nurse')
const nurses = only('treating nurse', 'away_doctor away_nurse')
const doctors = only('treating', 'away_doctor')
const authors = only('treating', 'other away_doctor away_nurse')

/** Those who may have one begin a draft. */
const drafted = (kind: string) => async (subject: Subject, world: World) => {
  for (const actor of ['treating', 'nurse'] as const) {
    const person = await world.personOf(actor, subject)
    await person?.send({
      method: 'POST',
      url: `/api/v1/visits/${subject.ids['visit_id']}/${kind}-assessment`,
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
  }
}

/** One that the treating doctor left behind. */
const leftBehind = async (subject: Subject, world: World) => {
  const author = await world.personOf('treating', subject)
  const answer = await author?.send({
    method: 'POST',
    url: `/api/v1/visits/${subject.ids['visit_id']}/nursing-assessment`,
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  const { id, assessment_id = id } = JSON.parse(answer?.text ?? '{}') as { id?: string; assessment_id?: string }
  subject.ids['assessment_id'] = assessment_id ?? ''
}

export const assessmentRows: readonly Row[] = [
  ...(['nursing', 'radiology'] as const).flatMap((kind): Row[] => {
    const path = `/api/v1/visits/{visit_id}/${kind}-assessment`
    const writers = kind === 'nursing' ? nurses : doctors
    return [
      { operation: `POST ${path}`, expect: writers },
      { operation: `GET ${path}`, expect: readers },
      { operation: `PUT ${path}`, expect: writers, prepare: drafted(kind) },
      { operation: `GET ${path}/prefill`, expect: writers },
    ]
  }),
  ...['alerts', 'drafts'].map((list) => ({
    operation: `GET /api/v1/assessments/${list}`,
    expect: only('treating away_doctor nurse away_nurse'),
  })),
  { operation: 'GET /api/v1/visits/{visit_id}/assessments', expect: readers },
  { operation: 'GET /api/v1/assessments/{assessment_id}', expect: readers },
  { operation: 'PUT /api/v1/assessments/{assessment_id}', expect: authors, never_succeeds: 'it is signed' },
  { operation: 'POST /api/v1/assessments/{assessment_id}/finalize', expect: authors, never_succeeds: 'it is signed' },
  {
    operation: 'POST /api/v1/assessments/{assessment_id}/discard',
    expect: only('treating admin', 'away_doctor away_nurse'),
    prepare: leftBehind,
    ask: () => ({ body: { reason: 'Its author has left the house' } }),
  },
  {
    operation: 'POST /api/v1/assessments/{assessment_id}/amend',
    expect: only('treating nurse', 'other away_doctor away_nurse'),
  },
  {
    operation: 'POST /api/v1/assessments/{assessment_id}/acknowledge',
    expect: only('treating nurse', 'other away_doctor away_nurse'),
  },
  { operation: 'GET /api/v1/assessments/{assessment_id}/versions', expect: readers },
  { operation: 'GET /api/v1/patients/{patient_id}/vital-signs', expect: readers },
]
