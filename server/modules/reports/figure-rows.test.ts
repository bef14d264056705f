// Every figure of every report is the sum of its rows, whatever happened, however it is narrowed, and whoever asks.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { forbidden, invalidRequest, malformed, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { analyticsApi, figuresOfAll } from '../analytics/analytics.contract.ts'
import { type FigureRow, figureRowsApi } from '../analytics/figure-rows.contract.ts'
import { utilizationParts } from '../analytics/doctor-days.ts'
import { trendSums } from '../analytics/doctor-rows.ts'
import { usageSums } from '../analytics/usage-rows.store.ts'
import { events, happen, past, type Place, startPast } from './past.testing.ts'
import { reportApi } from './report.contract.ts'
import { reportRowsApi } from './report-rows.contract.ts'
import { prescriptionParts, visitParts } from './report.store.ts'

let api: TestApi
let place: Place
let admin: Person
/** Sees figures, and no record. */
let counter: Person
before(async () => {
  api = await startTestApi()
  place = await startPast(api)
  ;({ admin } = place)
  await api.rows(sql`insert into roles (name, permissions) values ('counter', '{analytics:read,reports:read}')`)
  counter = await api.person('counter')
})
after(() => api[Symbol.asyncDispose]())

type Asked = Readonly<Record<string, string | null | undefined>>
let compared = 0

/** All pages at the address that an answer names, narrowed, added up. Of null: what is in none. */
async function rowsAt(who: Person, address: string, asked: Asked): Promise<FigureRow[]> {
  const url = new URL(address, 'http://localhost')
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) url.searchParams.set(name, value ?? '')
  url.searchParams.set('limit', '37')
  const rows: FigureRow[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    if (cursor !== undefined) url.searchParams.set('cursor', cursor)
    const { status, text } = await who.send({ method: 'GET', url: `${url.pathname}${url.search}`, headers: {} })
    assert.equal(status, 200, `${url.search} ${text}`)
    const page = JSON.parse(text) as { items: FigureRow[]; next_cursor: string | null }
    rows.push(...page.items)
    cursor = page.next_cursor
  }
  return rows
}

async function addsUp(who: Person, address: string, figure: string, value: unknown, asked: Asked = {}): Promise<void> {
  const rows = await rowsAt(who, address, { ...asked, figure })
  const sum = rows.reduce((total, row) => total + row.value, 0)
  assert.equal(sum, value, `${figure} of ${address} ${JSON.stringify(asked)}`)
  assert.ok(rows.every((row) => row.value !== 0))
  compared += 1
}

async function everyFigureOfDoctors(
  who: Person,
  filters: { doctor_id?: string; department_id?: string },
): Promise<void> {
  const query = { ...past, ...filters }
  const { total, items, rows } = await who.call(analyticsApi.doctor_utilization, {
    query: { ...query, group_by: 'department' },
  })
  const flat = { ...total, ...total.by_status }
  for (const figure of utilizationParts) await addsUp(who, rows, figure, flat[figure])
  for (const { department_id, ...item } of items) {
    await addsUp(who, rows, 'booked_minutes', item.booked_minutes, { department_id })
    await addsUp(who, rows, 'outside_minutes', item.outside_minutes, { department_id })
  }
  const trends = await who.call(analyticsApi.appointment_trends, { query: { ...query, group_by: 'week' } })
  const counted = { ...trends.total, ...trends.total.by_status, lead_minutes: 0 }
  for (const figure of trendSums) if (figure !== 'lead_minutes') await addsUp(who, trends.rows, figure, counted[figure])
  const lead = await rowsAt(who, trends.rows, { figure: 'lead_minutes' })
  const hours = lead.reduce((sum, { value }) => sum + value, 0) / counted.appointments / 60
  if (counted.appointments > 0) assert.ok(Math.abs(hours - (counted.lead_time_hours ?? 0)) < 1e-6)
  for (const { specialization, appointments } of trends.total.by_specialization)
    await addsUp(who, trends.rows, 'appointments', appointments, { specialization })
  for (const { from, to, by_status } of trends.items)
    await addsUp(who, trends.rows, 'no_show', by_status.no_show, { from, to })
}

async function everyFigureOfResources(filters: { ward?: string; department_id?: string }): Promise<void> {
  const query = { ...past, ...filters }
  const { total, items, rows } = await admin.call(analyticsApi.resource_usage, {
    query: { ...query, group_by: 'ward' },
  })
  const of = async (figures: typeof total, asked: Asked) => {
    for (const figure of usageSums) {
      if (figure !== 'ended_stay_minutes') await addsUp(admin, rows, figure, figures[figure], asked)
      else if (figures.departures > 0) {
        const ended = await rowsAt(admin, rows, { ...asked, figure })
        const hours = ended.reduce((sum, { value }) => sum + value, 0) / figures.departures / 60
        assert.ok(Math.abs(hours - (figures.mean_stay_hours ?? NaN)) < 1e-6, `mean stay ${JSON.stringify(asked)}`)
      }
    }
  }
  await of(total, {})
  for (const { type, ward, ...item } of items) await of(item, { type, ward })
  if (filters.ward !== undefined || filters.department_id !== undefined) return
  const single = await admin.call(analyticsApi.resource_usage, { query: { ...query, group_by: 'resource' } })
  for (const { resource_id, ward, ...item } of single.items)
    await addsUp(admin, rows, 'assigned_minutes', item.assigned_minutes, { resource_id, ward })
  const days = await admin.call(analyticsApi.resource_usage, { query: { ...query, group_by: 'day' } })
  for (const { from, to, ...item } of days.items.slice(4, 8)) await of(item, { from, to })
}

async function everyFigureOfThePeriod(who: Person): Promise<void> {
  const { rows, ...answer } = await who.call(analyticsApi.admin, { query: { from: '2025-03-10', to: '2025-03-16' } })
  for (const figure of ['users', 'appointments', 'visits', 'prescriptions', 'documents'] as const) {
    const { current, previous, parts } = answer[figure]
    await addsUp(who, rows, figure, current)
    await addsUp(who, rows, figure, previous, { period: 'previous' })
    for (const part of parts) {
      await addsUp(who, rows, figure, part.current, { part: part.part })
      await addsUp(who, rows, figure, part.previous, { part: part.part, period: 'previous' })
    }
  }
  const glance = await who.call(reportApi.dashboard, { query: past })
  assert.equal(glance.items.length, 8)
  for (const { metric, value } of glance.items) await addsUp(who, glance.rows, metric, value)
}

async function everyFigureOfReports(who: Person, filters: { doctor_id?: string }): Promise<void> {
  const query = { ...past, group_by: 'week', ...filters } as const
  const visits = await who.call(reportApi.visit_volume, { query })
  for (const { from, to, department_id, type, ...item } of visits.items)
    for (const figure of visitParts)
      await addsUp(who, visits.rows, figure, item[figure], { from, to, department_id, visit_type: type })
  const prescriptions = await who.call(reportApi.prescriptions, { query })
  for (const { from, to, doctor_id, ...item } of prescriptions.items)
    for (const figure of prescriptionParts)
      await addsUp(who, prescriptions.rows, figure, item[figure], { from, to, doctor_id })
}

async function everyFigureOfPeople(): Promise<void> {
  const people = await admin.call(reportApi.patient_statistics, { query: past })
  for (const { age_band, gender, patients, new_patients } of people.items) {
    await addsUp(admin, people.rows, 'patients', patients, { age_band, gender })
    await addsUp(admin, people.rows, 'new_patients', new_patients, { age_band, gender })
  }
  const women = await admin.call(reportApi.patient_statistics, { query: { ...past, gender: 'FEMALE' } })
  await addsUp(
    admin,
    women.rows,
    'patients',
    women.items.reduce((sum, { patients }) => sum + patients, 0),
  )
  for (const department_id of [undefined, ...place.departments]) {
    const found = await admin.call(reportApi.clinical_assessments, { query: { ...past, department_id } })
    for (const { topic, part, assessments, flagged } of found.items) {
      await addsUp(admin, found.rows, 'assessments', assessments, { topic, part })
      await addsUp(admin, found.rows, 'flagged', flagged, { topic, part })
    }
  }
}

describe('the rows of a figure', () => {
  it('add up to it, of every figure, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        await happen(place, list)
        const [north, south] = place.departments
        const [first, , third] = place.doctors
        for (const filters of [
          {},
          { department_id: north },
          { department_id: south, doctor_id: first ?? '' },
          { doctor_id: third ?? '' },
        ])
          await everyFigureOfDoctors(admin, filters)
        for (const filters of [{}, { ward: 'Ward A' }, { department_id: south }]) await everyFigureOfResources(filters)
        await everyFigureOfThePeriod(admin)
        await everyFigureOfReports(admin, {})
        await everyFigureOfPeople()
      }),
      { numRuns: 2, endOnFailure: true },
    )
    assert.ok(compared > 500, `only ${compared} figures were compared`)
  })

  it('are of a doctor those of the own figures, and of theirs only', async () => {
    const [doctor, other] = place.people
    assert.ok(doctor && other)
    await everyFigureOfDoctors(doctor, {})
    await everyFigureOfReports(doctor, {})
    const { rows } = await doctor.call(analyticsApi.appointment_trends, { query: past })
    const seen = await rowsAt(doctor, rows, { figure: 'appointments' })
    assert.ok(seen.length > 2, `${seen.length}`)
    for (const { doctor_id, id } of seen) assert.deepEqual([doctor_id, id === null], [doctor.doctor_id, false])
    const ask = (query: object) => doctor.call(figureRowsApi.list, { query: query as never })
    const appointments = { subject: 'appointment_trends', figure: 'appointments' }
    await assert.rejects(ask({ ...appointments, doctor_id: other.doctor_id }), refusedWith(notFound))
    await assert.rejects(ask({ subject: 'resource_usage', figure: 'departures' }), refusedWith(figuresOfAll))
    await assert.rejects(
      doctor.call(reportRowsApi.list, { query: { report: 'dashboard', figure: 'patients' } }),
      refusedWith(figuresOfAll),
    )
    const nurse = await api.person('nurse')
    await assert.rejects(
      nurse.call(reportRowsApi.list, { query: { report: 'dashboard', figure: 'patients' } }),
      refusedWith(forbidden),
    )
  })

  it('add up for whoever may see no record, and say none; others are led to it', async () => {
    await everyFigureOfThePeriod(counter)
    const { rows } = await counter.call(reportApi.dashboard, { query: past })
    for (const { metric } of (await counter.call(reportApi.dashboard, { query: past })).items)
      for (const { id, address } of await rowsAt(counter, rows, { figure: metric }))
        assert.deepEqual([id, address], [null, null])
    const [visit] = await rowsAt(admin, rows, { figure: 'visits' })
    const { status } = await admin.send({ method: 'GET', url: visit?.address ?? '', headers: {} })
    assert.equal(status, 200)
    // What a nurse found is not for administrators.
    const alerts = await rowsAt(admin, rows, { figure: 'open_alerts' })
    assert.ok(alerts.length > 0 && alerts.every(({ id }) => id === null))
  })

  it('go on by cursors that tell nothing, and that fit the question that they were given for', async () => {
    const address = (await admin.call(reportApi.dashboard, { query: past })).rows
    const firstPage = async (who: Person, query: Asked) => {
      const url = new URL(address, 'http://localhost')
      for (const [name, value] of Object.entries({ ...query, limit: '1' })) url.searchParams.set(name, value ?? '')
      const { status, text } = await who.send({ method: 'GET', url: `${url.pathname}${url.search}`, headers: {} })
      return { status, ...(JSON.parse(text) as { code?: string; items: FigureRow[]; next_cursor: string }) }
    }
    const asked = { figure: 'visits' }
    const [seen, { next_cursor: cursor }] = await Promise.all([firstPage(admin, asked), firstPage(counter, asked)])
    const [id, at] = [seen.items[0]?.id ?? '', seen.items[0]?.at ?? '']
    assert.match(id, /^[0-9a-f-]{36}$/)
    const bytes = Buffer.from(cursor, 'base64url')
    for (const told of [cursor, bytes.toString('latin1')]) assert.ok(!told.includes(id) && !told.includes(at))
    assert.ok(!bytes.includes(Buffer.from(id.replaceAll('-', ''), 'hex')))

    const next = await firstPage(counter, { ...asked, cursor })
    assert.deepEqual([next.status, next.items[0]?.id], [200, null])
    const altered = `${cursor.slice(0, 40)}${cursor[40] === 'A' ? 'B' : 'A'}${cursor.slice(41)}`
    const plain = btoa(`${at} ${id}`).replaceAll('=', '')
    for (const [given, query] of [
      [altered, asked],
      [`${cursor}.`, asked],
      [plain, asked],
      [cursor, { figure: 'prescriptions' }],
      [cursor, { ...asked, to: '2025-03-15' }],
    ] as const) {
      const { status, code } = await firstPage(counter, { ...query, cursor: given })
      assert.deepEqual([status, code], [400, malformed.code], `${given} ${JSON.stringify(query)}`)
    }
  })

  it('add up of entries of the audit log', async () => {
    const query = { action: 'report.rows', role: 'doctor', outcome: 'denied' } as const
    const { items, rows } = await admin.call(reportApi.audit, { query })
    const entries = items.reduce((sum, item) => sum + item.entries, 0)
    assert.ok(entries > 0)
    await addsUp(admin, rows, 'entries', entries)
  })

  it('name no person', async () => {
    for (const row of await rowsAt(admin, (await admin.call(reportApi.dashboard, { query: past })).rows, {
      figure: 'visits',
    }))
      for (const patient_id of place.patients) assert.ok(!JSON.stringify(row).includes(patient_id))
  })

  it('are asked for by a figure that is a sum, and what narrows it', async () => {
    const refused = (query: object, path: string) =>
      assert.rejects(admin.call(figureRowsApi.list, { query: query as never }), refusedWith(invalidRequest, path))
    await refused({ subject: 'doctor_utilization', figure: 'utilization' }, '/query/figure')
    await refused({ subject: 'doctor_utilization', figure: 'appointments', ward: 'Ward A' }, '/query/ward')
    await refused({ subject: 'admin_analytics', figure: 'visits', doctor_id: place.doctors[0] }, '/query/doctor_id')
    await assert.rejects(
      admin.call(reportRowsApi.list, { query: { report: 'clinical_assessments', figure: 'flagged' } }),
      refusedWith(invalidRequest, '/query/topic'),
    )
    await assert.rejects(
      admin.call(reportRowsApi.list, { query: { report: 'dashboard', figure: 'patients', cursor: 'x' } }),
      refusedWith(malformed),
    )
  })
})
