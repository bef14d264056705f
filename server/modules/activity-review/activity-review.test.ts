import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sealAll } from '../audit-trail/sealing.testing.ts'
import { openAuditSealing } from '../audit-trail/sealing.ts'
import { loginApi } from '../identity/login.contract.ts'
import { userApi } from '../identity/user.contract.ts'
import { emergencyAccessApi } from '../patients/emergency-access.contract.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, type TestApi } from '../../testing.ts'
import type { Finding } from './finding.contract.ts'
import { reviewActivity } from './reviewing.ts'
import { watchedRecordApi } from './watched-record.contract.ts'
import { read, readMany, start } from './review.testing.ts'

const shown = ({ kind, user_id, patient_id, entries }: Finding) => ({ kind, user_id, patient_id, entries })

describe('many records opened by one person', () => {
  it('are found from the limit on, however often each was opened', async () => {
    await using house = await start()
    const { api, run, found } = house
    const [many, few] = [await api.person('admin'), await api.person('admin')]
    await readMany(api, many, 5)
    const [again] = [await api.patient()]
    for (let index = 0; index < 8; index += 1) await read(few, again)
    await readMany(api, few, 3)
    assert.equal(await run(), 1)
    const [finding] = await found()
    assert.deepEqual(
      [finding?.kind, finding?.user_id, finding?.user_name, finding?.records, finding?.entries, finding?.patient_id],
      ['mass_read', many.user_id, 'Test admin', 5, 5, null],
    )
    assert.equal((await found()).length, 1)
  })

  it('are one finding while it is open, and another only for what came after it was signed off', async () => {
    await using house = await start()
    const { api, run, found, close } = house
    const admin = await api.person('admin')
    await readMany(api, admin, 5)
    await run()
    await readMany(api, admin, 2)
    assert.equal(await run(), 0)
    const [open] = await found()
    assert.deepEqual([open?.records, open?.entries], [7, 7])
    await close(open?.id ?? '')
    await readMany(api, admin, 4)
    assert.equal(await run(), 0)
    await readMany(api, admin, 1)
    assert.equal(await run(), 1)
    assert.deepEqual(
      (await found({ kind: 'mass_read' })).map(({ records, closed_at }) => [records, closed_at === null]),
      [
        [5, true],
        [7, false],
      ],
    )
  })

  it('of which one is the own record, read as a patient, are none of it', async () => {
    await using house = await start({ mass_reads: 1 })
    const { api, run, found } = house
    const patient_id = await api.patient()
    const self = await api.person('patient', { patient_id })
    await read(self, patient_id)
    assert.equal(await run(), 0)
    assert.deepEqual(await found(), [])
  })
})

describe('a record of somebody near', () => {
  it('is found by account and by name, once a person and record, and counted on', async () => {
    await using house = await start({ mass_reads: 100 })
    const { api, run, found } = house
    const [own, colleagues] = [await api.patient(), await api.patient()]
    const reader = await api.person('admin', { patient_id: own })
    const nurse = await api.person('nurse', { patient_id: colleagues })
    const namesake = await api.patient({ first_name: 'test', last_name: 'Nurse' })
    const family = await api.patient({ first_name: 'Eve', last_name: 'Ádmin' })
    const stranger = await api.patient()
    for (const id of [own, colleagues, namesake, family, stranger, family]) await read(reader, id)
    assert.equal(await run(), 4)
    await read(reader, family)
    assert.equal(await run(), 0)
    const user_id = reader.user_id
    assert.deepEqual(
      new Set((await found()).map(shown)),
      new Set([
        { kind: 'own_record', user_id, patient_id: own, entries: 1 },
        { kind: 'colleague', user_id, patient_id: colleagues, entries: 1 },
        { kind: 'colleague', user_id, patient_id: namesake, entries: 1 },
        { kind: 'family_name', user_id, patient_id: family, entries: 3 },
      ]),
    )
    assert.deepEqual(
      (await found({ patient_id: family })).map(({ kind }) => kind),
      ['family_name'],
    )
    assert.deepEqual(await found({ user_id: nurse.user_id }), [])
    const [numbered] = await found({ patient_id: own })
    assert.match(numbered?.patient_number ?? '', /^PT-/)
  })

  it('is counted once, however many servers look at once', async () => {
    await using house = await start({ mass_reads: 100 })
    const { api, run, found } = house
    const admin = await api.person('admin')
    await run()
    const family = await api.patient({ first_name: 'Eve', last_name: 'Admin' })
    for (let index = 0; index < 7; index += 1) await read(admin, family)
    const sealing = await openAuditSealing(api.system)
    await sealAll(api, sealing)
    const raised = await Promise.all([1, 2, 3, 4].map(() => reviewActivity(api.system)))
    assert.equal(
      raised.reduce((sum, count) => sum + count),
      1,
    )
    assert.deepEqual(
      (await found({ kind: 'family_name' })).map(({ entries }) => entries),
      [7],
    )
  })
})

describe('a record that is watched', () => {
  it('has each look by way of work reported, those into what was merged into it too, until it is watched no longer', async () => {
    await using house = await start({ mass_reads: 100 })
    const { api, run, found, auditor } = house
    const [known, part, other] = [await api.patient(), await api.patient(), await api.patient()]
    const [admin, another] = [await api.person('admin'), await api.person('admin')]
    const watch = (patient_id: string) => auditor.call(watchedRecordApi.watch, { params: { patient_id } })
    const end = (patient_id: string) => auditor.call(watchedRecordApi.end, { params: { patient_id } })
    await watch(part)
    await watch(part)
    await admin.call(mergeApi.merge, {
      params: { patient_id: known },
      body: { merged_patient_id: part, reason: 'the same person', force: true },
    })
    await run()
    const before = (await found({ kind: 'watched_record' })).length
    for (const patient_id of [known, other]) await read(another, patient_id)
    assert.equal(await run(), 1)
    const [finding] = await found({ kind: 'watched_record' })
    assert.deepEqual([finding?.user_id, finding?.patient_id], [another.user_id, known])
    const { items } = await auditor.call(watchedRecordApi.list, { query: {} })
    assert.deepEqual(
      items.map(({ patient_id, watched_by }) => [patient_id, watched_by]),
      [[part, auditor.user_id]],
    )
    await end(part)
    await assert.rejects(end(part), refusedWith(notFound))
    await assert.rejects(watch('0198c0de-0000-7000-8000-000000000001'), refusedWith(notFound))
    await read(await api.person('admin'), known)
    assert.equal(await run(), 0)
    assert.equal((await found({ kind: 'watched_record' })).length, before + 1)
  })
})

describe('an hour that is not usual', () => {
  const timezone = 'America/New_York'
  const now = () => Temporal.Now.zonedDateTimeISO(timezone)
  const clock = (time: Temporal.ZonedDateTime) => time.toPlainTime().toString({ smallestUnit: 'minute' })
  const visit = (api: TestApi, patient_id: string, department_id: string, status: string, ended_days: number | null) =>
    api.rows(sql`
      insert into visits (visit_number, patient_id, department_id, type, status, opened_at, closed_at)
      values (${patient_id}, ${patient_id}, ${department_id}, 'inpatient', ${status}, now() - interval '2 days',
              now() - ${ended_days}::int * interval '1 day')`)

  it('is told of those who were not here, one finding a person and night', async () => {
    const [from, to] = [now().add({ hours: 2 }), now().add({ hours: 3 })]
    await using house = await start({ mass_reads: 100, usual_hours: { from: clock(from), to: clock(to) } })
    const { api, run, found } = house
    const department_id = await api.department()
    const [here, gone, never] = [await api.patient(), await api.patient(), await api.patient()]
    await visit(api, here, department_id, 'admitted', null)
    await visit(api, gone, department_id, 'discharged', 1)
    const admin = await api.person('admin')
    for (const id of [here, gone, never]) await read(admin, id)
    assert.equal(await run(), 1)
    await read(admin, never)
    assert.equal(await run(), 0)
    const [finding] = await found({ kind: 'after_hours' })
    const night = now().subtract({ hours: to.hour, minutes: to.minute }).toPlainDate().toString()
    assert.deepEqual([finding?.night_of, finding?.entries, finding?.patient_id], [night, 3, null])
  })

  it('is none where the hours are usual', async () => {
    await using house = await start({ mass_reads: 100, usual_hours: { from: '00:00', to: '24:00' } })
    await read(await house.api.person('admin'), await house.api.patient())
    assert.equal(await house.run(), 0)
  })
})

describe('failed attempts to sign in', () => {
  it('are found from the limit on', async () => {
    await using house = await start()
    const { api, run, found } = house
    const admin = await api.person('admin')
    const account = { email: 'grace@example.test', first_name: 'Grace', last_name: 'Hopper', role: 'nurse' }
    const { id } = await admin.call(userApi.create, { body: account })
    const fail = () =>
      api
        .call(loginApi.login, { body: { username: account.email, password: 'not the password' } })
        .catch(() => undefined)
    for (let attempt = 0; attempt < 5; attempt += 1) await fail()
    assert.equal(await run(), 0)
    await fail()
    assert.equal(await run(), 1)
    const [finding] = await found({ kind: 'failed_sign_ins' })
    assert.deepEqual([finding?.user_id, finding?.entries, finding?.records], [id, 6, null])
  })
})

describe('an emergency access', () => {
  it('that waits too long for its review is found, and signed off by that review', async () => {
    await using house = await start()
    const { api, run, found } = house
    const patient_id = await api.patient()
    const [nurse, admin] = [
      await api.person('nurse', { department_id: await api.department() }),
      await api.person('admin'),
    ]
    const { id } = await nurse.call(emergencyAccessApi.open_emergency_access, {
      params: { patient_id },
      body: { reason: 'Unconscious, allergies needed' },
    })
    const age = (hours: number) =>
      api.rows(sql`update emergency_accesses set created_at = now() - ${hours} * interval '1 hour'`)
    await age(71)
    assert.equal(await run(), 0)
    await age(73)
    assert.equal(await run(), 1)
    assert.equal(await run(), 0)
    const [finding] = await found()
    assert.deepEqual(
      [finding?.kind, finding?.user_id, finding?.patient_id, finding?.emergency_access_id],
      ['emergency_access_unreviewed', nurse.user_id, patient_id, id],
    )
    await admin.call(emergencyAccessApi.review_emergency_access, {
      params: { emergency_access_id: id },
      body: { verdict: 'not_justified' },
    })
    assert.equal(await run(), 0)
    const [closed] = await found({ closed: 'true' })
    assert.deepEqual([closed?.verdict, closed?.closed_by], ['not_justified', admin.user_id])
  })
})
