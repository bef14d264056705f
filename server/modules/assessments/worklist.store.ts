import { literal, type Sql, sql } from '#platform/database/sql.ts'
import type { AssessmentDraft, OpenAlert } from './worklist.contract.ts'

const most = 100

export function listOpenAlerts(): Sql<OpenAlert> {
  return sql`
    select l.assessment_id, a.kind, a.visit_id, l.patient_id, l.reason, l.raised_at, l.addressed_to, l.level
      from assessment_alerts l join assessments a on a.id = l.assessment_id
     where l.acknowledged_at is null order by l.raised_at, l.id limit ${literal(most)}`
}

export function listOwnDrafts(user_id: string): Sql<AssessmentDraft> {
  return sql`
    select id, visit_id, patient_id, kind, status, updated_at from assessments
     where author_id = ${user_id} and status in ('draft', 'preliminary') order by id limit ${literal(most)}`
}
