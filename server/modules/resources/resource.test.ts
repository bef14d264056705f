import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, malformed, notFound, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { departmentUnknown } from '../doctors/doctor.contract.ts'
import { assignmentApi } from './assignment.contract.ts'
import { stateOf, transitions } from './life-cycle.ts'
import { reservationApi } from './reservation.contract.ts'
import {
  invalidResourceStatus,
  lanesInUse,
  resourceApi,
  resourceCodeTaken,
  resourceOccupied,
  resourceReserved,
  type SettableStatus,
} from './resource.contract.ts'
import { makeResource, newCode } from './ward.testing.ts'

let api: TestApi
let staff: Person
let nurse: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  nurse = await api.person('nurse')
})
after(() => api[Symbol.asyncDispose]())

const of = ({ id }: { id: string }) => ({ params: { resource_id: id } })
const inMinutes = (minutes: number) => Temporal.Now.instant().add({ minutes }).toString({ smallestUnit: 'second' })

describe('a resource', () => {
  it('is described by those who manage resources, and read with its status by whoever assigns', async () => {
    const department_id = await api.department()
    const body = {
      type: 'icu_bed' as const,
      name: 'Bed 1',
      code: newCode(),
      ward: 'North',
      department_id,
      location: 'Floor 2',
      attributes: { oxygen: true, max_weight_kg: 250, note: 'by the window' },
    }
    const made = await staff.call(resourceApi.create, { body })
    const { id, created_at, updated_at, ...shown } = made
    assert.deepEqual(shown, { ...body, lanes: 1, free_lanes: 1, status: 'available', version: 1 })
    assert.equal(created_at, updated_at)
    assert.deepEqual(await nurse.call(resourceApi.get, of({ id })), made)
    const events = await api.rows<{ type: string; patient_id: string | null }>(
      sql`select type, patient_id from events where subject_id = ${id}`,
    )
    assert.deepEqual(events, [{ type: 'resource.created', patient_id: null }])
  })

  it('has a code of its own', async () => {
    const { code } = await makeResource(staff)
    await assert.rejects(makeResource(staff, { code }), refusedWith(resourceCodeTaken))
    const other = await makeResource(staff)
    await assert.rejects(
      staff.call(resourceApi.replace, { ...of(other), body: { name: 'B', code } }),
      refusedWith(resourceCodeTaken),
    )
  })

  const wrong: [string, object, string][] = [
    ['a type that there is not', { type: 'sofa' }, '/body/type'],
    ['a code with a space', { code: 'B 1' }, '/body/code'],
    ['no lane', { lanes: 0 }, '/body/lanes'],
    ['nine lanes', { lanes: 9 }, '/body/lanes'],
    ['a nested attribute', { attributes: { a: { b: 1 } } }, '/body/attributes/a'],
    [
      'seventeen attributes',
      { attributes: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`a${at}`, at])) },
      '/body/attributes',
    ],
    ['a status', { status: 'occupied' }, '/body/status'],
  ]
  for (const [what, part, path] of wrong) {
    it(`is refused with ${what}`, async () => {
      const body = { type: 'bed', name: 'B', code: newCode(), ...part }
      const answer = await staff.send({
        method: 'POST',
        url: '/api/v1/resources',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      assert.equal(answer.status, 422, answer.text)
      assert.match(answer.text, new RegExp(`"${path}"`))
    })
  }

  it('takes the largest attributes that its contract allows', async () => {
    const entries = Array.from({ length: 16 }, (_, at) => [
      `${'k'.repeat(38)}${String(at).padStart(2, '0')}`,
      '"'.repeat(200),
    ])
    const attributes = Object.fromEntries(entries) as Record<string, string>
    assert.deepEqual((await makeResource(staff, { attributes })).attributes, attributes)
    const numbers = Object.fromEntries(entries.map(([name]) => [name, -Number.MIN_VALUE])) as Record<string, number>
    assert.deepEqual((await makeResource(staff, { attributes: numbers })).attributes, numbers)
  })

  it('belongs to a department that there is', async () => {
    await assert.rejects(makeResource(staff, { department_id: staff.user_id }), refusedWith(departmentUnknown))
  })

  it('is described anew by one of two who read the same version', async () => {
    const made = await makeResource(staff, { ward: 'A', attributes: { oxygen: true } })
    const body = { name: 'New name', code: made.code, ward: 'B' }
    const changed = await staff.call(resourceApi.replace, { ...of(made), body }, { 'if-match': '"v1"' })
    assert.deepEqual(
      [changed.name, changed.ward, changed.attributes, changed.type, changed.version],
      ['New name', 'B', {}, 'bed', 2],
    )
    await assert.rejects(
      staff.call(resourceApi.replace, { ...of(made), body }, { 'if-match': '"v1"' }),
      refusedWith(stale),
    )
  })

  it('is not there for an id that nobody gave', async () => {
    const nobody = of({ id: staff.user_id })
    for (const attempt of [
      () => nurse.call(resourceApi.get, nobody),
      () => staff.call(resourceApi.replace, { ...nobody, body: { name: 'B', code: newCode() } }),
      () => staff.call(resourceApi.setStatus, { ...nobody, body: { status: 'cleaning' } }),
      () => nurse.call(assignmentApi.history, { ...nobody, query: {} }),
      () => nurse.call(reservationApi.list, { ...nobody, query: {} }),
    ]) {
      await assert.rejects(attempt, refusedWith(notFound))
    }
  })

  it('keeps the lanes that are in use or reserved', async () => {
    const bed = await makeResource(staff, { lanes: 3 })
    const body = { name: bed.name, code: bed.code }
    const patient_id = await api.patient()
    const stay = await nurse.call(assignmentApi.assign, { ...of(bed), body: { patient_id, lane: 2 } })
    await assert.rejects(
      staff.call(resourceApi.replace, { ...of(bed), body: { ...body, lanes: 1 } }),
      refusedWith(lanesInUse),
    )
    assert.equal((await staff.call(resourceApi.replace, { ...of(bed), body: { ...body, lanes: 2 } })).lanes, 2)
    await nurse.call(assignmentApi.release, { ...of(bed), query: { assignment_id: stay.id } })
    const time = { starts_at: inMinutes(60), ends_at: inMinutes(120), lane: 2 }
    const { id: reservation_id } = await nurse.call(reservationApi.create, { ...of(bed), body: time })
    await assert.rejects(
      staff.call(resourceApi.replace, { ...of(bed), body: { ...body, lanes: 1 } }),
      refusedWith(lanesInUse),
    )
    await nurse.call(reservationApi.cancel, { params: { resource_id: bed.id, reservation_id } })
    assert.equal((await staff.call(resourceApi.replace, { ...of(bed), body: { ...body, lanes: 1 } })).lanes, 1)
  })
})

describe('the status of a resource', () => {
  const statuses = Object.keys(stateOf) as SettableStatus[]
  for (const from of statuses) {
    for (const to of statuses) {
      const allowed = from === to || transitions[stateOf[from]].includes(to)
      it(`${allowed ? 'goes' : 'does not go'} from ${from} to ${to}`, async () => {
        const made = await makeResource(staff)
        await api.rows(sql`
          update resources set state = ${stateOf[from]}, retired_at = ${from === 'retired' ? '2020-01-01T00:00:00Z' : null} where id = ${made.id}`)
        const change = staff.call(resourceApi.setStatus, { ...of(made), body: { status: to } })
        if (allowed) assert.equal((await change).status, to)
        else await assert.rejects(change, refusedWith(invalidResourceStatus))
        assert.equal((await nurse.call(resourceApi.get, of(made))).status, allowed ? to : from)
      })
    }
  }

  it('is told in an event that says nothing of whom', async () => {
    const made = await makeResource(staff, { ward: 'W' })
    await nurse.call(resourceApi.setStatus, { ...of(made), body: { status: 'cleaning' } })
    const [event] = await api.rows<{ payload: unknown; patient_id: string | null }>(
      sql`select payload, patient_id from events where subject_id = ${made.id} and type = 'resource.status_changed'`,
    )
    assert.deepEqual(event, {
      patient_id: null,
      payload: { type: 'bed', ward: 'W', status: 'cleaning', free_lanes: 0 },
    })
  })

  it('is retired and taken back by those who manage resources only', async () => {
    const made = await makeResource(staff)
    const set = (person: Person, status: SettableStatus) =>
      person.call(resourceApi.setStatus, { ...of(made), body: { status } })
    await assert.rejects(set(nurse, 'retired'), refusedWith(forbidden))
    await set(staff, 'retired')
    await assert.rejects(set(nurse, 'maintenance'), refusedWith(forbidden))
    assert.equal((await set(staff, 'maintenance')).status, 'maintenance')
  })

  it('follows whoever has it, who is moved before it is retired or looked after', async () => {
    const made = await makeResource(staff)
    const patient_id = await api.patient()
    await nurse.call(assignmentApi.assign, { ...of(made), body: { patient_id } })
    for (const status of statuses) {
      await assert.rejects(
        staff.call(resourceApi.setStatus, { ...of(made), body: { status } }),
        refusedWith(resourceOccupied),
      )
    }
    const shown = await nurse.call(resourceApi.get, of(made))
    assert.deepEqual([shown.status, shown.free_lanes], ['occupied', 0])
  })

  it('is reserved while a reservation runs, and not before or after', async () => {
    const room = await makeResource(staff, { type: 'operating_room' })
    const statusNow = async () => (await nurse.call(resourceApi.get, of(room))).status
    // Where one ends the next begins, to the second, however long it takes to ask for them.
    const between = inMinutes(30)
    await nurse.call(reservationApi.create, {
      ...of(room),
      body: { starts_at: between, ends_at: inMinutes(60) },
    })
    assert.equal(await statusNow(), 'available')
    await nurse.call(reservationApi.create, {
      ...of(room),
      body: { starts_at: inMinutes(-30), ends_at: between },
    })
    assert.equal(await statusNow(), 'reserved')
    await assert.rejects(
      staff.call(resourceApi.setStatus, { ...of(room), body: { status: 'retired' } }),
      refusedWith(resourceReserved),
    )
    await api.rows(
      sql`update resource_reservations set during = '[2020-01-01,2020-01-02)' where resource_id = ${room.id} and during @> now()`,
    )
    assert.equal(await statusNow(), 'available')
  })
})

describe('the list of resources', () => {
  it('is narrowed by type, ward, department, status and what can be had now, and read on by cursor', async () => {
    const [ward, department_id] = [newCode(), await api.department()]
    const beds = await Promise.all(Array.from({ length: 5 }, () => makeResource(staff, { ward, department_id })))
    const device = await makeResource(staff, { type: 'ventilator', ward })
    const [taken, dirty, retired] = beds.map(of)
    assert.ok(taken && dirty && retired)
    await nurse.call(assignmentApi.assign, { ...taken, body: { patient_id: await api.patient() } })
    await nurse.call(resourceApi.setStatus, { ...dirty, body: { status: 'cleaning' } })
    await staff.call(resourceApi.setStatus, { ...retired, body: { status: 'retired' } })
    const codes = async (query: Record<string, string>) =>
      (await nurse.call(resourceApi.list, { query: { ward, ...query } })).items.map(({ id }) => id)
    const idsOf = (...list: { id: string; code: string }[]) =>
      list.toSorted((a, b) => (a.code < b.code ? -1 : 1)).map(({ id }) => id)
    const [one, two, three, four, five] = beds
    assert.ok(one && two && three && four && five)
    assert.deepEqual(await codes({}), idsOf(one, two, four, five, device))
    assert.deepEqual(await codes({ type: 'bed' }), idsOf(one, two, four, five))
    assert.deepEqual(await codes({ department_id, available: 'true' }), idsOf(four, five))
    assert.deepEqual(await codes({ available: 'false' }), idsOf(one, two))
    assert.deepEqual(await codes({ status: 'retired' }), [three.id])
    assert.deepEqual(await codes({ status: 'occupied' }), [one.id])
    const first = await nurse.call(resourceApi.list, { query: { ward, limit: '3' } })
    const rest = await nurse.call(resourceApi.list, { query: { ward, limit: '3', cursor: first.next_cursor ?? '' } })
    assert.deepEqual(
      [...first.items, ...rest.items].map(({ id }) => id),
      idsOf(one, two, four, five, device),
    )
    assert.deepEqual([first.total, rest.next_cursor], [5, null])
    await assert.rejects(nurse.call(resourceApi.list, { query: { cursor: 'x' } }), refusedWith(malformed))
  })

  it('is counted by type and ward', async () => {
    const ward = newCode()
    const [bed] = await Promise.all([
      makeResource(staff, { ward, lanes: 2 }),
      makeResource(staff, { ward }),
      makeResource(staff, { ward, type: 'icu_bed' }),
    ])
    await nurse.call(assignmentApi.assign, { ...of(bed), body: { patient_id: await api.patient() } })
    const { items } = await nurse.call(resourceApi.availability, { query: { ward } })
    const nothing = { ward, occupied: 0, reserved: 0, cleaning: 0, maintenance: 0 }
    assert.deepEqual(items, [
      { ...nothing, type: 'bed', total: 2, available: 1, occupied: 1, free_lanes: 2 },
      { ...nothing, type: 'icu_bed', total: 1, available: 1, free_lanes: 1 },
    ])
  })
})

describe('resources', () => {
  it('are nothing for patients and auditors', async () => {
    const made = await makeResource(staff)
    for (const person of [
      await api.person('patient', { patient_id: await api.patient() }),
      await api.person('auditor'),
    ]) {
      await assert.rejects(person.call(resourceApi.list, { query: {} }), refusedWith(forbidden))
      await assert.rejects(person.call(resourceApi.get, of(made)), refusedWith(forbidden))
    }
  })

  it('are described by no nurse and no doctor', async () => {
    for (const person of [nurse, await api.person('doctor', { doctor: true })]) {
      await assert.rejects(makeResource(person), refusedWith(forbidden))
    }
    await assert.rejects(
      staff.call(resourceApi.create, { body: { type: 'bed', name: ' ', code: newCode() } }),
      refusedWith(invalidRequest, '/body/name'),
    )
  })
})
