// Drafting, checking and signing: what speaks against a prescription is found before it is signed, and what is signed stays.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, type Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith } from '../../testing.ts'
import { doctorApi } from '../doctors/doctor.contract.ts'
import { currentMedicineApi } from './current-medicine.contract.ts'
import { amoxicillin, ibuprofen, startPrescribing, warfarin } from './prescribing.testing.ts'
import {
  appointmentPrescribed,
  noCareRelationship,
  Prescription,
  prescriptionApi,
  prescriptionBlocked,
  prescriptionEnded,
  prescriptionFor,
  prescriptionNotDraft,
  prescriptionNotSigned,
} from './prescription.contract.ts'

let house: Awaited<ReturnType<typeof startPrescribing>>
before(async () => void (house = await startPrescribing()))
after(() => house[Symbol.asyncDispose]())
const rejected = (call: Promise<unknown>) =>
  call.then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error as Problem,
  )

describe('a prescription', () => {
  it('is drafted, unseen by its patient, written anew, checked, signed, and read by patient and nurse', async () => {
    const patient_id = await house.patient()
    const made = await house.draft(patient_id, amoxicillin)
    assert.deepEqual(Object.keys(made).toSorted(), Object.keys(Prescription.shape).toSorted())
    assert.match(made.prescription_number, /^RX-\d{8}-\d{4,}$/)
    assert.deepEqual([made.status, made.doctor_id, made.signature], ['draft', house.doctor.doctor_id, null])
    const params = { prescription_id: made.id }
    const own = await house.api.person('patient', { patient_id })
    // What is not signed is not for the patient to take.
    await assert.rejects(own.call(prescriptionApi.get, { params }), refusedWith(notFound))
    const mine = await own.call(prescriptionApi.listOfPatient, { params: { patient_id }, query: {} })
    assert.deepEqual([mine.items, mine.total], [[], 0])
    const body = { notes: 'After meals', medicines: [{ ...amoxicillin, quantity: 24 }] }
    const changed = await house.doctor.call(prescriptionApi.change, { params, body }, { 'if-match': '"v1"' })
    assert.deepEqual([changed.notes, changed.medicines[0]?.quantity, changed.version], ['After meals', 24, 2])
    const found = await house.check(made.id, { is_pregnant: false })
    assert.deepEqual([found.findings, found.rule_set?.version], [[], '2026.11'])
    const signed = await house.sign(made.id, { is_pregnant: false })
    assert.deepEqual([signed.status, signed.version, signed.check?.rule_set?.version], ['signed', 3, '2026.11'])
    for (const reader of [own, house.nurse]) {
      assert.deepEqual(await reader.call(prescriptionApi.get, { params }), signed)
      const { items, total } = await reader.call(prescriptionApi.listOfPatient, { params: { patient_id }, query: {} })
      assert.deepEqual([items, total], [[signed], 1])
    }
  })

  it('is drafted with the first request after one has a doctor profile', async () => {
    const { api } = house
    const patient_id = await house.patient()
    const newcomer = await api.person('doctor')
    const prescribe = () => newcomer.call(prescriptionApi.create, { body: { patient_id, medicines: [amoxicillin] } })
    assert.deepEqual((await rejected(prescribe())).kind, forbidden)
    const body = { specialization: 'Cardiology', license_number: 'newcomer', location: 'Main building' }
    await (await api.person('admin')).call(doctorApi.create, { body: { user_id: newcomer.user_id, ...body } })
    assert.notDeepEqual((await rejected(prescribe())).kind, forbidden)
  })

  it('is refused for amoxicillin where a penicillin is not tolerated, in whatever words', async () => {
    for (const substance of ['Penicillin', 'Allergy to penicillin G', 'alergia a la penicilina']) {
      const patient_id = await house.patient()
      await house.allergy(patient_id, substance)
      const { id } = await house.draft(patient_id, { ...amoxicillin, code: null, name: 'Amoxil 500 mg capsules' })
      const refusal = await rejected(house.sign(id))
      assert.ok(refusedWith(prescriptionBlocked)(refusal), String(refusal))
      const told = refusal.members['findings'] as { rule_id: string; severity: string }[]
      assert.deepEqual(
        told.map(({ rule_id, severity }) => [rule_id, severity]),
        [['A-penicillins', 'severe']],
      )
      assert.doesNotMatch(JSON.stringify(refusal.members), /penicillin g|alergia/i)
      const named = await house.api.rows(sql`
        select outcome, resource_id from audit_logs where patient_id = ${patient_id} and details->>'code' = 'prescription_blocked'`)
      assert.deepEqual(named, [{ outcome: 'denied', resource_id: id }])
      const [row] = await house.api.rows<{ status: string }>(sql`select status from prescriptions where id = ${id}`)
      assert.equal(row?.status, 'draft')
    }
  })

  it('is signed over a severe finding for a reason, which is kept and audited', async () => {
    const patient_id = await house.patient()
    await house.allergy(patient_id, 'Penicillin')
    const { id } = await house.draft(patient_id, amoxicillin)
    const { findings } = await house.check(id)
    const key = findings.find(({ severity }) => severity === 'severe')?.key ?? ''
    await assert.rejects(
      house.sign(id, { overrides: [{ key, reason: 'because' }] }),
      refusedWith(invalidRequest, '/body/overrides/0/reason'),
    )
    const unknown = { overrides: [{ key: 'A-none/0', reason: 'Tolerated it last year' }] }
    await assert.rejects(house.sign(id, unknown), refusedWith(invalidRequest, '/body/overrides/0/key'))
    const reason = 'Tolerated amoxicillin in hospital last year'
    const signed = await house.sign(id, { overrides: [{ key, reason }] })
    assert.equal(signed.check?.findings.find((one) => one.key === key)?.override_reason, reason)
    const entries = await house.api.rows<{ action: string; details: Record<string, unknown>; is_sealed: boolean }>(sql`
      select action, details, sealed_changes is not null as is_sealed from audit_logs
       where resource_id = ${id} and action in ('prescription.sign', 'prescription.override') order by action`)
    assert.deepEqual(
      entries.map(({ action, details, is_sealed }) => [action, details['rule'] ?? details['overrides'], is_sealed]),
      [
        ['prescription.override', 'A-penicillins', true],
        ['prescription.sign', 1, false],
      ],
    )
  })

  it('makes its medicines current ones of the patient, until it is cancelled', async () => {
    const patient_id = await house.patient()
    const { id } = await house.draft(patient_id, warfarin)
    const current = async () => (await house.nurse.call(currentMedicineApi.list, { params: { patient_id } })).items
    assert.deepEqual(await current(), [])
    await house.sign(id)
    assert.deepEqual(
      (await current()).map(({ name, prescription_id }) => [name, prescription_id]),
      [['Warfarin', id]],
    )
    const params = { prescription_id: id }
    await house.doctor.call(prescriptionApi.cancel, { params, body: { reason: 'Stopped' } })
    assert.deepEqual(await current(), [])
  })

  it('meets what the patient takes already, until the course is over', async () => {
    const patient_id = await house.patient()
    const first = await house.draft(patient_id, warfarin)
    await house.sign(first.id)
    const { id } = await house.draft(patient_id, ibuprofen)
    const { findings } = await house.check(id)
    const found = findings.find(({ rule_id }) => rule_id === 'I-vka-nsaids')
    assert.deepEqual([found?.severity, found?.other, found?.other_prescription_id], ['severe', 'Warfarin', first.id])
    await assert.rejects(house.sign(id), refusedWith(prescriptionBlocked))
    await house.doctor.call(prescriptionApi.cancel, {
      params: { prescription_id: first.id },
      body: { reason: 'Stopped' },
    })
    assert.equal((await house.sign(id)).status, 'signed')
  })

  it('knows a pregnancy from the record, and says where nobody knows', async () => {
    const patient_id = await house.patient()
    const lisinopril = { ...amoxicillin, name: 'Lisinopril', code: null, dosage: '10 mg', frequency: 'daily' }
    const { id } = await house.draft(patient_id, lisinopril)
    const unsaid = await house.check(id)
    assert.ok(unsaid.not_checked.some(({ why }) => why === 'pregnancy_unknown'))
    await house.condition(patient_id, { text: 'Pregnancy', icd10_code: 'Z34.9', clinical_status: 'active' })
    const known = await house.check(id, { is_pregnant: false })
    assert.deepEqual(
      known.findings.map(({ rule_id }) => rule_id),
      ['P-ace-inhibitors'],
    )
  })

  it('says what it could not check, and is signed with that on record', async () => {
    const patient_id = await house.patient({ date_of_birth: '2023-01-01' })
    const { id } = await house.draft(
      patient_id,
      { ...amoxicillin, dosage: '125 mg' },
      { ...amoxicillin, name: 'Foobarine', code: null },
    )
    const signed = await house.sign(id)
    assert.equal(signed.check?.status, 'partly_checked')
    const whys = signed.check.not_checked.map(({ medicine_index, why }) => `${medicine_index} ${why}`)
    assert.deepEqual(whys.toSorted(), ['0 weight_missing', '1 unknown_medicine', 'null none_recorded'])
    const heavy = await house.draft(patient_id, { ...amoxicillin, dosage: '500 mg' })
    const { findings } = await house.check(heavy.id, { weight_kg: 12 })
    assert.deepEqual(
      findings.map(({ rule_id }) => rule_id).filter((rule) => rule.startsWith('M-')),
      ['M-amoxicillin-child'],
    )
  })

  it('belongs to its appointment, which has one at a time', async () => {
    const patient_id = await house.patient()
    const [{ id: appointment_id } = { id: '' }] = await house.api.rows<{ id: string }>(sql`
      insert into appointments (confirmation_code, patient_id, doctor_id, during, status)
      values ('APT-TEST', ${patient_id}, ${house.doctor.doctor_id}, tstzrange(now(), now() + interval '30 minutes'), 'in_progress') returning id`)
    const body = { appointment_id, medicines: [amoxicillin] }
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => house.doctor.call(prescriptionApi.create, { body })),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(refusedWith(appointmentPrescribed)(outcome.reason))
    const other = await house.patient()
    await assert.rejects(
      house.doctor.call(prescriptionApi.create, { body: { ...body, patient_id: other } }),
      refusedWith(prescriptionFor),
    )
    await assert.rejects(
      house.doctor.call(prescriptionApi.create, { body: { medicines: [amoxicillin] } }),
      refusedWith(prescriptionFor),
    )
    const nowhere = { appointment_id: house.doctor.user_id, medicines: [amoxicillin] }
    await assert.rejects(house.doctor.call(prescriptionApi.create, { body: nowhere }), refusedWith(notFound))
  })
})

describe('who prescribes', () => {
  it('is a doctor who treats the patient: others are told so, or that there is nothing', async () => {
    const patient_id = await house.patient()
    const body = { patient_id, medicines: [amoxicillin] }
    const colleague = await house.api.person('doctor', { department_id: house.department_id, doctor: true })
    const stranger = await house.api.person('doctor', { department_id: await house.api.department(), doctor: true })
    const unprofiled = await house.api.person('doctor', { department_id: house.department_id })
    const { id } = await house.draft(patient_id, amoxicillin)
    await assert.rejects(colleague.call(prescriptionApi.create, { body }), refusedWith(noCareRelationship))
    await assert.rejects(stranger.call(prescriptionApi.create, { body }), refusedWith(notFound))
    await assert.rejects(unprofiled.call(prescriptionApi.create, { body }), refusedWith(forbidden))
    await assert.rejects(house.nurse.call(prescriptionApi.create, { body }), refusedWith(forbidden))
    const sign = { params: { prescription_id: id }, body: {} }
    await assert.rejects(colleague.call(prescriptionApi.sign, sign), refusedWith(noCareRelationship))
    await assert.rejects(stranger.call(prescriptionApi.sign, sign), refusedWith(notFound))
    await house.treat(patient_id, colleague)
    await assert.rejects(
      colleague.call(prescriptionApi.sign, sign),
      refusedWith(notFound),
      'a draft is its own doctor’s',
    )
  })

  it('is nobody for themselves, and nobody by emergency access alone', async () => {
    const me = await house.patient()
    const doctor = await house.api.person('doctor', { doctor: true, patient_id: me })
    await house.treat(me, doctor)
    const body = { patient_id: me, medicines: [amoxicillin] }
    await assert.rejects(doctor.call(prescriptionApi.create, { body }), refusedWith(forbidden))
    const stranger = await house.api.person('doctor', { doctor: true })
    const other = await house.patient()
    const url = `/api/v1/patients/${other}/emergency-access`
    const opened = await stranger.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'Found unconscious in the hall' }),
    })
    assert.equal(opened.status, 201, opened.text)
    const refused = stranger.call(prescriptionApi.create, { body: { patient_id: other, medicines: [amoxicillin] } })
    await assert.rejects(refused, refusedWith(noCareRelationship))
  })
})

describe('what is signed', () => {
  it('is signed once, however many sign at once', async () => {
    const { id } = await house.draft(await house.patient(), amoxicillin)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => house.sign(id)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(refusedWith(prescriptionNotDraft)(outcome.reason))
    const events = await house.api.rows(
      sql`select from events where subject_id = ${id} and type = 'prescription.signed'`,
    )
    assert.equal(events.length, 1)
  })

  it('is what the doctor saw: an edit beside the signature loses, or is seen', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await house.draft(await house.patient(), amoxicillin)
      const params = { prescription_id: id }
      const edit = { medicines: [{ ...amoxicillin, dosage: '1 g' }] }
      const [signed, edited] = await Promise.allSettled([
        house.sign(id, {}, { 'if-match': '"v1"' }),
        house.doctor.call(prescriptionApi.change, { params, body: edit }, { 'if-match': '"v1"' }),
      ])
      const now = await house.doctor.call(prescriptionApi.get, { params })
      if (signed.status === 'fulfilled') {
        assert.equal(now.medicines[0]?.dosage, '500 mg')
        assert.ok(
          edited.status === 'rejected' &&
            (refusedWith(stale)(edited.reason) || refusedWith(prescriptionNotDraft)(edited.reason)),
        )
      } else {
        assert.ok(refusedWith(stale)(signed.reason))
        assert.deepEqual([now.status, now.medicines[0]?.dosage], ['draft', '1 g'])
      }
    }
  })

  it('waits for an allergy that is being recorded beside it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const patient_id = await house.patient()
      const { id } = await house.draft(patient_id, amoxicillin)
      const [allergy, signed] = await Promise.allSettled([house.allergy(patient_id, 'Penicillin'), house.sign(id)])
      assert.equal(allergy.status, 'fulfilled')
      if (signed.status === 'rejected') assert.ok(refusedWith(prescriptionBlocked)(signed.reason))
      else {
        const at = allergy.value.created_at
        assert.ok(
          Temporal.Instant.compare(signed.value.signed_at ?? '', Temporal.Instant.from(at).add({ seconds: 1 })) < 0,
        )
        assert.ok(signed.value.check?.not_checked.some(({ why }) => why === 'none_recorded'))
      }
    }
  })

  it('is changed by nobody: not by the API, not by the application’s role, not by the owner of the database', async () => {
    const { id } = await house.draft(await house.patient(), amoxicillin)
    const signed = await house.sign(id)
    const params = { prescription_id: id }
    await assert.rejects(
      house.doctor.call(prescriptionApi.change, { params, body: { medicines: [ibuprofen] } }),
      refusedWith(prescriptionNotDraft),
    )
    await assert.rejects(house.check(id), refusedWith(prescriptionNotDraft))
    const forgeries = [
      sql`update prescriptions set sealed_content = sealed_check where id = ${id}`,
      sql`update prescriptions set sealed_content = sealed_check, key_id = key_id where id = ${id}`,
      sql`update prescriptions set signature = signature || decode('00', 'hex') where id = ${id}`,
      sql`update prescriptions set signed_at = now() where id = ${id}`,
      sql`update prescriptions set verification_code = 'ABC' where id = ${id}`,
      sql`update prescriptions set expires_at = now() + interval '9 years' where id = ${id}`,
      sql`update prescriptions set doctor_id = (select id from doctors where id <> doctor_id limit 1) where id = ${id}`,
      sql`update prescriptions set status = 'draft' where id = ${id}`,
      sql`delete from prescriptions where id = ${id}`,
    ]
    for (const forgery of forgeries)
      await assert.rejects(house.api.rows(forgery), /signed|violates|permission/, forgery.text)
    for (const forgery of forgeries)
      await assert.rejects(
        house.api.database.once((tx) => tx.run(forgery)),
        forgery.text,
      )
    await house.doctor.call(prescriptionApi.cancel, { params, body: { reason: 'Wrong strength' } })
    const revival = sql`update prescriptions set status = 'signed', cancelled_at = null where id = ${id}`
    await assert.rejects(house.api.rows(revival), /signed/)
    assert.equal((await house.doctor.call(prescriptionApi.get, { params })).signature, signed.signature)
  })

  it('is cancelled and replaced by a draft of the same content', async () => {
    const patient_id = await house.patient()
    const { id } = await house.draft(patient_id, amoxicillin)
    await house.sign(id)
    const cancel = { params: { prescription_id: id }, body: { reason: 'Wrong strength', replace: true } }
    const cancelled = await house.doctor.call(prescriptionApi.cancel, cancel)
    assert.deepEqual([cancelled.status, cancelled.cancel_reason], ['cancelled', 'Wrong strength'])
    const replacement = await house.doctor.call(prescriptionApi.get, {
      params: { prescription_id: cancelled.replaced_by_id ?? '' },
    })
    assert.deepEqual(
      [replacement.status, replacement.replaces_id, replacement.medicines],
      ['draft', id, cancelled.medicines],
    )
    await assert.rejects(house.doctor.call(prescriptionApi.cancel, cancel), refusedWith(prescriptionEnded))
    await assert.rejects(house.sign(id), refusedWith(prescriptionNotDraft))
  })

  it('is dispensed once, by who reaches the patient', async () => {
    const { id } = await house.draft(await house.patient(), amoxicillin)
    const params = { prescription_id: id }
    await assert.rejects(house.nurse.call(prescriptionApi.dispense, { params }), refusedWith(prescriptionNotSigned))
    await house.sign(id)
    const away = await house.api.person('nurse', { department_id: await house.api.department() })
    await assert.rejects(away.call(prescriptionApi.dispense, { params }), refusedWith(notFound))
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => house.nurse.call(prescriptionApi.dispense, { params })),
    )
    const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    assert.deepEqual(
      done.map(({ status, dispensed_by }) => [status, dispensed_by]),
      [['dispensed', house.nurse.user_id]],
    )
    const late = house.doctor.call(prescriptionApi.cancel, { params, body: { reason: 'Too late' } })
    await assert.rejects(late, refusedWith(prescriptionEnded))
  })
})

describe('a list of prescriptions', () => {
  it('shows those in reach, by patient, doctor, status and day, page by page', async () => {
    const patient_id = await house.patient()
    const made = []
    for (let n = 0; n < 3; n += 1) made.push(await house.draft(patient_id, amoxicillin))
    await house.sign(made[0]?.id ?? '')
    const list = (query: object) => house.doctor.call(prescriptionApi.list, { query: { patient_id, ...query } })
    const first = await list({ limit: '2' })
    assert.deepEqual([first.items.map(({ id }) => id), first.total], [[made[2]?.id, made[1]?.id], 3])
    const rest = await list({ limit: '2', cursor: first.next_cursor ?? '' })
    assert.deepEqual(
      rest.items.map(({ id }) => id),
      [made[0]?.id],
    )
    assert.equal((await list({ status: 'signed' })).total, 1)
    assert.equal((await list({ from: '2999-01-01' })).total, 0)
    assert.equal((await list({ doctor_id: house.doctor.doctor_id ?? '' })).total, 3)
    const stranger = await house.api.person('doctor', { department_id: await house.api.department(), doctor: true })
    const foreign = await stranger.call(prescriptionApi.list, { query: { patient_id } })
    assert.deepEqual([foreign.items, foreign.total], [[], 0])
    await assert.rejects(
      stranger.call(prescriptionApi.listOfPatient, { params: { patient_id }, query: {} }),
      refusedWith(notFound),
    )
  })

  it('holds nothing that was prescribed in the clear, in any table or event', async () => {
    const patient_id = await house.patient()
    const canary = { ...amoxicillin, name: 'CANARYDRUG', instructions: 'CANARYHOW' }
    const { id } = await house.draft(patient_id, canary)
    await house.sign(id)
    const dumped = await house.api.rows<{ row: string }>(sql`
      select prescriptions::text as row from prescriptions union all select events::text from events union all select audit_logs::text from audit_logs
      union all select idempotency_keys::text from idempotency_keys`)
    assert.deepEqual(
      dumped.filter(({ row }) => /canary/i.test(row)),
      [],
    )
  })
})
