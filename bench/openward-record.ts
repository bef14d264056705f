// The record of somebody who has been here very often, written straight into the database.
import { withClient } from './postgres.ts'

const fill = `
  with of_doctor as (select doctor_id from appointments where patient_id = $1 limit 1),
  days as (select now() - make_interval(days => n + 30) as day, n from generate_series(1, $2::int) as n),
  visited as (
    insert into visits (visit_number, patient_id, doctor_id, department_id, type, status, opened_at, closed_at)
    select 'BENCH-' || n, $1, doctor_id, (select id from departments order by id limit 1), 'outpatient', 'completed',
           day, day + interval '20 minutes'
      from days, of_doctor)
  insert into appointments (confirmation_code, patient_id, doctor_id, during, status)
  select 'BENCH-VISIT-' || n, $1, doctor_id, tstzrange(day, day + interval '20 minutes'), 'completed' from days, of_doctor`

/** So many visits of the patient before last month, a day apart, each with its appointment at the doctor who treats them. */
export async function fillRecord(url: string, patient_id: string, visits: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('begin')
    await client.query('set local session_replication_role = replica')
    await client.query(fill, [patient_id, visits])
    await client.query('commit')
  })
}
