// Use of beds: through transfers of patients, beds that are moved, maintenance, and the ends of a period.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, type Person, startTestApi, type TestApi } from '../../testing.ts'
import { assignmentApi } from '../resources/assignment.contract.ts'
import { resourceApi } from '../resources/resource.contract.ts'
import { analyticsApi, figuresOfAll } from './analytics.contract.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const read = (query: object, who: Person = admin) => who.call(analyticsApi.resource_usage, { query })
const day = { from: '2025-03-10', to: '2025-03-10' }
const day_minutes = 1440

async function bed(ward: string, { since = '2025-01-01', type = 'bed', lanes = 1 } = {}): Promise<string> {
  const made = await admin.call(resourceApi.create, {
    body: { type: type as 'bed', name: 'Bed', code: randomUUID().slice(0, 13).toUpperCase(), ward, lanes },
  })
  await api.rows(sql`update resource_states set in_force_from = ${since}::timestamptz where resource_id = ${made.id}`)
  return made.id
}

type Stay = {
  resource_id: string
  patient_id: string
  from: string
  until: string | null
  moved_from_id?: string
  lane?: number
}
async function stay({ resource_id, patient_id, from, until, moved_from_id, lane = 1 }: Stay): Promise<string> {
  const [row] = await api.rows<{ id: string }>(sql`
    insert into resource_assignments (resource_id, patient_id, is_bed, lane, assigned_at, released_at, moved_from_id)
    values (${resource_id}, ${patient_id}, true, ${lane}, ${from}::timestamptz, ${until}::timestamptz, ${moved_from_id ?? null}) returning id`)
  return row?.id ?? ''
}
async function stateAt(
  resource_id: string,
  at: string,
  { state = 'in_service', ward = '' }: { state?: string; ward?: string },
) {
  await api.rows(sql`insert into resource_states (resource_id, in_force_from, state, ward, lanes)
                     select ${resource_id}, ${at}::timestamptz, ${state}, coalesce(nullif(${ward}, ''), ward), lanes from resource_states where resource_id = ${resource_id}
                      order by in_force_from desc limit 1`)
}
const name = () => `Ward ${randomUUID().slice(0, 8)}`

describe('the use of beds', () => {
  it('is the same through any number of states that count alike, by day as well, and leaves maintenance out', async () => {
    const ward = name()
    const resource_id = await bed(ward)
    // Cleaned every six hours; out of service for six of them on the second day, and back.
    for (let at = 0; at < 12; at += 1) {
      const state = at === 5 ? 'maintenance' : at % 2 === 0 ? 'cleaning' : 'in_service'
      const since = Temporal.Instant.from('2025-03-10T04:00:00Z').add({ hours: 6 * at })
      await stateAt(resource_id, since.toString(), { state })
    }
    const patient_id = await api.patient()
    await stay({ resource_id, patient_id, from: '2025-03-10T10:30:00Z', until: '2025-03-12T09:00:00Z' })
    const days = { from: '2025-03-10', to: '2025-03-12', ward }
    const { total } = await read(days)
    const { items } = await read({ ...days, group_by: 'day' })
    assert.deepEqual(
      [total.available_minutes, total.assigned_minutes, total.departures],
      [3 * day_minutes - 360, 46.5 * 60, 1],
    )
    assert.deepEqual(
      items.map((item) => [item.available_minutes, item.assigned_minutes, item.departures]),
      [
        [day_minutes, 17.5 * 60, 0],
        [day_minutes - 360, day_minutes, 0],
        [day_minutes, 5 * 60, 1],
      ],
    )
  })

  it('is the assigned time by the available, cut to the period', async () => {
    const ward = name()
    const [one] = [await bed(ward), await bed(ward)]
    await stay({
      resource_id: one,
      patient_id: await api.patient(),
      from: '2025-03-09T00:00:00Z',
      until: '2025-03-10T10:00:00Z',
    })
    await stay({
      resource_id: one,
      patient_id: await api.patient(),
      from: '2025-03-11T00:00:00Z',
      until: '2025-03-12T00:00:00Z',
    })
    const { total, items } = await read({ ...day, ward })
    // The local day is from 4:00 to 4:00 in UTC.
    assert.deepEqual(total, {
      available_minutes: 2 * day_minutes,
      assigned_minutes: 10 * 60,
      occupancy: 0.208333,
      departures: 1,
      mean_stay_hours: 34,
      mean_places: 2,
      turnover: 0.5,
    })
    assert.deepEqual(items, [{ ...day, is_partial: false, type: 'bed', ward, resource_id: null, ...total }])
  })

  it('ends no stay with a transfer within the ward, and one with a transfer out of it', async () => {
    const [here, there] = [name(), name()]
    const patient_id = await api.patient()
    const [first, second, third] = [await bed(here), await bed(here), await bed(there)]
    const one = await stay({
      resource_id: first,
      patient_id,
      from: '2025-03-08T12:00:00Z',
      until: '2025-03-10T05:00:00Z',
    })
    const two = await stay({
      resource_id: second,
      patient_id,
      from: '2025-03-10T05:00:00Z',
      until: '2025-03-10T12:00:00Z',
      moved_from_id: one,
    })
    await stay({
      resource_id: third,
      patient_id,
      from: '2025-03-10T12:00:00Z',
      until: '2025-03-10T18:00:00Z',
      moved_from_id: two,
    })
    const of_here = (await read({ ...day, ward: here })).total
    assert.deepEqual([of_here.departures, of_here.mean_stay_hours, of_here.assigned_minutes], [1, 48, 8 * 60])
    const of_there = (await read({ ...day, ward: there })).total
    assert.deepEqual([of_there.departures, of_there.mean_stay_hours, of_there.assigned_minutes], [1, 6, 6 * 60])
  })

  it('knows a transfer that is made now', async () => {
    const ward = name()
    const [resource_id, to_resource_id] = [await bed(ward), await bed(ward)]
    const patient_id = await api.patient()
    await admin.call(assignmentApi.assign, { params: { resource_id }, body: { patient_id } })
    await admin.call(assignmentApi.transfer, { params: { resource_id }, body: { to_resource_id } })
    const chain = await api.rows<{ is_chained: boolean }>(sql`
      select n.moved_from_id = p.id as is_chained from resource_assignments n, resource_assignments p
       where n.patient_id = ${patient_id} and p.patient_id = n.patient_id and n.released_at is null and p.released_at is not null`)
    assert.deepEqual(chain, [{ is_chained: true }])
    // As if it had been some hours ago: what is released stays released, but for the owner of this database.
    await api.rows(sql`alter table resource_assignments disable trigger released_once`)
    await api.rows(sql`update resource_assignments set assigned_at = assigned_at - interval '2 hours', released_at = released_at - interval '2 hours'
                        where patient_id = ${patient_id}`)
    await api.rows(sql`alter table resource_assignments enable trigger released_once`)
    const today = Temporal.Now.plainDateISO('America/New_York')
    const period = { from: today.subtract({ days: 1 }).toString(), to: today.toString(), ward }
    assert.equal((await read(period)).total.departures, 0)
    await api.rows(
      sql`update resource_assignments set moved_from_id = null where patient_id = ${patient_id} and released_at is null`,
    )
    assert.equal((await read(period)).total.departures, 1, 'a release and an assignment that are no transfer')
    const moved = await admin.call(resourceApi.setStatus, { params: { resource_id }, body: { status: 'maintenance' } })
    assert.equal(moved.status, 'maintenance')
    const states = await api.rows<{ state: string }>(
      sql`select state from resource_states where resource_id = ${resource_id} order by in_force_from`,
    )
    assert.equal(states.at(-1)?.state, 'maintenance')
  })

  it('counts a bed in each ward for its time there, and not while it is out of service', async () => {
    const [here, there] = [name(), name()]
    const resource_id = await bed(here)
    await stay({
      resource_id,
      patient_id: await api.patient(),
      from: '2025-03-10T05:00:00Z',
      until: '2025-03-10T12:00:00Z',
    })
    await stateAt(resource_id, '2025-03-10T10:00:00Z', { ward: there })
    await stateAt(resource_id, '2025-03-10T14:00:00Z', { state: 'maintenance' })
    await stateAt(resource_id, '2025-03-10T20:00:00Z', { state: 'cleaning' })
    await stateAt(resource_id, '2025-03-11T02:00:00Z', { state: 'retired' })
    const of = async (ward: string) => {
      const { available_minutes, assigned_minutes, departures } = (await read({ ...day, ward })).total
      return [available_minutes / 60, assigned_minutes / 60, departures]
    }
    assert.deepEqual(await of(here), [6, 5, 0])
    assert.deepEqual(await of(there), [4 + 6, 2, 1])
  })

  it('has more room where a bed has lanes', async () => {
    const ward = name()
    const resource_id = await bed(ward, { lanes: 2 })
    for (const lane of [1, 2])
      await stay({
        resource_id,
        lane,
        patient_id: await api.patient(),
        from: '2025-03-01T00:00:00Z',
        until: '2025-04-01T00:00:00Z',
      })
    const { occupancy, mean_places } = (await read({ ...day, ward })).total
    assert.deepEqual([occupancy, mean_places], [1, 2])
  })

  it('counts nothing that has not passed yet', async () => {
    const ward = name()
    const resource_id = await bed(ward)
    await stay({ resource_id, patient_id: await api.patient(), from: '2025-03-01T00:00:00Z', until: null })
    const today = Temporal.Now.plainDateISO('America/New_York')
    const { total, counted_until, is_over } = await read({
      from: today.toString(),
      to: today.add({ days: 20 }).toString(),
      ward,
    })
    assert.equal(is_over, false)
    assert.ok(Date.parse(counted_until) <= Date.now())
    assert.ok(total.available_minutes <= 25 * 60)
    assert.equal(total.assigned_minutes, total.available_minutes)
    const ahead = await read({ from: today.add({ days: 5 }).toString(), to: today.add({ days: 9 }).toString(), ward })
    assert.deepEqual([ahead.total.available_minutes, ahead.total.occupancy, ahead.total.mean_places], [0, null, null])
  })

  it('adds up, however it is grouped, through the changes of the clocks', async () => {
    const query = { from: '2025-03-01', to: '2025-03-31' }
    const { total } = await read(query)
    assert.ok(total.assigned_minutes > 0 && total.departures > 0)
    for (const group_by of ['ward', 'type', 'resource', 'day', 'week', 'month']) {
      const { items } = await read({ ...query, group_by })
      for (const part of ['available_minutes', 'assigned_minutes', 'departures'] as const)
        assert.equal(
          items.reduce((sum, item) => sum + item[part], 0),
          total[part],
          `${part} by ${group_by}`,
        )
    }
    const days = await read({ ...query, group_by: 'day', ward: 'none of that name' })
    assert.equal(days.items.length, 31)
    const [short] = (await read({ from: '2025-03-09', to: '2025-03-09' })).items
    const [usual] = (await read({ from: '2025-03-08', to: '2025-03-08' })).items
    assert.equal((short?.available_minutes ?? 0) * 24, (usual?.available_minutes ?? 0) * 23)
  })

  it('is for whoever sees the figures of all', async () => {
    await assert.rejects(read(day, await api.person('doctor', { doctor: true })), refusedWith(figuresOfAll))
  })
})
