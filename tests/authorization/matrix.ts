// Who may do what: every operation × everyone, as the table of roles, permissions and scopes says it (spec 2-domain). Read from
// that table, never from what the server does. `ok` is an answer, or a refusal that only comes after the authorization.
import { sql } from '#platform/database/sql.ts'
import { enqueueJob } from '#platform/jobs/enqueue.ts'
import { mailJob } from '#platform/mail/queue.ts'
import { accountRows } from './matrix.accounts.ts'
import { assessmentRows } from './matrix.assessments.ts'
import { bookingRows } from './matrix.booking.ts'
import { chartRows } from './matrix.chart.ts'
import { prescriptionRows } from './matrix.prescriptions.ts'
import { notificationRows } from './matrix.notifications.ts'
import { patientRows } from './matrix.patients.ts'
import { documentRows } from './matrix.documents.ts'
import { figureRows } from './matrix.figures.ts'
import { eventRows } from './matrix.events.ts'
import { resourceRows } from './matrix.resources.ts'
import { scheduleRows } from './matrix.schedules.ts'
import { visitRows } from './matrix.visits.ts'
import { adminOnly, only, type Row } from './row.ts'

export const matrix: readonly Row[] = [
  ...accountRows,
  ...patientRows,
  ...eventRows,
  ...bookingRows,
  ...scheduleRows,
  ...resourceRows,
  ...documentRows,
  ...notificationRows,
  ...visitRows,
  ...assessmentRows,
  ...chartRows,
  ...prescriptionRows,
  ...figureRows,

  // The audit log: everything for admin and auditor, a patient the accesses to their own record.
  { operation: 'GET /api/v1/audit-logs', expect: only('admin auditor own other') },
  {
    operation: 'POST /api/v1/audit-logs/subjects',
    expect: only('admin auditor'),
    ask: () => ({ body: { q: 'robin' } }),
  },
  { operation: 'GET /api/v1/audit-logs/verify', expect: only('admin auditor') },
  { operation: 'GET /api/v1/audit-logs/roots', expect: only('admin auditor') },
  { operation: 'GET /api/v1/watched-records', expect: only('admin auditor'), finds: true },
  { operation: 'PUT /api/v1/watched-records/{patient_id}', expect: only('admin auditor') },
  {
    operation: 'DELETE /api/v1/watched-records/{patient_id}',
    expect: only('admin auditor'),
    prepare: async ({ ids }, { api }) =>
      void (await api.rows(sql`
        insert into watched_records (patient_id, watched_by) values (${ids['patient_id']}, ${ids['user_id']})
        on conflict do nothing`)),
  },
  { operation: 'GET /api/v1/activity-findings', expect: only('admin auditor'), finds: true },
  {
    operation: 'POST /api/v1/activity-findings/{finding_id}/close',
    expect: only('admin auditor'),
    ask: () => ({ body: { verdict: 'justified', remark: 'Covered the ward' } }),
    prepare: async ({ ids }, { api }) =>
      void (await api.rows(sql`
        insert into activity_findings (id, kind, user_id, night_of, first_at, last_at, entries)
        values (${ids['finding_id']}, 'after_hours', ${ids['user_id']}, current_date, now(), now(), 1)`)),
  },
  {
    operation: 'GET /api/v1/authz/explain',
    expect: adminOnly,
    ask: ({ ids }) => ({ query: { user_id: ids['user_id'] ?? '', patient_id: ids['patient_id'] ?? '' } }),
  },

  // The work behind the requests: the administrator.
  { operation: 'GET /api/v1/jobs', expect: adminOnly },
  {
    operation: 'POST /api/v1/jobs/{job_id}/retry',
    expect: adminOnly,
    prepare: async ({ ids }, { api }) => {
      const key = ids['job_id'] ?? ''
      await api.database.once((tx) => enqueueJob(tx, mailJob, { mail_id: key }, { key }))
      await api.rows(
        sql`update pgboss.job set id = ${key}, state = 'failed', completed_on = now() where singleton_key = ${key}`,
      )
    },
  },
]
