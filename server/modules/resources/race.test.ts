import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { resourceApi } from './resource.contract.ts'
import { makeResource, newCode } from './ward.testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(() => api[Symbol.asyncDispose]())

async function deadlocks(): Promise<number> {
  await api.rows(sql`select pg_stat_force_next_flush()`)
  const [row] = await api.rows<{ deadlocks: string }>(
    sql`select deadlocks from pg_stat_database where datname = current_database()`,
  )
  return Number(row?.deadlocks)
}

async function send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object) {
  const { status, text } = await staff.send({
    method,
    url: `/api/v1/resources/${path}`,
    headers: body ? { 'content-type': 'application/json' } : {},
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status, answer: JSON.parse(text) as { id: string; code: string; assigned_at: string } }
}
const assign = (id: string, patient_id: string) => send('POST', `${id}/assign`, { patient_id })
const transfer = (id: string, to_resource_id: string) => send('POST', `${id}/transfer`, { to_resource_id })
const release = (id: string) => send('DELETE', `${id}/assign`)
const setStatus = (id: string, status: string) => send('PUT', `${id}/status`, { status })
const patients = (count: number) => Promise.all(Array.from({ length: count }, () => api.patient()))
const beds = (count: number, lanes = 1) =>
  Promise.all(Array.from({ length: count }, () => makeResource(staff, { lanes })))
const count = (answers: readonly { status: number }[]) =>
  Object.fromEntries(
    Object.entries(Object.groupBy(answers, ({ status }) => status)).map(([status, all]) => [status, all?.length]),
  )
const only = (answers: readonly { status: number }[], ...allowed: number[]) =>
  assert.deepEqual(
    Object.keys(count(answers)).filter((status) => !allowed.includes(Number(status))),
    [],
  )

/** Pairs of stays that have one lane, or one patient in two beds, at one time. */
const doubles = () =>
  api.rows(sql`
    select a.id from resource_assignments a join resource_assignments b on a.id < b.id
       and tstzrange(a.assigned_at, a.released_at) && tstzrange(b.assigned_at, b.released_at)
       and ((a.resource_id = b.resource_id and a.lane = b.lane) or (a.patient_id = b.patient_id and a.is_bed and b.is_bed))`)

describe('a race', () => {
  let deadlocks_before: number
  beforeEach(async () => {
    deadlocks_before = await deadlocks()
  })
  const settle = async () => {
    assert.deepEqual(await doubles(), [])
    assert.equal(await deadlocks(), deadlocks_before, 'somebody was thrown out of a deadlock')
  }

  it('of 100 for one bed gives it to one, and names the others what is free', async () => {
    const [bed] = await beds(1)
    const answers = await Promise.all((await patients(100)).map((patient) => assign(bed?.id ?? '', patient)))
    assert.deepEqual(count(answers), { 201: 1, 409: 99 })
    for (const { status, answer } of answers) if (status === 409) assert.equal(answer.code, 'resource_unavailable')
    await settle()
  })

  it('of 100 for a bed with three lanes gives three', async () => {
    const [bed] = await beds(1, 3)
    const answers = await Promise.all((await patients(100)).map((patient) => assign(bed?.id ?? '', patient)))
    assert.deepEqual(count(answers), { 201: 3, 409: 97 })
    await settle()
  })

  it('for a bed, with the release of the one before, has nobody in two at any time', async () => {
    const [left, taken] = await beds(2)
    const [patient = ''] = await patients(1)
    await assign(left?.id ?? '', patient)
    const owner = new pg.Client({ connectionString: api.owner_url })
    await owner.connect()
    try {
      await owner.query('begin')
      // As where the clock is read for the new stay, and then for the end of the old one.
      const { rows } = await owner.query<{ released_at: Date }>(
        `update resource_assignments set released_at = clock_timestamp() + interval '2 seconds'
          where patient_id = $1 returning released_at`,
        [patient],
      )
      const assigning = assign(taken?.id ?? '', patient)
      await api.untilWaiting()
      await owner.query('commit')
      const { status, answer } = await assigning
      assert.equal(status, 201)
      assert.ok(Date.parse(answer.assigned_at) >= (rows[0]?.released_at.getTime() ?? Infinity))
    } finally {
      await owner.end()
    }
    await settle()
  })

  it('of one patient for 30 beds gives them one', async () => {
    const [patient = ''] = await patients(1)
    const answers = await Promise.all((await beds(30)).map(({ id }) => assign(id, patient)))
    assert.deepEqual(count(answers), { 201: 1, 409: 29 })
    for (const { status, answer } of answers) if (status === 409) assert.equal(answer.code, 'patient_has_bed')
    await settle()
  })

  it('of moves that cross each other, with assignments and releases between them, ends for everyone', async () => {
    const ring = await beds(4, 2)
    const people = await patients(12)
    const at = (index: number) => ring[index % ring.length]?.id ?? ''
    await Promise.all(people.slice(0, 4).map((patient, index) => assign(at(index), patient)))
    const answers: { status: number }[] = []
    for (let round = 0; round < 8; round += 1) {
      const step = 1 + (round % 3)
      const crowd = people.flatMap((patient, index) => [
        transfer(at(index), at(index + step)),
        transfer(at(index + step), at(index)),
        ...(index % 3 === 0 ? [assign(at(round), patient), release(at(index)), setStatus(at(index), 'available')] : []),
      ])
      answers.push(...(await Promise.all([...crowd, ...ring.map(({ id }) => setStatus(id, 'available'))])))
    }
    only(answers, 200, 201, 409)
    assert.ok((count(answers)[200] ?? 0) > 20, JSON.stringify(count(answers)))
    await settle()
  })

  it('between a bed that is given and one that goes out of service leaves nobody in it', async () => {
    for (const status of ['maintenance', 'retired', 'cleaning']) {
      const ring = await beds(10)
      const people = await patients(10)
      const answers = await Promise.all(
        ring.flatMap(({ id }, index) => [assign(id, people[index] ?? ''), setStatus(id, status)]),
      )
      only(answers, 200, 201, 409)
      const rows = await api.rows(sql`
        select r.id from resources r join resource_assignments a on a.resource_id = r.id and a.released_at is null
         where r.id = any(${ring.map(({ id }) => id)}) and r.state <> 'in_service'`)
      assert.deepEqual(rows, [])
    }
    await settle()
  })

  it('of 60 for overlapping times of one room gives times that do not overlap', async () => {
    const room = await makeResource(staff, { type: 'operating_room' })
    const from = Temporal.Now.instant().add({ hours: 48 }).round('hour')
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        send('POST', `${room.id}/reservations`, {
          starts_at: from.add({ minutes: (at % 6) * 20 }).toString(),
          ends_at: from.add({ minutes: (at % 6) * 20 + 40 }).toString(),
        }),
      ),
    )
    only(answers, 201, 409)
    assert.ok((count(answers)[201] ?? 0) >= 2)
    const overlaps = await api.rows(sql`
      select a.id from resource_reservations a join resource_reservations b
          on a.id < b.id and a.resource_id = b.resource_id and a.lane = b.lane and a.during && b.during
       where a.cancelled_at is null and b.cancelled_at is null`)
    assert.deepEqual(overlaps, [])
    await settle()
  })

  it('of appointments that take several resources in any order, while patients are moved, ends for everyone', async () => {
    const ring = await beds(4)
    const ids = ring.map(({ id }) => id)
    const [one = '', other = ''] = await patients(2)
    await Promise.all([assign(ids[0] ?? '', one), assign(ids[1] ?? '', other)])
    const from = Temporal.Now.instant().add({ hours: 72 }).round('hour')
    const reserve = (at: number) =>
      api.database
        .once((tx) =>
          tx.run(sql`
            select openward.reserve_resources(${at % 2 === 0 ? ids : ids.toReversed()}::uuid[], ${from.toString()},
                                              ${from.add({ minutes: 30 }).toString()}, null, null, null)`),
        )
        .then(
          () => ({ status: 201 }),
          (error: { constraint?: string }) => ({
            status: error.constraint === 'resource_reservations_free' ? 409 : 500,
          }),
        )
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => [
        reserve(at),
        transfer(ids[at % 4] ?? '', ids[(at + 2) % 4] ?? ''),
        setStatus(ids[at % 4] ?? '', 'available'),
      ]).flat(),
    )
    only(answers, 200, 201, 409)
    assert.equal(count(answers)[201], 1)
    await settle()
  })
})

describe('the database', () => {
  const violates = (name: string | RegExp) => (error: unknown) => {
    const { constraint = '' } = error as { constraint?: string }
    return typeof name === 'string' ? constraint === name : name.test(constraint)
  }
  const insert = (resource_id: string, patient_id: string, lane = 1) =>
    api.rows<{ id: string }>(
      sql`insert into resource_assignments (resource_id, patient_id, lane) values (${resource_id}, ${patient_id}, ${lane}) returning id`,
    )

  it('gives a lane to one, a patient one bed, and nothing of what is out of service, by any path', async () => {
    const [bed, other] = await beds(2)
    assert.ok(bed && other)
    const [one = '', two = ''] = await patients(2)
    const [stay] = await insert(bed.id, one)
    await assert.rejects(insert(bed.id, two), violates(/^resource_assignments_one_(current|holder)$/))
    await assert.rejects(insert(other.id, one), violates('resource_assignments_one_bed'))
    await assert.rejects(insert(other.id, two, 2), violates('resource_assignments_lane'))
    for (const state of ['maintenance', 'retired']) {
      await assert.rejects(
        api.rows(
          sql`update resources set state = ${state}, retired_at = case ${state} when 'retired' then now() end where id = ${bed.id}`,
        ),
        violates('resource_assignments_held'),
      )
    }
    await assert.rejects(
      api.rows(sql`update resources set type = 'room' where id = ${bed.id}`),
      violates('resource_assignments_held'),
    )
    await api.rows(sql`update resources set state = 'cleaning' where id = ${other.id}`)
    await assert.rejects(insert(other.id, two), violates('resource_assignments_in_service'))
    await api.rows(sql`update resource_assignments set released_at = clock_timestamp() where id = ${stay?.id}`)
    await assert.rejects(
      api.rows(sql`update resource_assignments set released_at = null where id = ${stay?.id}`),
      violates('resource_assignments_released_once'),
    )
    await insert(bed.id, two)
    await assert.rejects(
      api.rows(sql`insert into resource_assignments (resource_id, patient_id, assigned_at, released_at)
                   select resource_id, ${two}, assigned_at, released_at + interval '1 hour' from resource_assignments where id = ${stay?.id}`),
      violates('resource_assignments_one_holder'),
    )
  })

  it('follows in what it says of a resource, whatever happens to its assignments', async () => {
    const room = await makeResource(staff, { type: 'room', code: newCode() })
    const [patient = ''] = await patients(1)
    const status = async () => (await staff.call(resourceApi.get, { params: { resource_id: room.id } })).status
    const [stay] = await insert(room.id, patient)
    assert.equal(await status(), 'occupied')
    await api.rows(sql`update resource_assignments set released_at = clock_timestamp() where id = ${stay?.id}`)
    assert.equal(await status(), 'available')
    await insert(room.id, patient)
    assert.equal(await status(), 'occupied')
    await api.rows(sql`delete from resource_assignments where resource_id = ${room.id}`)
    assert.equal(await status(), 'available')
  })
})
