// Visits: read and led by the department and whoever treats, opened by staff too, who see the status and not why somebody came.
import { sql } from '#platform/database/sql.ts'
import { only, type Row } from './row.ts'
import type { Subject, World } from './world.ts'

const readers = only('own treating nurse staff admin', 'other away_doctor away_nurse')
const writers = only('treating nurse admin', 'away_doctor away_nurse')
const lists = only('own other treating away_doctor nurse away_nurse staff admin')

/** One for a doctor, and one for whoever takes who is not triaged yet. */
async function triaged({ ids }: Subject, { api, subject }: World) {
  await subject()
  await api.rows(
    sql`update visits set status = 'triaged' where patient_id = ${ids['patient_id']} and status = 'registered'`,
  )
}
const department = ({ ids }: Subject) => ({ department_id: ids['department_id'] ?? '' })

export const visitRows: readonly Row[] = [
  {
    // Who finds somebody opens a visit for them, in their own department.
    operation: 'POST /api/v1/visits',
    expect: { ...only('treating nurse staff admin'), away_doctor: 403, away_nurse: 403 },
    ask: (subject) => ({ body: { patient_id: subject.ids['patient_id'], ...department(subject) } }),
    prepare: async ({ ids }, { api }) => {
      await api.rows(sql`
        update visits set status = 'left_without_being_seen', closed_at = now() where patient_id = ${ids['patient_id']}`)
    },
  },
  { operation: 'GET /api/v1/visits', expect: lists },
  { operation: 'GET /api/v1/patients/{patient_id}/visits', expect: readers },
  { operation: 'GET /api/v1/visits/queue', expect: lists, ask: (subject) => ({ query: department(subject) }) },
  {
    operation: 'POST /api/v1/visits/queue/next',
    expect: only('treating nurse admin', 'away_doctor away_nurse'),
    prepare: triaged,
    ask: (subject) => ({ body: department(subject) }),
  },
  { operation: 'GET /api/v1/visits/{visit_id}', expect: readers },
  { operation: 'PUT /api/v1/visits/{visit_id}', expect: writers },
  { operation: 'PUT /api/v1/visits/{visit_id}/status', expect: writers },
  {
    operation: 'GET /api/v1/visits/{visit_id}/history',
    expect: only('own treating nurse admin', 'other away_doctor away_nurse'),
  },
]
