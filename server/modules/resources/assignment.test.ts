import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { emergencyAccessApi } from '../patients/emergency-access.contract.ts'
import {
  assignmentApi,
  assignmentUnclear,
  notAssigned,
  patientHasBed,
  resourceUnavailable,
} from './assignment.contract.ts'
import { isCleanedAfterUse } from './life-cycle.ts'
import { reservationApi } from './reservation.contract.ts'
import { resourceApi, type ResourceType, type SettableStatus } from './resource.contract.ts'
import { makeResource, newCode } from './ward.testing.ts'

let api: TestApi
let staff: Person
let nurse: Person
let department_id: string
before(async () => {
  api = await startTestApi()
  department_id = await api.department()
  staff = await api.person('staff')
  nurse = await api.person('nurse', { department_id })
})
after(() => api[Symbol.asyncDispose]())

const of = ({ id }: { id: string }) => ({ params: { resource_id: id } })
const inMinutes = (minutes: number) => Temporal.Now.instant().add({ minutes }).toString({ smallestUnit: 'second' })
const statusOf = async (resource: { id: string }) => (await nurse.call(resourceApi.get, of(resource))).status
const assign = async (resource: { id: string }, patient_id?: string) =>
  nurse.call(assignmentApi.assign, { ...of(resource), body: { patient_id: patient_id ?? (await api.patient()) } })
const release = (resource: { id: string }, assignment_id?: string) =>
  nurse.call(assignmentApi.release, { ...of(resource), query: assignment_id ? { assignment_id } : {} })
const setStatus = (resource: { id: string }, status: SettableStatus) =>
  staff.call(resourceApi.setStatus, { ...of(resource), body: { status } })

/** A patient of the nurse's department. */
async function inpatient(): Promise<string> {
  const patient_id = await api.patient()
  await api.rows(sql`insert into care_relationships (patient_id, department_id, origin, origin_id)
                     values (${patient_id}, ${department_id}, 'registration', ${patient_id})`)
  return patient_id
}

/** Members of a refusal. */
async function refusalOf(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return call.then(
    () => assert.fail('it was not refused'),
    ({ members }: { members: Record<string, unknown> }) => members,
  )
}

describe('assigning', () => {
  it('gives the resource to the patient, with notes that are sealed', async () => {
    const [bed, patient_id] = [await makeResource(staff), await inpatient()]
    const body = { patient_id, notes: 'Fall risk, low bed', expected_release_at: inMinutes(600) }
    const assignment = await nurse.call(assignmentApi.assign, { ...of(bed), body })
    assert.deepEqual(
      { ...assignment, id: '', assigned_at: '' },
      { ...body, id: '', assigned_at: '', resource_id: bed.id, lane: 1, released_at: null, assigned_by: nurse.user_id },
    )
    const { items } = await nurse.call(assignmentApi.history, { ...of(bed), query: { current: 'true' } })
    assert.deepEqual(items, [assignment])
    const [row] = await api.rows<{ text: string }>(
      sql`select a::text as text from resource_assignments a where id = ${assignment.id}`,
    )
    assert.ok(row && !row.text.includes('Fall risk'))
    assert.equal(await statusOf(bed), 'occupied')
    const traces = await api.rows<{ what: string; patient_id: string | null }>(sql`
      select 'audit ' || action as what, patient_id from audit_logs where resource_id = ${bed.id} and action = 'resource.assign'
      union all select type, patient_id from events where subject_id = ${bed.id} and type <> 'resource.created' order by 1`)
    assert.deepEqual(traces, [
      { what: 'audit resource.assign', patient_id },
      { what: 'resource.assigned', patient_id },
      { what: 'resource.status_changed', patient_id: null },
    ])
  })

  it('is refused for what somebody has, naming what is free of that type, first of that ward', async () => {
    const [ward, other_ward] = [newCode(), newCode()]
    const [taken, same_ward, , device] = await Promise.all([
      makeResource(staff, { ward, type: 'ambulance' }),
      makeResource(staff, { ward, type: 'ambulance' }),
      makeResource(staff, { ward: other_ward, type: 'ambulance' }),
      makeResource(staff, { ward }),
    ])
    await assign(taken)
    await assert.rejects(assign(taken), refusedWith(resourceUnavailable))
    const { free, now } = await refusalOf(assign(taken))
    const list = free as { id: string; ward: string | null }[]
    assert.equal(now, 'occupied')
    assert.equal(list[0]?.id, same_ward.id)
    assert.deepEqual(
      list.slice(1).map(({ ward: where }) => where),
      [other_ward],
    )
    assert.ok(!list.some(({ id }) => id === taken.id || id === device.id))
  })

  for (const status of ['cleaning', 'maintenance', 'retired'] as const) {
    it(`is refused in ${status}`, async () => {
      const bed = await makeResource(staff)
      await setStatus(bed, status)
      assert.equal((await refusalOf(assign(bed)))['now'], status)
      await assert.rejects(assign(bed), refusedWith(resourceUnavailable))
    })
  }

  it('gives a patient one bed, and whatever else they need beside it', async () => {
    const patient_id = await inpatient()
    const [bed, icu_bed, ventilator, equipment] = await Promise.all([
      makeResource(staff),
      makeResource(staff, { type: 'icu_bed' }),
      makeResource(staff, { type: 'ventilator' }),
      makeResource(staff, { type: 'equipment' }),
    ])
    const first = await assign(bed, patient_id)
    await assert.rejects(assign(icu_bed, patient_id), refusedWith(patientHasBed))
    const { resource_id, assignment_id } = await refusalOf(assign(icu_bed, patient_id))
    assert.deepEqual([resource_id, assignment_id], [bed.id, first.id])
    await assign(ventilator, patient_id)
    await assign(equipment, patient_id)
    assert.equal(await statusOf(icu_bed), 'available')
  })

  it('does not tell where a patient lies to those who may not read them', async () => {
    const patient_id = await api.patient()
    const [bed, other] = [await makeResource(staff), await makeResource(staff)]
    await assign(bed, patient_id)
    const refusal = await refusalOf(assign(other, patient_id))
    assert.ok(!('resource_id' in refusal) && !('assignment_id' in refusal), JSON.stringify(refusal))
  })

  it('knows no patient who was deleted, merged, or never there, and no resource that is not there', async () => {
    const bed = await makeResource(staff)
    const deleted = await api.patient()
    await api.rows(sql`update patients set is_active = false where id = ${deleted}`)
    for (const patient_id of [deleted, nurse.user_id])
      await assert.rejects(assign(bed, patient_id), refusedWith(notFound))
    await assert.rejects(assign({ id: nurse.user_id }), refusedWith(notFound))
    assert.equal(await statusOf(bed), 'available')
  })

  it('takes no plan for the past', async () => {
    const body = { patient_id: await api.patient(), expected_release_at: inMinutes(-1) }
    const bed = await makeResource(staff)
    await assert.rejects(
      nurse.call(assignmentApi.assign, { ...of(bed), body }),
      refusedWith(invalidRequest, '/body/expected_release_at'),
    )
  })

  it('gives no lane that is reserved now for somebody else, and to whom it is reserved that one first', async () => {
    const room = await makeResource(staff, { type: 'operating_room', lanes: 2 })
    const patient_id = await api.patient()
    const body = { patient_id, starts_at: inMinutes(-10), ends_at: inMinutes(60), lane: 2 }
    await nurse.call(reservationApi.create, { ...of(room), body })
    assert.equal((await assign(room)).lane, 1)
    await assert.rejects(assign(room), refusedWith(resourceUnavailable))
    assert.equal((await assign(room, patient_id)).lane, 2)
  })
})

describe('lanes', () => {
  it('hold a child beside its mother, and say which one leaves', async () => {
    const bed = await makeResource(staff, { lanes: 2 })
    const [mother, child] = [await assign(bed), await assign(bed)]
    assert.deepEqual([mother.lane, child.lane], [1, 2])
    await assert.rejects(assign(bed), refusedWith(resourceUnavailable))
    await assert.rejects(release(bed), refusedWith(assignmentUnclear))
    const { assignments } = await refusalOf(release(bed))
    assert.deepEqual(assignments, [
      { assignment_id: mother.id, lane: 1 },
      { assignment_id: child.id, lane: 2 },
    ])
    await release(bed, mother.id)
    const { status, free_lanes } = await nurse.call(resourceApi.get, of(bed))
    assert.deepEqual([status, free_lanes], ['occupied', 0])
    await assert.rejects(assign(bed), refusedWith(resourceUnavailable))
    assert.equal((await setStatus(bed, 'available')).free_lanes, 1)
    assert.equal((await assign(bed)).lane, 1)
  })

  it('are those that the resource has', async () => {
    const bed = await makeResource(staff, { lanes: 2 })
    const body = { patient_id: await api.patient(), lane: 3 }
    await assert.rejects(nurse.call(assignmentApi.assign, { ...of(bed), body }), refusedWith(resourceUnavailable))
  })
})

describe('releasing', () => {
  for (const type of Object.keys(isCleanedAfterUse) as ResourceType[]) {
    const next = isCleanedAfterUse[type] ? 'cleaning' : 'available'
    it(`leaves a resource of type ${type} ${next}`, async () => {
      const resource = await makeResource(staff, { type })
      const { id } = await assign(resource, await inpatient())
      const released = await release(resource)
      assert.equal(released.id, id)
      assert.ok(released.released_at !== null && released.released_at >= released.assigned_at)
      assert.equal(await statusOf(resource), next)
      if (next === 'cleaning') await assert.rejects(assign(resource), refusedWith(resourceUnavailable))
      await nurse.call(resourceApi.setStatus, { ...of(resource), body: { status: 'available' } })
      await assign(resource)
    })
  }

  it('ends an assignment once, and only the one that was meant', async () => {
    const device = await makeResource(staff, { type: 'equipment' })
    const first = await assign(device)
    await release(device, first.id)
    await assert.rejects(release(device), refusedWith(notAssigned))
    const second = await assign(device)
    await assert.rejects(release(device, first.id), refusedWith(notAssigned))
    assert.equal((await release(device, second.id)).id, second.id)
    await assert.rejects(release({ id: nurse.user_id }), refusedWith(notFound))
  })

  it('does not come by itself when it was planned', async () => {
    const bed = await makeResource(staff)
    const { id } = await assign(bed)
    await api.rows(
      sql`update resource_assignments set expected_release_at = now() - interval '1 hour' where id = ${id}`,
    )
    assert.equal(await statusOf(bed), 'occupied')
    await assert.rejects(assign(bed), refusedWith(resourceUnavailable))
  })
})

describe('transferring', () => {
  it('is one move: the old bed is to be cleaned, the new one taken, and the plan goes along', async () => {
    const [from, to, patient_id] = [
      await makeResource(staff),
      await makeResource(staff, { type: 'icu_bed' }),
      await inpatient(),
    ]
    const expected_release_at = inMinutes(600)
    const before_it = await nurse.call(assignmentApi.assign, { ...of(from), body: { patient_id, expected_release_at } })
    const body = { to_resource_id: to.id, notes: 'Worse since noon' }
    const moved = await nurse.call(assignmentApi.transfer, { ...of(from), body })
    assert.deepEqual(
      [moved.resource_id, moved.patient_id, moved.expected_release_at, moved.notes],
      [to.id, patient_id, expected_release_at, 'Worse since noon'],
    )
    assert.deepEqual([await statusOf(from), await statusOf(to)], ['cleaning', 'occupied'])
    const { items } = await nurse.call(assignmentApi.ofPatient, { params: { patient_id }, query: {} })
    assert.deepEqual(
      items.map(({ id, released_at }) => [id, released_at === null]),
      [
        [moved.id, true],
        [before_it.id, false],
      ],
    )
    const types = await api.rows<{ type: string }>(
      sql`select type from events where patient_id = ${patient_id} order by id`,
    )
    assert.deepEqual(
      types.map(({ type }) => type),
      ['resource.assigned', 'resource.transferred'],
    )
  })

  it('changes nothing where the other one cannot be had', async () => {
    const [from, taken, dirty] = await Promise.all([makeResource(staff), makeResource(staff), makeResource(staff)])
    const { id } = await assign(from)
    await assign(taken)
    await setStatus(dirty, 'cleaning')
    const count = async () =>
      api.rows(sql`select id, released_at from resource_assignments where resource_id = ${from.id}`)
    const before_it = await count()
    for (const to of [taken, dirty]) {
      const move = nurse.call(assignmentApi.transfer, {
        ...of(from),
        body: { to_resource_id: to.id, assignment_id: id },
      })
      await assert.rejects(move, refusedWith(resourceUnavailable))
    }
    assert.deepEqual(await count(), before_it)
    assert.equal(await statusOf(from), 'occupied')
  })

  it('is from bed to bed, or within a type, to another one that is there', async () => {
    const [bed, room] = [await makeResource(staff), await makeResource(staff, { type: 'room' })]
    await assign(bed)
    const move = (to_resource_id: string) =>
      nurse.call(assignmentApi.transfer, { ...of(bed), body: { to_resource_id } })
    await assert.rejects(move(room.id), refusedWith(invalidRequest, '/body/to_resource_id'))
    await assert.rejects(move(bed.id), refusedWith(invalidRequest, '/body/to_resource_id'))
    await assert.rejects(move(nurse.user_id), refusedWith(notFound))
    await release(bed)
    await assert.rejects(move((await makeResource(staff)).id), refusedWith(notAssigned))
  })
})

describe('who has a bed', () => {
  it('is named to those who read the patient; everyone who assigns sees that it is taken', async () => {
    const bed = await makeResource(staff)
    const [mine, of_others] = [await inpatient(), await api.patient()]
    const first = await nurse.call(assignmentApi.assign, { ...of(bed), body: { patient_id: mine, notes: 'n1' } })
    await release(bed)
    await setStatus(bed, 'available')
    const second = await nurse.call(assignmentApi.assign, { ...of(bed), body: { patient_id: of_others, notes: 'n2' } })
    const seenBy = async (person: Person) => {
      const { items } = await person.call(assignmentApi.history, { ...of(bed), query: {} })
      return items.map(({ id, patient_id, notes, assigned_by }) => [id, patient_id, notes, assigned_by !== null])
    }
    assert.deepEqual(await seenBy(staff), [
      [second.id, of_others, 'n2', true],
      [first.id, mine, 'n1', true],
    ])
    assert.deepEqual(await seenBy(nurse), [
      [second.id, null, null, false],
      [first.id, mine, 'n1', true],
    ])
    assert.deepEqual(await seenBy(await api.person('doctor', { doctor: true })), [
      [second.id, null, null, false],
      [first.id, null, null, false],
    ])
    const [entry] = await api.rows<{ details: { patient_ids: string[] } }>(sql`
      select details from audit_logs where action = 'resource.list_assignments' and user_id = ${nurse.user_id} and resource_id = ${bed.id}
       order by id desc limit 1`)
    assert.deepEqual(entry?.details.patient_ids, [mine])
  })

  it('is not named to who releases or moves somebody whom they may not read', async () => {
    const [bed, other, patient_id] = [await makeResource(staff), await makeResource(staff), await api.patient()]
    await staff.call(assignmentApi.assign, { ...of(bed), body: { patient_id, notes: 'private' } })
    const moved = await nurse.call(assignmentApi.transfer, { ...of(bed), body: { to_resource_id: other.id } })
    assert.deepEqual([moved.patient_id, moved.notes, moved.assigned_by], [null, null, null])
    const released = await release(other)
    assert.deepEqual([released.id, released.patient_id], [moved.id, null])
    const [row] = await api.rows<{ patient_id: string }>(
      sql`select patient_id from audit_logs where action = 'resource.release' and resource_id = ${other.id}`,
    )
    assert.equal(row?.patient_id, patient_id)
  })

  it('is shown to the patient, to who treats them, and by emergency access with a mark', async () => {
    const [bed, patient_id] = [await makeResource(staff), await api.patient()]
    await assign(bed, patient_id)
    const params = { patient_id }
    const list = async (person: Person) =>
      (await person.call(assignmentApi.ofPatient, { params, query: {} })).items.length
    assert.equal(await list(await api.person('patient', { patient_id })), 1)
    assert.equal(await list(staff), 1)
    await assert.rejects(list(nurse), refusedWith(notFound))
    await nurse.call(emergencyAccessApi.open_emergency_access, { params, body: { reason: 'Where is the patient' } })
    assert.equal(await list(nurse), 1)
    const [entry] = await api.rows<{ purpose: string }>(sql`
      select purpose from audit_logs where action = 'resource.list_assignments' and patient_id = ${patient_id} and user_id = ${nurse.user_id} and outcome = 'success'`)
    assert.equal(entry?.purpose, 'BTG')
    const { items } = await nurse.call(assignmentApi.history, { ...of(bed), query: {} })
    assert.deepEqual(
      items.map(({ patient_id: named }) => named),
      [null],
    )
  })

  it('is no business of a role that only assigns within its department', async () => {
    await api.rows(
      sql`insert into roles (name, permissions) values ('ward_clerk', array['patients:find', 'resources:assign:department'])`,
    )
    const clerk = await api.person('ward_clerk', { department_id })
    const [bed, mine, of_others] = [await makeResource(staff), await inpatient(), await api.patient()]
    const give = (patient_id: string) => clerk.call(assignmentApi.assign, { ...of(bed), body: { patient_id } })
    await assert.rejects(give(of_others), refusedWith(notFound))
    await give(mine)
    assert.equal((await clerk.call(assignmentApi.release, { ...of(bed), query: {} })).patient_id, null)
    await setStatus(bed, 'available')
    await assign(bed, of_others)
    await assert.rejects(clerk.call(assignmentApi.release, { ...of(bed), query: {} }), refusedWith(forbidden))
    await assert.rejects(give(mine), refusedWith(resourceUnavailable))
  })
})

describe('the past', () => {
  it('is told of a bed and of all beds at any moment, and of no moment to come', async () => {
    const [ward, bed, other] = [newCode(), await makeResource(staff), await makeResource(staff)]
    await api.rows(
      sql`update resources set ward = ${ward}, created_at = '2026-01-01T00:00:00Z', lanes = 2 where id in (${bed.id}, ${other.id})`,
    )
    await api.rows(
      sql`update resources set state = 'retired', retired_at = '2026-03-01T00:00:00Z' where id = ${other.id}`,
    )
    const patients = await Promise.all([inpatient(), inpatient(), inpatient()])
    const stays = [
      [bed.id, 1, '2026-02-01T00:00:00Z', '2026-02-10T00:00:00Z'],
      [bed.id, 2, '2026-02-05T00:00:00Z', '2026-02-20T00:00:00Z'],
      [other.id, 1, '2026-02-05T00:00:00Z', '2026-02-06T00:00:00Z'],
    ] as const
    for (const [at, [id, lane, from, to]] of stays.entries()) {
      await api.rows(sql`insert into resource_assignments (resource_id, lane, patient_id, assigned_at, released_at)
                         values (${id}, ${lane}, ${patients[at]}, ${from}, ${to})`)
    }
    const at = async (moment: string) => {
      const { items } = await nurse.call(assignmentApi.occupancy, { query: { at: moment, ward } })
      return items.map(({ total, occupied, assignments }) => [total, occupied, assignments])
    }
    assert.deepEqual(await at('2025-12-31T23:59:59Z'), [])
    assert.deepEqual(await at('2026-01-31T23:59:59Z'), [[2, 0, 0]])
    assert.deepEqual(await at('2026-02-01T00:00:00Z'), [[2, 1, 1]])
    assert.deepEqual(await at('2026-02-05T12:00:00Z'), [[2, 2, 3]])
    assert.deepEqual(await at('2026-02-06T00:00:00Z'), [[2, 1, 2]])
    assert.deepEqual(await at('2026-02-10T00:00:00Z'), [[2, 1, 1]])
    assert.deepEqual(await at('2026-03-01T00:00:00Z'), [[1, 0, 0]])
    const { items } = await nurse.call(assignmentApi.history, { ...of(bed), query: { at: '2026-02-05T00:00:00Z' } })
    assert.deepEqual(
      items.map(({ patient_id }) => patient_id),
      [patients[1], patients[0]],
    )
    await assert.rejects(at(inMinutes(1)), refusedWith(invalidRequest, '/query/at'))
  })

  it('is read on by cursor', async () => {
    const device = await makeResource(staff, { type: 'equipment' })
    const ids: string[] = []
    for (let at = 0; at < 5; at += 1) ids.unshift((await assign(device)).id, ...((await release(device)) ? [] : []))
    const first = await staff.call(assignmentApi.history, { ...of(device), query: { limit: '3' } })
    const rest = await staff.call(assignmentApi.history, {
      ...of(device),
      query: { limit: '3', cursor: first.next_cursor ?? '' },
    })
    assert.deepEqual(
      [...first.items, ...rest.items].map(({ id }) => id),
      ids,
    )
    assert.deepEqual([first.total, rest.next_cursor], [5, null])
  })

  it('shows who has stayed without an end for long, longest first', async () => {
    const ward = newCode()
    const beds = await Promise.all(Array.from({ length: 3 }, () => makeResource(staff, { ward })))
    const patients = [await inpatient(), await api.patient(), await inpatient()]
    for (const [at, days] of [31, 50, 29].entries()) {
      await api.rows(sql`insert into resource_assignments (resource_id, patient_id, assigned_at)
                         values (${beds[at]?.id}, ${patients[at]}, now() - ${days} * interval '1 day')`)
    }
    const { items, total } = await nurse.call(assignmentApi.longStays, { query: { ward } })
    assert.deepEqual(
      items.map(({ resource_id, days, patient_id }) => [resource_id, days, patient_id]),
      [
        [beds[1]?.id, 50, null],
        [beds[0]?.id, 31, patients[0]],
      ],
    )
    assert.equal(total, 2)
    assert.equal((await nurse.call(assignmentApi.longStays, { query: { ward, days: '28' } })).total, 3)
    const first = await nurse.call(assignmentApi.longStays, { query: { ward, days: '28', limit: '2' } })
    const rest = await nurse.call(assignmentApi.longStays, {
      query: { ward, days: '28', limit: '2', cursor: first.next_cursor ?? '' },
    })
    assert.deepEqual(
      rest.items.map(({ days }) => days),
      [29],
    )
    const today = await makeResource(staff, { ward })
    await api.rows(
      sql`insert into resource_assignments (resource_id, patient_id) values (${today.id}, ${await api.patient()})`,
    )
    assert.equal((await nurse.call(assignmentApi.longStays, { query: { ward, days: '0' } })).total, 4)
  })
})
