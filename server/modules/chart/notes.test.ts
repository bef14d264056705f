// Notes of a visit: a draft that its author alone sees, then versions that nobody changes.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, notFound, type Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { Note, noteApi, noteEmpty, noteNotDraft, noteNotSigned } from './note.contract.ts'

let api: TestApi
let doctor: Person
let nurse: Person
let own: Person
let patient_id: string
let visit_id: string
const { create, save, sign, amend, get, versions, listOfVisit, listDrafts } = noteApi
const content = { subjective: 'Cough', plan: 'Rest' }
before(async () => {
  api = await startTestApi()
  const department_id = await api.department()
  doctor = await api.person('doctor', { department_id, doctor: true })
  nurse = await api.person('nurse', { department_id })
  patient_id = await api.patient()
  await api.rows(sql`
    insert into care_relationships (patient_id, department_id, doctor_id, origin, origin_id)
    values (${patient_id}, ${department_id}, ${doctor.doctor_id}, 'registration', ${patient_id})`)
  own = await api.person('patient', { patient_id })
  const [visit] = await api.rows<{ id: string }>(sql`
    insert into visits (visit_number, patient_id, doctor_id, department_id, type) values ('VS-TEST', ${patient_id}, ${doctor.doctor_id}, ${department_id}, 'outpatient') returning id`)
  visit_id = visit?.id ?? ''
})
after(() => api[Symbol.asyncDispose]())

const begin = (by = doctor, given: object = content) =>
  by.call(create, { params: { visit_id }, body: { kind: 'soap', content: given } })
const at = ({ id }: { id: string }) => ({ params: { note_id: id } })

describe('a note', () => {
  it('is begun, kept as it is typed, signed and amended; every version stays readable', async () => {
    const made = await begin()
    assert.deepEqual(Object.keys(made).toSorted(), Object.keys(Note.shape).toSorted())
    assert.deepEqual([made.status, made.number, made.content.subjective], ['draft', 0, 'Cough'])
    const typed = await doctor.call(
      save,
      { ...at(made), body: { content: { ...content, objective: 'Clear' } } },
      { 'if-match': '"v1"' },
    )
    const signed = await doctor.call(sign, at(made), { 'if-match': `"v${typed.version}"` })
    assert.deepEqual(
      [signed.status, signed.number, signed.content.objective, signed.signed_by],
      ['signed', 1, 'Clear', doctor.user_id],
    )
    const amended = await nurse.call(amend, { ...at(made), body: { content, reason: 'Not clear' } })
    assert.deepEqual(
      [amended.status, amended.number, amended.reason, amended.content.objective],
      ['amended', 2, 'Not clear', null],
    )
    const { items } = await own.call(versions, at(made))
    assert.deepEqual(
      items.map(({ number, content: said, signed_by }) => [number, said.objective, signed_by]),
      [
        [1, 'Clear', doctor.user_id],
        [2, null, nurse.user_id],
      ],
    )
    assert.deepEqual(await own.call(get, at(made)), amended)
  })

  it('is its author’s alone while it is a draft', async () => {
    const made = await begin()
    for (const other of [nurse, own]) {
      await assert.rejects(other.call(get, at(made)), refusedWith(notFound))
      const { items } = await other.call(listOfVisit, { params: { visit_id }, query: {} })
      assert.equal(
        items.some(({ id }) => id === made.id),
        false,
      )
    }
    await assert.rejects(nurse.call(save, { ...at(made), body: { content } }), refusedWith(notFound))
    await assert.rejects(nurse.call(sign, at(made)), refusedWith(notFound))
    const mine = await doctor.call(listOfVisit, { params: { visit_id }, query: {} })
    assert.ok(mine.items.some(({ id }) => id === made.id))
    const stranger = await api.person('doctor', { department_id: await api.department(), doctor: true })
    await assert.rejects(stranger.call(create, { params: { visit_id }, body: { kind: 'soap' } }), refusedWith(notFound))
    await assert.rejects(own.call(create, { params: { visit_id }, body: { kind: 'soap' } }), refusedWith(forbidden))
  })

  it('waits for the signature of its author in their list, which says nothing of it, and in nobody else’s', async () => {
    const made = await begin()
    const waiting = async (who: Person) => (await who.call(listDrafts, {})).items.find(({ id }) => id === made.id)
    const { id, visit_id: visit, patient_id: patient, kind, updated_at } = made
    assert.deepEqual(await waiting(doctor), { id, visit_id: visit, patient_id: patient, kind, updated_at })
    assert.equal(await waiting(nurse), undefined)
    await assert.rejects(own.call(listDrafts, {}), refusedWith(forbidden))
    await doctor.call(sign, at(made))
    assert.equal(await waiting(doctor), undefined)
  })

  it('that two screens type at once loses nothing: the later one is told what differs', async () => {
    const made = await begin()
    const type = (subjective: string) =>
      doctor.call(save, { ...at(made), body: { content: { ...content, subjective } } }, { 'if-match': '"v1"' })
    const outcomes = await Promise.allSettled([type('Fever'), type('Headache')])
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Problem] : []))
    assert.equal(refused.length, 1)
    assert.ok(refusedWith(stale)(refused[0]))
    assert.deepEqual([refused[0]?.members['current_version'], refused[0]?.members['differs_in']], [2, ['subjective']])
  })

  it('is signed once and with something in it, and amended only then', async () => {
    const empty = await begin(doctor, { text: '  ' })
    await assert.rejects(doctor.call(sign, at(empty)), refusedWith(noteEmpty))
    await assert.rejects(
      doctor.call(amend, { ...at(empty), body: { content, reason: 'Why' } }),
      refusedWith(noteNotSigned),
    )
    const made = await begin()
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => doctor.call(sign, at(made))))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    await assert.rejects(doctor.call(save, { ...at(made), body: { content } }), refusedWith(noteNotDraft))
    const both = await Promise.allSettled(
      [1, 2].map((n) =>
        doctor.call(amend, { ...at(made), body: { content, reason: `Why ${n}` } }, { 'if-match': '"v2"' }),
      ),
    )
    assert.equal(both.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  it('that was signed is changed by nobody, the owner of the database included', async () => {
    const made = await begin()
    await doctor.call(sign, at(made))
    for (const forgery of [
      sql`update clinical_note_versions set sealed_note = decode('00', 'hex') where note_id = ${made.id}`,
      sql`update clinical_note_versions set signed_by = ${nurse.user_id} where note_id = ${made.id}`,
      sql`update clinical_note_versions set number = 7 where note_id = ${made.id}`,
      sql`delete from clinical_note_versions where note_id = ${made.id}`,
      sql`update clinical_notes set status = 'draft' where id = ${made.id}`,
      sql`update clinical_notes set author_id = ${nurse.user_id} where id = ${made.id}`,
      sql`delete from clinical_notes where id = ${made.id}`,
    ])
      await assert.rejects(api.rows(forgery), /signed|violates/, forgery.text)
  })

  it('stands nowhere in the clear', async () => {
    const made = await begin(doctor, { text: 'CANARYNOTE' })
    await doctor.call(sign, at(made))
    const dumped = await api.rows<{ row: string }>(sql`
      select clinical_notes::text as row from clinical_notes union all select clinical_note_versions::text from clinical_note_versions
      union all select events::text from events union all select audit_logs::text from audit_logs`)
    assert.deepEqual(
      dumped.filter(({ row }) => /canary/i.test(row)),
      [],
    )
  })
})
