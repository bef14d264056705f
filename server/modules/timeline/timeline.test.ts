// The timeline: everything in order of time, each kind only to those who may see it there, and a page as cheap as any other.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { malformed, notFound } from '#platform/contract/problem.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { allergyApi } from '../chart/allergy.contract.ts'
import { conditionApi } from '../chart/condition.contract.ts'
import { prescriptionApi } from '../prescriptions/prescription.contract.ts'
import { TimelineKind, timelineApi } from './timeline.contract.ts'
import { sources } from './sources.ts'
import { findEntries } from './timeline.store.ts'

let api: TestApi
let doctor: Person
let nurse: Person
let own: Person
let patient_id: string
before(async () => {
  api = await startTestApi()
  const department_id = await api.department()
  doctor = await api.person('doctor', { department_id, doctor: true })
  nurse = await api.person('nurse', { department_id })
  patient_id = await api.patient()
  await api.rows(sql`
    insert into care_relationships (patient_id, department_id, doctor_id, origin, origin_id)
    values (${patient_id}, ${department_id}, ${doctor.doctor_id}, 'visit', ${patient_id})`)
  own = await api.person('patient', { patient_id })
  const params = { patient_id }
  await api.rows(sql`
    insert into appointments (confirmation_code, patient_id, doctor_id, during, status)
    select 'APT-' || n, ${patient_id}, ${doctor.doctor_id}, tstzrange(now() + n * interval '1 day', now() + n * interval '1 day 1 minute'),
           case n when 2 then 'cancelled' else 'booked' end
      from generate_series(1, 3) as n`)
  await doctor.call(allergyApi.add_allergy, { params, body: { substance: 'Latex' } })
  await doctor.call(conditionApi.add_condition, { params, body: { text: 'Asthma' } })
  const medicine = {
    name: 'Loratadine',
    dosage: '10 mg',
    route: 'oral',
    frequency: 'daily',
    duration_days: 10,
    quantity: 10,
  }
  const draft = () => doctor.call(prescriptionApi.create, { body: { patient_id, medicines: [medicine] } })
  await doctor.call(prescriptionApi.sign, { params: { prescription_id: (await draft()).id }, body: {} })
  await draft()
  const [bed] = await api.rows<{ id: string }>(
    sql`insert into resources (type, name, code) values ('bed', 'Bed', 'B-1') returning id`,
  )
  await api.rows(
    sql`insert into resource_assignments (resource_id, lane, patient_id, assigned_at) values (${bed?.id}, 1, ${patient_id}, now())`,
  )
})
after(() => api[Symbol.asyncDispose]())

const read = (person: Person, query: object = {}) => person.call(timelineApi.read, { params: { patient_id }, query })
const kinds = async (person: Person) =>
  (await read(person)).items.map(({ kind, title }) => (title === null ? kind : `${kind} ${title}`))

describe('the timeline', () => {
  it('shows everything to the doctor, newest first: what is to come, what was recorded and signed; no draft, nothing entered in error', async () => {
    const { items, next_cursor } = await read(doctor)
    assert.deepEqual(items.map(({ kind, title }) => `${kind} ${title ?? ''}`.trim()).toSorted(), [
      'allergy Latex',
      'appointment',
      'appointment',
      'appointment',
      'bed_stay',
      'condition Asthma',
      'prescription Loratadine',
    ])
    const times = items.map(({ at }) => Temporal.Instant.from(at).epochNanoseconds)
    assert.deepEqual(
      times,
      times.toSorted((one, other) => (one < other ? 1 : -1)),
    )
    assert.equal(next_cursor, null)
  })

  it('shows of each kind what the caller may see there', async () => {
    const [staff, admin] = [await api.person('staff'), await api.person('admin')]
    assert.deepEqual((await kinds(staff)).toSorted(), ['appointment', 'appointment', 'appointment', 'bed_stay'])
    assert.deepEqual((await kinds(admin)).toSorted(), [
      'appointment',
      'appointment',
      'appointment',
      'bed_stay',
      'prescription Loratadine',
    ])
    assert.deepEqual((await kinds(own)).toSorted(), (await kinds(doctor)).toSorted())
    assert.ok((await kinds(nurse)).includes('allergy Latex'))
    const stranger = await api.person('doctor', { department_id: await api.department(), doctor: true })
    await assert.rejects(read(stranger), refusedWith(notFound))
    const treats_elsewhere = await api.person('doctor', { department_id: await api.department(), doctor: true })
    await api.rows(sql`
      insert into care_relationships (patient_id, doctor_id, origin, origin_id) values (${patient_id}, ${treats_elsewhere.doctor_id}, 'visit', ${patient_id})`)
    assert.ok((await kinds(treats_elsewhere)).includes('allergy Latex'))
  })

  it('is read in pages that leave nothing out and repeat nothing, also at one instant', async () => {
    await api.rows(sql`update allergies set created_at = '2026-01-01T00:00:00Z' where patient_id = ${patient_id}`)
    await api.rows(sql`update conditions set created_at = '2026-01-01T00:00:00Z' where patient_id = ${patient_id}`)
    const whole = (await read(doctor)).items.map(({ id }) => id)
    for (const limit of ['1', '2', '3']) {
      const ids: string[] = []
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = await read(doctor, { limit, ...(cursor ? { cursor } : {}) })
        ids.push(...page.items.map(({ id }) => id))
        cursor = page.next_cursor
      }
      assert.deepEqual(ids, whole)
    }
    await assert.rejects(read(doctor, { cursor: 'nonsense' }), refusedWith(malformed))
  })

  it('is read of one kind', async () => {
    assert.deepEqual(
      (await read(doctor, { kind: 'allergy' })).items.map(({ title }) => title),
      ['Latex'],
    )
    assert.deepEqual((await read(await api.person('staff'), { kind: 'allergy' })).items, [])
  })

  it('has a kind for each source, and a source for each kind', () => {
    assert.deepEqual(sources.map(({ kind }) => kind).toSorted(), TimelineKind.options.toSorted())
  })
})

describe('a page of the timeline', () => {
  for (const source of sources)
    it(`looks at no more rows of ${source.kind} than it shows, however many there are`, async () => {
      const other = await api.patient()
      await crowd(source.kind, other)
      const statement = findEntries(source, other, { limit: 21, after: undefined })
      const explained = await api.rows<{ 'QUERY PLAN': string }>({
        text: `explain (analyze, costs off, timing off) ${statement.text}`,
        name: '',
        strings: statement.strings,
        values: statement.values,
      })
      const plan = explained.map((row) => row['QUERY PLAN']).join('\n')
      const seen = [...plan.matchAll(/Scan[^\n]*actual rows=([\d.]+)/g)].map(([, rows]) => Number(rows))
      assert.ok(seen.length > 0, plan)
      assert.ok(
        seen.every((rows) => rows <= 60),
        plan,
      )
    })
})

/** Three thousand rows of one kind. */
async function crowd(kind: string, of: string) {
  const [key] = await api.rows<{ id: string }>(sql`select id from patient_keys where patient_id = ${of}`)
  const key_id = key?.id
  const nothing = Buffer.alloc(1)
  const user = doctor.user_id
  const fill: Record<string, Sql> = {
    appointment: sql`insert into appointments (confirmation_code, patient_id, doctor_id, during, status)
      select 'X-' || n, ${of}, ${doctor.doctor_id}, tstzrange(now() - n * interval '1 day', now() - n * interval '1 day' + interval '1 minute'), 'cancelled' from generate_series(10, 3010) as n`,
    bed_stay: sql`insert into resource_assignments (resource_id, lane, patient_id, assigned_at, released_at)
      select (select id from resources limit 1), 1, ${of}, now() - n * interval '1 day', now() - n * interval '1 day' + interval '1 hour' from generate_series(10, 3010) as n`,
    visit: sql`insert into visits (visit_number, patient_id, department_id, type, status, opened_at, closed_at)
      select 'VSX-' || n, ${of}, ${doctor.department_id}, 'outpatient', 'completed', now() - n * interval '1 day', now() from generate_series(1, 3000) as n`,
    allergy: sql`insert into allergies (patient_id, key_id, sealed_entry, created_at) select ${of}, ${key_id}, ${nothing}, now() - n * interval '1 day' from generate_series(1, 3000) as n`,
    condition: sql`insert into conditions (patient_id, key_id, sealed_entry, created_at) select ${of}, ${key_id}, ${nothing}, now() - n * interval '1 day' from generate_series(1, 3000) as n`,
    note: sql`insert into clinical_notes (visit_id, patient_id, kind, status, author_id, key_id, current_number, signed_at)
      select uuidv7(), ${of}, 'soap', 'signed', ${user}, ${key_id}, 1, now() - n * interval '1 day' from generate_series(1, 3000) as n`,
    assessment: sql`insert into assessments (visit_id, patient_id, kind, status, author_id, key_id, current_number, finalized_at)
      select uuidv7(), ${of}, 'nursing', 'final', ${user}, ${key_id}, 1, now() - n * interval '1 day' from generate_series(1, 3000) as n`,
    document: sql`insert into documents (id, patient_id, kind, storage_key, media_type, size_bytes, status, scanned_with, series_id, key_id, sealed_label, sealed_content_key, uploaded_at)
      select id, ${of}, 'report', replace(id::text, '-', ''), 'text/plain', 1, 'clean', 'a scanner', id, ${key_id}, ${nothing}, ${nothing}, now() - n * interval '1 day'
        from (select n, uuidv7() as id from generate_series(1, 3000) as n) as made`,
    prescription: sql`insert into prescriptions (prescription_number, patient_id, doctor_id, status, key_id, sealed_content, sealed_check, verification_code, signing_key_id, signature, signed_at, expires_at)
      select 'RXX-' || n, ${of}, ${doctor.doctor_id}, 'signed', ${key_id}, ${nothing}, ${nothing}, 'code-' || n, (select id from signing_keys where purpose = 'prescription' limit 1), ${nothing}, now() - n * interval '1 day', now() from generate_series(1, 3000) as n`,
  }
  // Of visits that nobody opened.
  await api.rows(sql`alter table clinical_notes drop constraint if exists clinical_notes_visit`)
  await api.rows(sql`alter table assessments drop constraint if exists assessments_visit`)
  await api.rows(fill[kind] ?? sql`select 1`)
  for (const table of [
    'appointments',
    'resource_assignments',
    'allergies',
    'conditions',
    'clinical_notes',
    'assessments',
    'documents',
    'visits',
    'prescriptions',
    'patient_keys',
  ])
    await api.rows({ ...sql`select 1`, text: `analyze ${table}`, values: [] })
}
