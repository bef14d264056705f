import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { sessionApi } from '../identity/session.contract.ts'
import {
  type Doctor,
  doctorApi,
  departmentUnknown,
  licenseTaken,
  notADoctor,
  profileExists,
} from './doctor.contract.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

let licenses = 0
const profile = (more = {}) => ({
  specialization: 'Cardiology',
  license_number: `L-${(licenses += 1)}`,
  location: 'Main building',
  ...more,
})

describe('a doctor profile', () => {
  it('is made by its doctor, whose next request knows it', async () => {
    const department_id = await api.department()
    const doctor = await api.person('doctor', { department_id })
    const made = await doctor.call(doctorApi.createOwn, { body: profile() })
    assert.deepEqual(
      [
        made.user_id,
        made.department_id,
        made.first_name,
        made.consultation_minutes,
        made.available_from,
        made.timezone,
      ],
      [doctor.user_id, department_id, 'Test', 30, '09:00', 'America/New_York'],
    )
    assert.equal((await doctor.call(sessionApi.me, {})).doctor_id, made.id)
    assert.deepEqual(await doctor.call(doctorApi.getOwn, {}), made)
    const entries = await api.rows<{ action: string }>(
      sql`select action from audit_logs where resource_id = ${made.id}`,
    )
    assert.deepEqual(entries, [{ action: 'doctor.create' }])
  })

  it('is read whole by administrators, also when it is not active, and by its doctor alone', async () => {
    const [ana, ben] = [await api.person('doctor'), await api.person('doctor')]
    const of_ana = await ana.call(doctorApi.createOwn, { body: profile() })
    const of_ben = await ben.call(doctorApi.createOwn, { body: profile() })
    const params = { doctor_id: of_ana.id }
    const retired = await admin.call(doctorApi.update, {
      params,
      body: { ...profile(), license_number: of_ana.license_number, is_active: false },
    })
    assert.deepEqual(await admin.call(doctorApi.readProfile, { params }), retired)
    assert.deepEqual(await ana.call(doctorApi.readProfile, { params }), retired)
    await assert.rejects(ben.call(doctorApi.readProfile, { params }), refusedWith(notFound))
    const everybody = await admin.call(doctorApi.listProfiles, { query: { limit: '100' } })
    assert.ok([of_ana.id, of_ben.id].every((id) => everybody.items.some((one) => one.id === id)))
    assert.equal(everybody.total, everybody.items.length)
    const listed = async (person: Person, query = {}) =>
      (await person.call(doctorApi.listProfiles, { query })).items.map(({ id }) => id)
    assert.deepEqual(await listed(admin, { user_id: ana.user_id }), [of_ana.id])
    assert.deepEqual(await listed(ben), [of_ben.id])
    assert.deepEqual(await listed(ben, { user_id: ana.user_id }), [])
  })

  it('is made by an administrator for an account with the role doctor', async () => {
    const [doctor, nurse] = [await api.person('doctor'), await api.person('nurse')]
    const made = await admin.call(doctorApi.create, {
      body: { user_id: doctor.user_id, ...profile({ first_name: 'Ana' }) },
    })
    assert.deepEqual([made.user_id, made.first_name, made.last_name], [doctor.user_id, 'Ana', 'doctor'])
    await assert.rejects(
      admin.call(doctorApi.create, { body: { user_id: nurse.user_id, ...profile() } }),
      refusedWith(notADoctor),
    )
  })

  it('is made by doctors for nobody else, and is active in their department', async () => {
    const department_id = await api.department()
    const [doctor, other] = [await api.person('doctor', { department_id }), await api.person('doctor')]
    const create = (user_id: string) =>
      doctor.call(doctorApi.create, {
        body: { user_id, ...profile({ is_active: false, department_id: other.user_id }) },
      })
    await assert.rejects(create(other.user_id), refusedWith(notFound))
    const made = await create(doctor.user_id)
    assert.deepEqual([made.user_id, made.department_id, made.is_active], [doctor.user_id, department_id, true])
  })

  it('is in the department that the administrator says, or in none', async () => {
    const department_id = await api.department()
    const doctor = await api.person('doctor', { department_id })
    const body = { user_id: doctor.user_id, ...profile({ department_id: null }) }
    assert.equal((await admin.call(doctorApi.create, { body })).department_id, null)
    const another = { user_id: (await api.person('doctor')).user_id, ...profile({ department_id: doctor.user_id }) }
    await assert.rejects(admin.call(doctorApi.create, { body: another }), refusedWith(departmentUnknown))
  })

  it('is not there until it is made', async () => {
    const doctor = await api.person('doctor')
    await assert.rejects(doctor.call(doctorApi.getOwn, {}), refusedWith(notFound))
    await assert.rejects(doctor.call(doctorApi.updateOwn, { body: profile() }), refusedWith(notFound))
  })

  it('exists once for an account, and once for a license', async () => {
    const [first, second] = [await api.person('doctor'), await api.person('doctor')]
    const body = profile()
    await first.call(doctorApi.createOwn, { body })
    await assert.rejects(first.call(doctorApi.createOwn, { body: profile() }), refusedWith(profileExists))
    await assert.rejects(second.call(doctorApi.createOwn, { body }), refusedWith(licenseTaken))
  })

  it('is replaced by its doctor, except for department and activity', async () => {
    const department_id = await api.department()
    const doctor = await api.person('doctor', { department_id })
    const { id } = await doctor.call(doctorApi.createOwn, { body: profile({ bio: 'Hearts' }) })
    const body = profile({ available_to: '15:00' })
    const updated = await doctor.call(doctorApi.updateOwn, { body })
    assert.deepEqual(
      [updated.version, updated.available_to, updated.bio, updated.department_id],
      [2, '15:00', null, department_id],
    )
    const params = { doctor_id: id }
    await assert.rejects(
      doctor.call(doctorApi.update, { params, body: { ...body, is_active: false } }),
      refusedWith(forbidden),
    )
    await assert.rejects(
      doctor.call(doctorApi.update, { params, body: { ...body, department_id: await api.department() } }),
      refusedWith(forbidden),
    )
    const other = await api.person('doctor')
    await assert.rejects(other.call(doctorApi.update, { params, body }), refusedWith(notFound))
    assert.equal(
      (await admin.call(doctorApi.update, { params, body: { ...body, department_id: null } })).department_id,
      null,
    )
  })

  it('is changed by one of twenty who read the same version', async () => {
    const doctor = await api.person('doctor')
    await doctor.call(doctorApi.createOwn, { body: profile() })
    const body = profile()
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => doctor.call(doctorApi.updateOwn, { body }, { 'if-match': '"v1"' })),
    )
    const refused = answers.filter((answer) => answer.status === 'rejected')
    assert.equal(refused.length, 19)
    assert.ok(refused.every(({ reason }) => refusedWith(stale)(reason)))
  })

  for (const { title, wrong, path } of [
    {
      title: 'ends before it starts',
      wrong: { available_from: '17:00', available_to: '09:00' },
      path: '/body/available_to',
    },
    { title: 'has slots of four minutes', wrong: { consultation_minutes: 4 }, path: '/body/consultation_minutes' },
    { title: 'has slots of 241 minutes', wrong: { consultation_minutes: 241 }, path: '/body/consultation_minutes' },
    { title: 'has no such zone', wrong: { timezone: 'Mars/Olympus' }, path: '/body/timezone' },
    { title: 'says what it may not', wrong: { is_active: false }, path: '/body/is_active' },
  ]) {
    it(`is refused when it ${title}`, async () => {
      const doctor = await api.person('doctor')
      await assert.rejects(
        doctor.call(doctorApi.createOwn, { body: profile(wrong) }),
        refusedWith(invalidRequest, path),
      )
    })
  }

  it('is nothing for nurses', async () => {
    const nurse = await api.person('nurse')
    await assert.rejects(nurse.call(doctorApi.createOwn, { body: profile() }), refusedWith(forbidden))
  })
})

describe('the public list of doctors', () => {
  const publicMembers = Object.keys({
    id: 0,
    first_name: 0,
    last_name: 0,
    specialization: 0,
    location: 0,
    bio: 0,
    languages: 0,
    consultation_minutes: 0,
    available_from: 0,
    available_to: 0,
    timezone: 0,
    accepts_new_patients: 0,
  } satisfies Record<keyof Doctor, 0>).sort()
  const made: Record<string, string> = {}

  before(async () => {
    for (const [first_name, last_name, specialization, location, languages] of [
      ['José', 'Ñandú', 'Dermatología', 'North wing', ['es', 'en']],
      ['Mary', 'Abbott', 'Dermatología', 'South wing', ['en']],
      ['Zoë', 'Zimmer', 'Oncology', 'North wing', ['de']],
    ] as const) {
      const { user_id } = await api.person('doctor')
      const body = {
        user_id,
        ...profile({ first_name, last_name, specialization, location, languages: [...languages] }),
      }
      made[last_name] = (await admin.call(doctorApi.create, { body })).id
    }
  })

  const names = async (query: Parameters<typeof api.call<typeof doctorApi.list>>[1]['query']) =>
    (await api.call(doctorApi.list, { query })).items.map(({ last_name }) => last_name)

  it('shows the public members and no other', async () => {
    const list = await api.call(doctorApi.list, { query: { specialization: 'oncology' } })
    assert.deepEqual(
      list.items.map((item) => Object.keys(item).sort()),
      [publicMembers],
    )
    const { text, headers } = await api.send({ method: 'GET', url: `/api/v1/doctors/${made['Zimmer']}`, headers: {} })
    assert.deepEqual(Object.keys(JSON.parse(text) as object).sort(), publicMembers)
    assert.equal(headers['etag'], '"v1"')
  })

  it('is filtered by what people know, whatever the case and diacritics', async () => {
    assert.deepEqual(await names({ specialization: 'dermatologia' }), ['Abbott', 'Ñandú'])
    assert.deepEqual(await names({ q: 'nandu jose' }), ['Ñandú'])
    assert.deepEqual(await names({ specialization: 'DERMATOLOGÍA', location: 'north' }), ['Ñandú'])
    assert.deepEqual(await names({ language: 'DE' }), ['Zimmer'])
    assert.deepEqual(await names({ q: '100%' }), [])
  })

  it('is filtered by a day with a free slot', async () => {
    const monday = Temporal.Now.plainDateISO('America/New_York')
    const next = monday.add({ days: 8 - monday.dayOfWeek })
    const day = (days: number) => next.add({ days }).toString()
    assert.deepEqual(await names({ specialization: 'Oncology', available_on: day(7) }), ['Zimmer'])
    assert.deepEqual(await names({ specialization: 'Oncology', available_on: day(6) }), [])
    assert.deepEqual(await names({ specialization: 'Oncology', available_on: '9999-12-31' }), [])
  })

  it('of those with a free slot goes on behind somebody who has been booked since', async () => {
    const location = 'Tower'
    const ids = []
    for (const last_name of ['Adams', 'Baker', 'Clark', 'Davis']) {
      const { user_id } = await api.person('doctor')
      const body = { user_id, ...profile({ last_name, location, specialization: 'Urology', available_to: '09:30' }) }
      ids.push((await admin.call(doctorApi.create, { body })).id)
    }
    const today = Temporal.Now.plainDateISO('America/New_York')
    const available_on = today.add({ days: 15 - today.dayOfWeek }).toString()
    const page = (more: { limit: string; cursor?: string; skip?: string }) =>
      api.call(doctorApi.list, { query: { location, available_on, ...more } })
    const namesOf = ({ items }: Awaited<ReturnType<typeof page>>) => items.map(({ last_name }) => last_name)
    const first = await page({ limit: '2' })
    assert.deepEqual([namesOf(first), first.total, first.page], [['Adams', 'Baker'], 4, 1])
    const skipped = await page({ limit: '2', skip: '2' })
    assert.deepEqual([namesOf(skipped), skipped.next_cursor, skipped.page], [['Clark', 'Davis'], null, 2])
    await api.rows(sql`
      insert into appointments (confirmation_code, patient_id, doctor_id, during, kind, priority)
      select 'APT-20260101-9999', ${await api.patient()}, ${ids[1]},
             tstzrange(day, day + interval '1 day'), 'in_person', 'routine'
        from (select ${available_on}::date::timestamp at time zone 'America/New_York' as day) as days`)
    const rest = await page({ limit: '10', cursor: first.next_cursor ?? '' })
    assert.deepEqual([namesOf(rest), rest.total, rest.next_cursor], [['Clark', 'Davis'], 3, null])
    assert.deepEqual(namesOf(await page({ limit: '10' })), ['Adams', 'Clark', 'Davis'])
  })

  it('goes on at its cursor', async () => {
    const first = await api.call(doctorApi.list, { query: { specialization: 'dermatologia', limit: '1' } })
    assert.deepEqual([first.items[0]?.last_name, first.total], ['Abbott', 2])
    const rest = await api.call(doctorApi.list, {
      query: { specialization: 'dermatologia', limit: '10', cursor: first.next_cursor ?? '' },
    })
    assert.deepEqual([rest.items.map(({ last_name }) => last_name), rest.next_cursor], [['Ñandú'], null])
  })

  it('does not show who is no longer active', async () => {
    const doctor_id = made['Zimmer'] ?? ''
    await admin.call(doctorApi.update, { params: { doctor_id }, body: profile({ is_active: false }) })
    await assert.rejects(api.call(doctorApi.get, { params: { doctor_id } }), refusedWith(notFound))
    assert.deepEqual(await names({ q: 'Zimmer' }), [])
  })
})
