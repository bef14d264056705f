// The images that a radiology reading names: of this patient, within the author's sight, scanned, and there for as long as they are named.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { invalidRequest, Problem } from '#platform/contract/problem.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { documentNamed } from '../documents/document-problem.contract.ts'
import { documentApi, type DocumentStatus } from '../documents/document.contract.ts'
import { clientOf } from '../documents/documents.testing.ts'
import { type Clinic, openVisit, startClinic } from '../visits/clinic.testing.ts'
import { assessmentApi, radiologyApi } from './assessment.contract.ts'

let api: TestApi
let clinic: Clinic
let doctor: Person
before(async () => {
  api = await startTestApi()
  clinic = await startClinic(api)
  doctor = clinic.doctor
})
after(() => api[Symbol.asyncDispose]())

const reading = {
  modality: 'US',
  body_site: 'Abdomen',
  clinical_indication: 'Pain since yesterday',
  findings: 'No free fluid, gall bladder without stones.',
} as const
const naming = (...document_ids: string[]) => ({ ...reading, document_ids })

async function admit() {
  const patient_id = await api.patient()
  const { id: visit_id } = await openVisit(clinic.nurse, patient_id, { doctor_id: clinic.doctor_id })
  const image = async (who = doctor) => (await clientOf(api).add(who, patient_id)).id
  return { patient_id, params: { visit_id }, image }
}
const begin = (params: { visit_id: string }, body: object, who = doctor) =>
  who.call(radiologyApi.create, { params, body })
const finalize = (assessment_id: string) =>
  doctor.call(assessmentApi.finalize, { params: { assessment_id }, body: { as: 'final' } })
const amend = (assessment_id: string, radiology: object) =>
  doctor.call(assessmentApi.amend, { params: { assessment_id }, body: { reason: 'Other series', radiology } })
const remove = (document_id: string, who = doctor) => who.call(documentApi.remove, { params: { document_id } })

const judged = (id: string, status: DocumentStatus): Sql => sql`
  update documents set status = ${status}, unscanned = false, threat = ${status === 'infected' ? 'Eicar' : null}::text where id = ${id}`

/** The members that a refusal names, each with its code. */
const named =
  (...expected: [path: string, code: string][]) =>
  (error: unknown) => {
    assert.ok(error instanceof Problem && refusedWith(invalidRequest)(error), String(error))
    assert.deepEqual(
      error.members.errors?.map(({ path, code }) => [path, code]),
      expected,
    )
    return true
  }

describe('a radiology reading', () => {
  it('names documents of this patient only: not of another, not one that was deleted, not one that nobody has', async () => {
    const { params, image } = await admit()
    const [own, deleted, foreign] = [await image(), await image(), await (await admit()).image()]
    await remove(deleted)
    const nothing = '0198c0de-0000-7000-8000-000000000000'
    const body = naming(own, foreign, deleted, nothing)
    const unknown = (at: string) =>
      named(...[1, 2, 3].map((index): [string, string] => [`${at}/document_ids/${index}`, 'unknown_document']))
    await assert.rejects(begin(params, body), unknown('/body'))
    const { id } = await begin(params, naming(own))
    const save = { params: { assessment_id: id }, body: { radiology: body } }
    await assert.rejects(doctor.call(assessmentApi.save, save), unknown('/body/radiology'))
    await assert.rejects(doctor.call(radiologyApi.save, { params, body }), unknown('/body'))
    await finalize(id)
    await assert.rejects(amend(id, body), unknown('/body/radiology'))
    assert.deepEqual((await amend(id, naming(own))).radiology?.document_ids, [own])
  })

  it('names nothing that its author may not read', async () => {
    await api.rows(sql`
      insert into roles (name, permissions) values ('reader', array['radiology-assessments:write', 'assessments:read', 'documents:write'])`)
    const reader = await api.person('reader')
    const { params, image } = await admit()
    const body = naming(await image(reader))
    await assert.rejects(begin(params, body, reader), named(['/body/document_ids/0', 'unknown_document']))
  })

  it('may name a document in a draft that waits for the scanner, and is signed when that is clean', async () => {
    const { params, image } = await admit()
    const [first, second] = [await image(), await image()]
    await api.rows(judged(second, 'scanning'))
    const { id } = await begin(params, naming(first, second))
    await assert.rejects(finalize(id), named(['/body/document_ids/1', 'document_not_scanned']))
    await api.rows(judged(second, 'scan_failed'))
    await assert.rejects(finalize(id), named(['/body/document_ids/1', 'document_not_scanned']))
    await api.rows(judged(second, 'clean'))
    assert.deepEqual((await finalize(id)).radiology?.document_ids, [first, second])
  })

  it('never names a document in which a threat was found', async () => {
    const { params, image } = await admit()
    const infected = await image()
    const { id } = await begin(params, naming(infected))
    await api.rows(judged(infected, 'infected'))
    await assert.rejects(finalize(id), named(['/body/document_ids/0', 'document_infected']))
    const body = naming(infected)
    await assert.rejects(
      doctor.call(radiologyApi.save, { params, body }),
      named(['/body/document_ids/0', 'document_infected']),
    )
  })
})

describe('a document that a signed reading names', () => {
  it('stays, until the reading is amended to name it no more; an administrator takes it out all the same', async () => {
    const { params, image } = await admit()
    const [wrong, right] = [await image(), await image()]
    const { id } = await begin(params, naming(wrong))
    await finalize(id)
    await assert.rejects(remove(wrong), refusedWith(documentNamed))
    await amend(id, naming(right))
    await remove(wrong)
    await assert.rejects(remove(right), refusedWith(documentNamed))
    await remove(right, await api.person('admin'))
  })

  it('is signed or deleted, never both', async () => {
    let [signed, deleted] = [0, 0]
    for (let round = 0; round < 8; round += 1) {
      const { params, image } = await admit()
      const document = await image()
      const { id } = await begin(params, naming(document))
      const both = round % 2 === 0 ? [finalize(id), remove(document)] : [remove(document), finalize(id)]
      const done = await Promise.allSettled(both)
      assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1)
      const [row] = await api.rows<{ is_signed: boolean; is_deleted: boolean }>(sql`
        select current_number > 0 as is_signed, (select deleted_at is not null from documents where id = ${document}) as is_deleted
          from assessments where id = ${id}`)
      assert.notEqual(row?.is_signed, row?.is_deleted)
      if (row?.is_signed) signed += 1
      else deleted += 1
    }
    assert.equal(signed + deleted, 8)
  })

  it('is not signed while the scanner finds a threat in it', { timeout: 30_000 }, async () => {
    const { params, image } = await admit()
    const document = await image()
    const { id } = await begin(params, naming(document))
    const scanner = new pg.Client({ connectionString: api.owner_url })
    await scanner.connect()
    try {
      await scanner.query('begin')
      await scanner.query(
        `update documents set status = 'infected', unscanned = false, threat = 'Eicar' where id = $1`,
        [document],
      )
      let isDone = false
      const outcome = finalize(id)
        .catch((error: unknown) => error)
        .finally(() => (isDone = true))
      const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while (!isDone && (await api.rows(waiting)).length === 0);
      await scanner.query('commit')
      await assert.rejects(Promise.reject(await outcome), named(['/body/document_ids/0', 'document_infected']))
    } finally {
      await scanner.end()
    }
  })
})
