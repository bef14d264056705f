// The warehouse: read back by DuckDB it says what the figures of the hospital say, and nothing of whom.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import type { Person } from '../../testing.ts'
import { analyticsApi } from '../analytics/analytics.contract.ts'
import { reportApi } from '../reports/report.contract.ts'
import { tableNames, tables } from './columns.ts'
import { aPast, exportTo, period, readWith, startWarehouse } from './warehouse.testing.ts'

let place: Awaited<ReturnType<typeof startWarehouse>>
let duck: Awaited<ReturnType<typeof readWith>>
let admin: Person
let past: Awaited<ReturnType<typeof aPast>>
before(async () => {
  place = await startWarehouse()
  admin = await place.api.person('admin')
  past = await aPast(place.api)
  await exportTo(place.api, place.tree)
  duck = await readWith(place.folder)
})
after(async () => {
  duck[Symbol.dispose]()
  await place[Symbol.asyncDispose]()
})

const within = `date between '${period.from}' and '${period.to}'`
const one = async (question: string) => (await duck.ask(question))[0]
const counts = async (question: string) =>
  Object.fromEntries((await duck.ask(question)).map(({ part, count }) => [part, count]))

describe('figures of the warehouse are those of the hospital', () => {
  it('of appointments by day, status and specialization, of lead time and of who is new', async () => {
    const { items, total } = await admin.call(analyticsApi.appointment_trends, {
      query: { ...period, group_by: 'day' },
    })
    assert.ok(total.appointments === 42)
    assert.deepEqual(
      await counts(
        `select strftime(date, '%Y-%m-%d') as part, count(*) as count from fact_appointment where ${within} group by 1`,
      ),
      Object.fromEntries(
        items.filter(({ appointments }) => appointments > 0).map((day) => [day.from, day.appointments]),
      ),
    )
    assert.deepEqual(
      await counts(`select status as part, count(*) as count from fact_appointment where ${within} group by 1`),
      Object.fromEntries(Object.entries(total.by_status).filter(([, count]) => count > 0)),
    )
    const at_the_time = `select specialization as part, count(*) as count
        from fact_appointment a asof join dim_doctor d on a.doctor_key = d.doctor_key and a.starts_at >= d.in_force_from
       where ${within} group by 1`
    assert.deepEqual(
      await counts(at_the_time),
      Object.fromEntries(
        total.by_specialization.map(({ specialization, appointments }) => [specialization, appointments]),
      ),
    )
    const lead = await one(`select sum(lead_minutes) / count(*) / 60 as hours from fact_appointment where ${within}`)
    assert.equal(lead?.['hours'], total.lead_time_hours)
    const returning = await one(`
      with first_seen as (select patient_key, min(starts_at) as first_at from fact_appointment
                           where status not in ('cancelled', 'no_show') group by 1)
      select count(*) filter (coalesce(f.first_at < a.starts_at, false)) as returning, count(*) as all_of_them
        from fact_appointment a left join first_seen f using (patient_key) where ${within} and status <> 'cancelled'`)
    assert.deepEqual(
      [returning?.['returning'], Number(returning?.['all_of_them']) - Number(returning?.['returning'])],
      [total.returning_patient_appointments, total.new_patient_appointments],
    )
  })

  it('of the time that doctors completed, and of who did not come', async () => {
    const { total } = await admin.call(analyticsApi.doctor_utilization, { query: period })
    const row = await one(`
      select sum(duration_minutes) filter (status = 'completed') as completed_minutes,
             count(*) filter (status = 'no_show') / count(*) filter (status in ('no_show', 'checked_in', 'in_progress', 'completed')) as rate
        from fact_appointment where ${within}`)
    assert.ok(total.completed_minutes > 0)
    assert.deepEqual([row?.['completed_minutes'], row?.['rate']], [total.completed_minutes, total.no_show_rate])
  })

  it('of visits, by department and with their length, and of stays in beds', async () => {
    const { items } = await admin.call(reportApi.visit_volume, { query: { ...period, group_by: 'month' } })
    const visits = await duck.ask(`
      select strftime(min(date), '%Y-%m') as month, department_key, count(*) as visits, count(*) filter (is_open) as open,
             coalesce(sum(ended_minutes), 0) as ended_minutes
        from fact_visit where ${within} group by date_trunc('month', date), department_key order by 1, 2`)
    assert.deepEqual(
      visits.map(({ month, department_key, visits: count, open, ended_minutes }) => [
        month,
        department_key,
        count,
        open,
        Number(ended_minutes),
      ]),
      items.map((item) => [item.from.slice(0, 7), item.department_id, item.visits, item.open, item.ended_minutes]),
    )
    const { total } = await admin.call(analyticsApi.resource_usage, { query: { ...period, group_by: 'type' } })
    const stays = await one(
      `select sum(assigned_minutes) as minutes, count(released_at) as departures from fact_resource_assignment where ${within}`,
    )
    assert.deepEqual([Number(stays?.['minutes']), stays?.['departures']], [total.assigned_minutes, total.departures])
  })

  it('of the administrator', async () => {
    const { appointments, visits, prescriptions } = await admin.call(analyticsApi.admin, { query: period })
    for (const [fact, whole] of Object.entries({
      fact_appointment: appointments,
      fact_visit: visits,
      fact_prescription: prescriptions,
    }))
      assert.deepEqual(
        await counts(`select status as part, count(*) as count from ${fact} where ${within} group by 1`),
        Object.fromEntries(
          whole.parts.filter(({ current }) => current > 0).map(({ part, current }) => [part, current]),
        ),
        fact,
      )
  })
})

describe('the files', () => {
  it('have the columns and the keys that the tables declare, and every date is in the calendar', async () => {
    for (const name of tableNames) {
      const { columns, key } = tables[name]
      const described = await duck.ask(`describe ${name}`)
      assert.deepEqual(
        described.map(({ column_name }) => column_name),
        columns.map((column) => column.name),
        name,
      )
      const doubled = await duck.ask(`select ${key.join(', ')} from ${name} group by all having count(*) > 1`)
      assert.deepEqual(doubled, [], name)
      if (name.startsWith('fact_')) {
        const missing = await duck.ask(`select date from ${name} where date not in (select date from dim_date)`)
        assert.deepEqual(missing, [], name)
      }
    }
  })

  it('hold no id, no name and no exact birth date of a person', async () => {
    const told = JSON.stringify(await Promise.all(tableNames.map((name) => duck.ask(`select * from ${name}`))))
    const ids = await place.api.rows<{ id: string }>(sql`
      select id from patients union all select id from doctors union all select user_id from doctors
      union all select id from appointments union all select id from visits union all select id from resource_assignments`)
    assert.ok(ids.length > 70 && told.length > 10_000)
    for (const { id } of ids) assert.ok(!told.includes(id) && !told.includes(id.replaceAll('-', '')))
    for (const word of ['Amalia', 'Testperson', 'Ada', 'Heart', '1937-06-15']) assert.ok(!told.includes(word), word)
  })

  it('say the year of birth but of who turns ninety, and the decade', async () => {
    const people = await duck.ask(
      `select birth_year, age_class from dim_patient where status = 'active' order by birth_year`,
    )
    assert.equal(people.length, past.patients.length)
    const year = Temporal.Now.plainDateISO('America/New_York').year
    for (const { birth_year, age_class } of people) {
      if (birth_year === null) assert.equal(age_class, '90+')
      else
        assert.ok(
          year - Number(birth_year) < 90 &&
            age_class ===
              `${Math.floor((year - Number(birth_year)) / 10)}0-${Math.floor((year - Number(birth_year)) / 10)}9`.replace(
                /^00-09$/,
                '0-9',
              ),
        )
    }
    assert.ok(people.some(({ birth_year }) => birth_year === null))
  })
})
