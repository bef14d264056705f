// Nursing assessments from the first keystroke to the last amendment, and who may see which of it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, type Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { become, type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { visitApi, visitUnfinished } from '../visits/visit.contract.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { escalate } from './alert.service.ts'
import {
  assessmentApi,
  assessmentSigned,
  draftOpen,
  noOpenAlert,
  notSigned,
  nursingApi,
  visitEnded,
} from './assessment.contract.ts'
import { Assessment } from './assessment-record.contract.ts'

let api: TestApi
let clinic: Clinic
let nurse: Person
before(async () => {
  api = await startTestApi()
  clinic = await startClinic(api)
  nurse = clinic.nurse
})
after(() => api[Symbol.asyncDispose]())

const well = {
  temperature_celsius: 37,
  pulse_bpm: 70,
  respiratory_rate_per_min: 16,
  blood_pressure_systolic: 120,
  blood_pressure_diastolic: 80,
  oxygen_saturation_percent: 97,
  on_supplemental_oxygen: false,
  consciousness: 'alert',
  weight_kg: 70,
  height_cm: 175,
} as const
const sick = { ...well, respiratory_rate_per_min: 26, pulse_bpm: 120, oxygen_saturation_percent: 91 } as const

const at = ({ id }: { id: string }) => ({ params: { assessment_id: id } })
const visitOf = async (patient_id?: string, who = nurse) =>
  openVisit(who, patient_id ?? (await api.patient()), { doctor_id: clinic.doctor_id })
const begin = (visit: { id: string }, body: object = { vital_signs: well }, who = nurse) =>
  who.call(nursingApi.create, { params: { visit_id: visit.id }, body })
const finalize = (assessment: { id: string }, who = nurse) =>
  who.call(assessmentApi.finalize, { ...at(assessment), body: {} })
const signed = async (visit: { id: string }, body?: object, who = nurse) => finalize(await begin(visit, body, who), who)

describe('a draft', () => {
  it('is kept as it is typed, goes on at another screen, and is its author’s alone', async () => {
    const visit = await visitOf()
    const made = await begin(visit, { notes: 'Sl' })
    assert.deepEqual(Object.keys(made).toSorted(), Object.keys(Assessment.shape).toSorted())
    assert.deepEqual([made.status, made.version_number, made.nursing?.notes], ['draft', null, 'Sl'])
    const body = { notes: 'Slept well', vital_signs: well }
    const params = { visit_id: visit.id }
    const saved = await nurse.call(nursingApi.save, { params, body }, { 'if-match': '"v1"' })
    const session = await api.signIn(nurse.user_id)
    const elsewhere = await api.send({
      method: 'GET',
      url: `/api/v1/visits/${visit.id}/nursing-assessment`,
      headers: { authorization: `Bearer ${session.token}` },
    })
    assert.deepEqual(JSON.parse(elsewhere.text), saved)
    const colleague = await api.person('nurse', { department_id: clinic.department_id })
    await assert.rejects(colleague.call(assessmentApi.get, at(made)), refusedWith(notFound))
    await assert.rejects(colleague.call(nursingApi.read, { params }), refusedWith(notFound))
    await assert.rejects(
      colleague.call(assessmentApi.save, { ...at(made), body: { nursing: body } }),
      refusedWith(notFound),
    )
    assert.deepEqual((await colleague.call(assessmentApi.listOfVisit, { params })).items, [])
  })

  it('loses nothing to another screen: of ten saves at once one is kept, and the others are told what differs', async () => {
    const made = await begin(await visitOf())
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        nurse.call(
          assessmentApi.save,
          { ...at(made), body: { nursing: { vital_signs: well, notes: `Screen ${n}` } } },
          { 'if-match': '"v1"' },
        ),
      ),
    )
    const kept = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.equal(kept.length, 1)
    const told = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as Problem] : []))
    assert.ok(told.every(refusedWith(stale)))
    assert.ok(
      told.every(({ members }) => String(members['differs_in']) === 'notes' && members['current_version'] === 2),
    )
    assert.equal((await nurse.call(assessmentApi.get, at(made))).nursing?.notes, kept[0]?.nursing?.notes)
  })

  it('is one for each author and visit, however often it is begun', async () => {
    const visit = await visitOf()
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => begin(visit)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.ok(outcomes.every((one) => one.status === 'fulfilled' || refusedWith(draftOpen)(one.reason)))
    const [named] = await api.rows(sql`
      select count(*)::int as times from audit_logs
       where patient_id = ${visit.patient_id} and outcome = 'denied' and details->>'code' = 'draft_open'`)
    assert.deepEqual(named, { times: 7 })
    assert.equal((await begin(visit, {}, clinic.doctor)).author_id, clinic.doctor.user_id)
  })

  it('keeps its visit from being completed, and is not begun in one that has ended', async () => {
    const visit = await visitOf()
    await become(clinic.doctor, visit, 'triaged', 'in_progress')
    const made = await begin(visit)
    await assert.rejects(become(clinic.doctor, visit, 'completed'), (error) => {
      assert.ok(refusedWith(visitUnfinished)(error))
      const obstacles = [{ obstacle: 'assessment_draft', subject_id: made.id }]
      assert.deepEqual((error as Problem).members['obstacles'], obstacles)
      return true
    })
    await finalize(made)
    await become(clinic.doctor, visit, 'completed')
    await assert.rejects(begin(visit), refusedWith(visitEnded))
  })

  const wrong: [string, object, string][] = [
    [
      'a diastolic pressure that is not below the systolic',
      { blood_pressure_systolic: 80, blood_pressure_diastolic: 80 },
      'blood_pressure_diastolic',
    ],
    ['SpO2 of 101', { oxygen_saturation_percent: 101 }, 'oxygen_saturation_percent'],
    ['a temperature of 370', { temperature_celsius: 370 }, 'temperature_celsius'],
    ['a temperature of two decimals', { temperature_celsius: 37.05 }, 'temperature_celsius'],
    ['half a heart beat', { pulse_bpm: 70.5 }, 'pulse_bpm'],
    ['a score that is computed', { news2: 1 }, 'news2'],
  ]
  for (const [what, vital_signs, field] of wrong)
    it(`does not take ${what}`, async () => {
      await assert.rejects(
        begin(await visitOf(), { vital_signs }),
        refusedWith(invalidRequest, `/body/vital_signs/${field}`),
      )
    })
})

describe('a signed assessment', () => {
  it('shows what follows from it, and orders the board', async () => {
    const visit = await visitOf()
    const { derived, status, version_number, alert } = await signed(visit, { vital_signs: { ...well, pulse_bpm: 105 } })
    assert.deepEqual([status, version_number, alert], ['final', 1, null])
    assert.deepEqual([derived?.bmi, derived?.mean_arterial_pressure, derived?.news2?.score], [22.9, 93, 1])
    assert.deepEqual([derived?.flags.map(({ field, flag }) => [field, flag])], [[['pulse_bpm', 'high']]])
    const board = () => nurse.call(visitApi.get, { params: { visit_id: visit.id } })
    assert.equal((await board()).news2_score, 1)
    await signed(visit, { vital_signs: sick })
    assert.equal((await board()).news2_score, 8)
    await signed(visit, { vital_signs: well, taken_at: '2026-01-01T00:00:00Z' })
    assert.equal((await board()).news2_score, 8)
  })

  it('needs a vital sign, and has the older person’s part for patients over 65 only', async () => {
    const made = await begin(await visitOf(), { notes: 'Nothing measured' })
    await assert.rejects(finalize(made), refusedWith(invalidRequest, '/body/vital_signs'))
    const older_person = { hearing: 'Impaired' }
    const young = await begin(await visitOf(), { vital_signs: well, older_person })
    await assert.rejects(finalize(young), refusedWith(invalidRequest, '/body/older_person'))
    const old = await visitOf(await api.patient({ date_of_birth: '1940-01-01' }))
    assert.equal((await signed(old, { vital_signs: well, older_person })).nursing?.older_person?.hearing, 'Impaired')
  })

  it('is never changed: amended with a reason, and every version stays readable', async () => {
    const made = await signed(await visitOf(), { vital_signs: well, notes: 'First' })
    const nursing = { vital_signs: { ...well, pulse_bpm: 75 }, notes: 'Second' }
    await assert.rejects(
      nurse.call(assessmentApi.save, { ...at(made), body: { nursing } }),
      refusedWith(assessmentSigned),
    )
    await assert.rejects(finalize(made), refusedWith(assessmentSigned))
    const body = { nursing, reason: 'Other patient' }
    await assert.rejects(
      nurse.call(assessmentApi.amend, { ...at(made), body }, { 'if-match': '"v1"' }),
      refusedWith(stale),
    )
    const amended = await clinic.doctor.call(assessmentApi.amend, { ...at(made), body })
    assert.deepEqual([amended.status, amended.version_number, amended.nursing?.notes], ['amended', 2, 'Second'])
    const { items } = await nurse.call(assessmentApi.versions, at(made))
    assert.deepEqual(
      items.map((one) => [one.version_number, one.status, one.reason, one.signed_by, one.nursing?.notes]),
      [
        [1, 'final', null, nurse.user_id, 'First'],
        [2, 'amended', 'Other patient', clinic.doctor.user_id, 'Second'],
      ],
    )
    const draft = await begin(await visitOf())
    await assert.rejects(nurse.call(assessmentApi.amend, { ...at(draft), body }), refusedWith(notSigned))
  })

  it('is refused by the database to whoever changes or deletes it, its owner included', async () => {
    const { id } = await signed(await visitOf())
    const forbiddenStatements = [
      sql`update assessment_versions set sealed_content = sealed_content || '\\x00' where assessment_id = ${id}`,
      sql`update assessment_versions set signed_at = now() + interval '1 day' where assessment_id = ${id}`,
      sql`update assessment_versions set status = 'amended' where assessment_id = ${id}`,
      sql`delete from assessment_versions where assessment_id = ${id}`,
      sql`update assessments set status = 'draft', current_number = 0, sealed_draft = '\\x00' where id = ${id}`,
      sql`update assessments set author_id = gen_random_uuid() where id = ${id}`,
      sql`delete from assessments where id = ${id}`,
      sql`truncate assessment_versions`,
      sql`truncate assessments cascade`,
      sql`truncate clinical_note_versions`,
      sql`truncate clinical_notes cascade`,
      sql`truncate prescriptions cascade`,
    ]
    for (const statement of forbiddenStatements)
      await assert.rejects(api.rows(statement), (error) => (error as { code?: string }).code === 'OW423')
  })

  it('is seen by the patient when it is final, without the signs of abuse, which treating staff see', async () => {
    const patient_id = await api.patient()
    const own = await api.person('patient', { patient_id })
    const visit = await visitOf(patient_id)
    const made = await begin(visit, { vital_signs: well, signs_of_abuse: 'CANARYABUSE', notes: 'CANARYNOTES' })
    await assert.rejects(own.call(assessmentApi.get, at(made)), refusedWith(notFound))
    await finalize(made)
    const seen = await own.call(assessmentApi.get, at(made))
    assert.deepEqual([seen.nursing?.signs_of_abuse, seen.nursing?.notes], [null, 'CANARYNOTES'])
    const [version] = (await own.call(assessmentApi.versions, at(made))).items
    assert.equal(version?.nursing?.signs_of_abuse, null)
    assert.equal((await clinic.doctor.call(assessmentApi.get, at(made))).nursing?.signs_of_abuse, 'CANARYABUSE')
    await assert.rejects(
      own.call(assessmentApi.amend, { ...at(made), body: { reason: 'x', nursing: {} } }),
      refusedWith(forbidden),
    )
    await assert.rejects(own.call(assessmentApi.acknowledge, at(made)), refusedWith(forbidden))
    const stored = await api.rows<{ row: string }>(sql`
      select assessments::text as row from assessments union all select assessment_versions::text from assessment_versions union all
      select events::text from events union all select audit_logs::text from audit_logs`)
    assert.deepEqual(
      stored.filter(({ row }) => row.includes('CANARY')),
      [],
    )
  })

  it('is out of reach for other departments and other patients, and nobody writes in their own chart', async () => {
    const patient_id = await api.patient()
    const visit = await visitOf(patient_id)
    const made = await signed(visit)
    const away = await startClinic(api)
    const other = await api.person('patient', { patient_id: await api.patient() })
    for (const stranger of [away.nurse, away.doctor, other]) {
      await assert.rejects(stranger.call(assessmentApi.get, at(made)), refusedWith(notFound))
      await assert.rejects(stranger.call(assessmentApi.versions, at(made)), refusedWith(notFound))
      await assert.rejects(
        stranger.call(assessmentApi.listOfVisit, { params: { visit_id: visit.id } }),
        refusedWith(notFound),
      )
      await assert.rejects(
        stranger.call(assessmentApi.vitalSigns, { params: { patient_id }, query: {} }),
        refusedWith(notFound),
      )
    }
    await assert.rejects(begin(visit, {}, away.nurse), refusedWith(notFound))
    const self = await api.person('nurse', { department_id: clinic.department_id, patient_id })
    await assert.rejects(begin(visit, {}, self), refusedWith(forbidden))
  })

  it('goes with its patient when records are merged, and back', async () => {
    const [survivor, merged] = [await api.patient(), await api.patient()]
    const made = await signed(await visitOf(merged), { vital_signs: well, signs_of_abuse: 'Bruises' })
    const admin = await api.person('admin')
    const params = { patient_id: survivor }
    const body = { merged_patient_id: merged, reason: 'Same person', force: true }
    const { merge_id } = await admin.call(mergeApi.merge, { params, body })
    assert.equal((await nurse.call(assessmentApi.get, at(made))).patient_id, survivor)
    await admin.call(mergeApi.unmerge, { params, body: { merge_id: merge_id ?? '', reason: 'Two people', assign: {} } })
    const back = await nurse.call(assessmentApi.get, at(made))
    assert.deepEqual([back.patient_id, back.nursing?.signs_of_abuse], [merged, 'Bruises'])
  })
})

describe('an alert', () => {
  it('goes to the visit’s doctor, then to the next in line, until somebody acknowledges it', async () => {
    const team = await startClinic(api)
    const second = await api.person('doctor', { doctor: true, department_id: team.department_id })
    const visit = await openVisit(team.nurse, await api.patient(), { doctor_id: team.doctor_id })
    const made = await signed(visit, { vital_signs: sick }, team.nurse)
    assert.deepEqual(
      [made.alert?.reason, made.alert?.addressed_to, made.alert?.level],
      ['early_warning', team.doctor.user_id, 1],
    )
    const alert = async () => (await team.nurse.call(assessmentApi.get, at(made))).alert
    await escalate(api.system)
    assert.equal((await alert())?.level, 1)
    await escalate(api.system, 0)
    assert.deepEqual([(await alert())?.addressed_to, (await alert())?.level], [second.user_id, 2])
    await escalate(api.system, 0)
    assert.deepEqual([(await alert())?.addressed_to, (await alert())?.level], [null, 3])
    const done = await second.call(assessmentApi.acknowledge, at(made))
    assert.equal(done.alert?.acknowledged_by, second.user_id)
    assert.ok((done.alert?.seconds_to_acknowledge ?? -1) >= 0)
    await assert.rejects(team.doctor.call(assessmentApi.acknowledge, at(made)), refusedWith(noOpenAlert))
    await escalate(api.system, 0)
    assert.equal((await alert())?.level, 3)
    const events = await api.rows<{ type: string }>(
      sql`select type from events where subject_id = ${made.id} order by id`,
    )
    assert.deepEqual(
      events.map(({ type }) => type.replace('assessment.', '')),
      ['finalized', 'alert_raised', 'alert_escalated', 'alert_escalated', 'alert_acknowledged'],
    )
  })

  it('is acknowledged with what was done, which stands sealed beside it', async () => {
    const made = await signed(await visitOf(), { vital_signs: sick })
    const action_taken = 'Gave oxygen, called the doctor on duty'
    const done = await nurse.call(assessmentApi.acknowledge, { ...at(made), body: { action_taken } })
    assert.equal(done.alert?.action_taken, action_taken)
    assert.equal((await clinic.doctor.call(assessmentApi.get, at(made))).alert?.action_taken, action_taken)
    const [row] = await api.rows(
      sql<{ sealed: Buffer }>`select sealed_action as sealed from assessment_alerts where assessment_id = ${made.id}`,
    )
    assert.ok(row && !row.sealed.includes('oxygen'))
  })

  it('is raised by a single 3 although other values are missing, and not for children', async () => {
    const adult = await signed(await visitOf(), { vital_signs: { consciousness: 'confusion' } })
    assert.deepEqual([adult.alert?.reason, adult.derived?.news2?.score], ['early_warning', null])
    const child = await visitOf(await api.patient({ date_of_birth: '2020-01-01' }))
    const made = await signed(child, { vital_signs: sick })
    assert.deepEqual([made.alert, made.derived?.news2], [null, null])
  })

  it('is escalated once by two servers at the same moment', async () => {
    const made = await signed(await visitOf(), { vital_signs: sick })
    await Promise.all([escalate(api.system, 0), escalate(api.system, 0)])
    const level = (await nurse.call(assessmentApi.get, at(made))).alert?.level ?? 0
    const told = sql<{ n: number }>`
      select count(*)::int as n from events where subject_id = ${made.id} and type = 'assessment.alert_escalated'`
    assert.deepEqual(await api.rows(told), [{ n: level - 1 }])
  })
})

describe('what is known before', () => {
  it('is a course of vital signs for charts, newest first and without a gap', async () => {
    const patient_id = await api.patient()
    const visit = await visitOf(patient_id)
    const times = ['2026-01-01T08:00:00Z', '2026-01-03T08:00:00Z', '2026-01-02T08:00:00Z']
    for (const taken_at of times) await signed(visit, { vital_signs: well, taken_at })
    const params = { patient_id }
    const first = await nurse.call(assessmentApi.vitalSigns, { params, query: { limit: '2' } })
    const rest = await nurse.call(assessmentApi.vitalSigns, {
      params,
      query: { limit: '2', cursor: first.next_cursor ?? '' },
    })
    assert.deepEqual(
      [...first.items, ...rest.items].map(({ taken_at }) => taken_at),
      times.toSorted().toReversed(),
    )
    assert.deepEqual([first.total, first.items[0]?.pulse_bpm, first.items[0]?.bmi], [3, 70, 22.9])
    const query = { from: '2026-01-02T00:00:00Z', to: '2026-01-03T00:00:00Z' }
    assert.equal((await nurse.call(assessmentApi.vitalSigns, { params, query })).total, 1)
  })
})
