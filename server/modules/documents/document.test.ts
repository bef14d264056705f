import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { Document } from './document.contract.ts'
import { aPdf, aText, clientOf, formOf, formType, statusesOf, storedFiles } from './documents.testing.ts'
import { visitApi } from '../visits/visit.contract.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let client: ReturnType<typeof clientOf>
let admin: Person
let staff: Person
let doctor: Person
let own: Person
let other: Person
let patient_id: string

before(async () => {
  api = await startTestApi()
  client = clientOf(api)
  admin = await api.person('admin')
  staff = await api.person('staff')
  doctor = await api.person('doctor', { doctor: true })
  patient_id = await api.patient()
  own = await api.person('patient', { patient_id })
  other = await api.person('patient', { patient_id: await api.patient() })
  await api.rows(
    sql`insert into care_relationships (patient_id, doctor_id, origin, origin_id) values (${patient_id}, ${doctor.doctor_id ?? null}, 'appointment', ${patient_id})`,
  )
})
after(async () => api[Symbol.asyncDispose]())

/** Rows, files and files on their way: what a refusal must not add to. */
async function traces() {
  const [counted] = await api.rows(
    sql<{ documents: number; files: number }>`
      select (select count(*)::int from documents) as documents, (select count(*)::int from document_files) as files`,
  )
  return { ...counted, stored: storedFiles(api).length }
}

describe('a document', () => {
  it('comes back as it was sent, whichever part of the form came first', async () => {
    for (const is_first of [false, true]) {
      const file = aPdf('', 300_000)
      const fields = { patient_id, title: 'Letter of the surgeon', kind: 'discharge_letter' }
      const answer = await client.upload(doctor, fields, file, { is_first })
      assert.equal(answer.status, 201, answer.text)
      const document = Document.parse(answer.json)
      assert.equal(answer.headers['location'], `/api/v1/documents/${document.id}`)
      const { title, kind, media_type, file_name, size_bytes, sha256, status, unscanned, revision, is_current } =
        document
      assert.deepEqual(
        { title, kind, media_type, file_name, size_bytes, sha256, status, unscanned, revision, is_current },
        {
          title: 'Letter of the surgeon',
          kind: 'discharge_letter',
          media_type: 'application/pdf',
          file_name: 'letter.pdf',
          size_bytes: file.bytes.length,
          sha256: createHash('sha256').update(file.bytes).digest('hex'),
          status: 'clean',
          unscanned: true,
          revision: 1,
          is_current: true,
        },
      )
      const fetched = await client.content(own, document.id)
      assert.equal(fetched.status, 200, fetched.text)
      assert.ok(fetched.bytes.equals(file.bytes))
    }
  })

  it('is given as an attachment that runs nothing and is kept in no cache', async () => {
    const { id } = await client.add(doctor, patient_id, { ...aText(), name: 'Größe 検査.txt' })
    const { headers } = await client.content(doctor, id)
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(
      headers['content-disposition'],
      `attachment; filename="Gro__e __.txt"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%E6%A4%9C%E6%9F%BB.txt`,
    )
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*sandbox/)
    assert.equal(headers['cache-control'], 'no-store')
  })

  it('is sealed where it lies, and its names in the database', async () => {
    const canary = 'Canary-of-the-document-5d1c'
    const file = { bytes: Buffer.from(`${canary}\n`.repeat(5000)), name: `${canary}.txt`, type: 'text/plain' }
    const document = await client.add(doctor, patient_id, file, { title: canary })
    assert.equal(document.file_name, `${canary}.txt`)
    for (const path of storedFiles(api)) {
      assert.match(path, /\/[0-9a-f]{2}\/[0-9a-f]{32}$/)
      assert.ok(!readFileSync(path).includes(canary))
    }
    const [row] = await api.rows(
      sql<{ text: string }>`select d::text as text from documents d where id = ${document.id}`,
    )
    assert.ok(row && !row.text.includes(canary) && !row.text.includes(document.sha256))
    const bytes = (text: string) => Buffer.from(text).toString('hex')
    assert.ok(!row.text.includes(bytes(canary)))
  })

  it('is listed with those of the record, newest first, page by page', async () => {
    const someone = await api.patient()
    const made: string[] = []
    for (let count = 0; count < 5; count += 1) made.unshift((await client.add(staff, someone)).id)
    const first = await client.ask(admin, 'GET', `/api/v1/patients/${someone}/documents?limit=2`)
    assert.equal(first.json['total'], 5)
    const ids: string[] = []
    for (let cursor = '', pages = 0; pages < 4; pages += 1) {
      const url = `/api/v1/documents?patient_id=${someone}&limit=2${cursor}`
      const page = (await client.ask(admin, 'GET', url)).json
      ids.push(...(page['items'] as { id: string }[]).map(({ id }) => id))
      const next = page['next_cursor']
      if (typeof next !== 'string') break
      cursor = `&cursor=${encodeURIComponent(next)}`
    }
    assert.deepEqual(ids, made)
    const images = await client.ask(admin, 'GET', `/api/v1/documents?patient_id=${someone}&kind=image`)
    assert.equal(images.json['total'], 0)
  })

  it('is of nobody else: the same answer as for what is not there', async () => {
    const { id } = await client.add(doctor, patient_id)
    for (const who of [other, await api.person('doctor', { doctor: true })]) {
      for (const path of [`/documents/${id}`, `/documents/${id}/content`, `/patients/${patient_id}/documents`])
        assert.equal((await client.ask(who, 'GET', `/api/v1${path}`)).status, 404, path)
      assert.equal((await client.ask(who, 'DELETE', `/api/v1/documents/${id}`)).status, 404)
      assert.equal((await client.ask(who, 'POST', `/api/v1/documents/${id}/links`)).status, 404)
      const before_all = await traces()
      assert.equal((await client.upload(who, { patient_id, title: 'x' }, aText())).status, 404)
      assert.deepEqual(await traces(), before_all)
      const list = await client.ask(who, 'GET', '/api/v1/documents')
      assert.ok(!list.text.includes(id))
    }
    assert.equal((await client.ask(staff, 'GET', `/api/v1/documents/${id}/content`)).status, 403)
  })

  it('is recorded in the audit log before it leaves, and each look at it', async () => {
    const { id } = await client.add(doctor, patient_id)
    await client.content(own, id)
    await client.ask(own, 'GET', `/api/v1/documents/${id}`)
    const entries = await api.rows(
      sql<{ action: string; user_id: string; patient_id: string }>`
        select action, user_id, patient_id from audit_logs where resource_id = ${id} order by id`,
    )
    assert.deepEqual(entries, [
      { action: 'document.upload', user_id: doctor.user_id, patient_id },
      { action: 'document.download', user_id: own.user_id, patient_id },
      { action: 'document.read', user_id: own.user_id, patient_id },
    ])
  })
})

describe('a repeated upload', () => {
  it('with the same Idempotency-Key makes one document, and one file', async () => {
    const file = aText()
    const headers = { 'idempotency-key': 'upload-1' }
    const had = await traces()
    const answers = [
      await client.upload(doctor, { patient_id, title: 'Once' }, file, { headers }),
      await client.upload(doctor, { patient_id, title: 'Once' }, file, { headers }),
    ]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201],
    )
    assert.equal(answers[0]?.text, answers[1]?.text)
    assert.deepEqual(await traces(), { ...had, documents: Number(had.documents) + 1, stored: had.stored + 1 })
    const changed = await client.upload(doctor, { patient_id, title: 'Once' }, aText(), { headers })
    assert.equal(changed.status, 422)
    assert.equal(changed.json['code'], 'idempotency_mismatch')
  })

  it('at the same moment makes one, too', async () => {
    const file = aText()
    const headers = { 'idempotency-key': 'upload-2' }
    const had = await traces()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => client.upload(doctor, { patient_id, title: 'Once' }, file, { headers })),
    )
    assert.ok(
      answers.every(({ status }) => status === 201 || status === 409),
      answers.map(({ text }) => text).join('\n'),
    )
    assert.ok(answers.some(({ status }) => status === 201))
    assert.deepEqual(await traces(), { ...had, documents: Number(had.documents) + 1, stored: had.stored + 1 })
  })
})

describe('a new version', () => {
  it('takes the place of the one before, which can still be asked for', async () => {
    const first = await client.add(doctor, patient_id)
    const second = await client.add(doctor, patient_id, aText(), { replaces: first.id })
    assert.deepEqual([second.series_id, second.revision, second.is_current], [first.id, 2, true])
    const before_it = (await client.ask(doctor, 'GET', `/api/v1/documents/${first.id}`)).json
    assert.equal(before_it['is_current'], false)
    const listed = async (query: string) =>
      (await client.ask(doctor, 'GET', `/api/v1/documents?patient_id=${patient_id}${query}`)).text
    assert.ok(!(await listed('&limit=100')).includes(`"id":"${first.id}"`))
    assert.ok((await listed('&limit=100&all_versions=true')).includes(`"id":"${first.id}"`))
    const third = await client.upload(doctor, { patient_id, title: 'x', replaces: first.id }, aText())
    assert.equal(third.json['code'], 'document_replaced')
  })

  it('is none where the content is the same, and of nobody else’s document', async () => {
    const file = aText()
    const first = await client.add(doctor, patient_id, file)
    const had = await traces()
    const same = await client.upload(doctor, { patient_id, title: 'x', replaces: first.id }, file)
    assert.deepEqual([same.status, same.json['code'], same.json['document_id']], [409, 'document_unchanged', first.id])
    const named = await api.rows(sql`
      select patient_id, outcome from audit_logs where resource_id = ${first.id} and details->>'code' = 'document_unchanged'`)
    assert.deepEqual(named, [{ patient_id, outcome: 'denied' }])
    const by_patient = await client.upload(own, { patient_id, title: 'x', replaces: first.id }, aText())
    assert.equal(by_patient.status, 403)
    const by_staff = await client.upload(staff, { patient_id, title: 'x', replaces: first.id }, file)
    assert.equal(by_staff.status, 403, 'whoever may not read it learns nothing of what is in it')
    const elsewhere = await client.upload(
      admin,
      { patient_id: await api.patient(), title: 'x', replaces: first.id },
      aText(),
    )
    assert.equal(elsewhere.status, 404)
    assert.deepEqual(await traces(), had)
  })

  it('is one, however many try at the same moment', async () => {
    const first = await client.add(doctor, patient_id)
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => client.upload(doctor, { patient_id, title: 'x', replaces: first.id }, aText())),
    )
    assert.deepEqual(statusesOf(answers), [201, 409, 409, 409])
  })
})

describe('deleting', () => {
  it('is for whoever uploaded it and for administrators, and keeps the file', async () => {
    const { id } = await client.add(doctor, patient_id)
    const stored = storedFiles(api).length
    assert.equal((await client.ask(own, 'DELETE', `/api/v1/documents/${id}`)).status, 403)
    assert.equal((await client.ask(staff, 'DELETE', `/api/v1/documents/${id}`)).status, 403)
    assert.equal((await client.ask(doctor, 'DELETE', `/api/v1/documents/${id}`)).status, 204)
    for (const who of [doctor, admin]) {
      assert.equal((await client.ask(who, 'GET', `/api/v1/documents/${id}`)).status, 404)
      assert.equal((await client.content(who, id)).status, 404)
      assert.equal((await client.ask(who, 'DELETE', `/api/v1/documents/${id}`)).status, 404)
    }
    assert.equal(storedFiles(api).length, stored)
    const another = await client.add(staff, patient_id)
    assert.equal((await client.ask(admin, 'DELETE', `/api/v1/documents/${another.id}`)).status, 204)
  })

  it('is refused in another version than that which was read', async () => {
    const { id, version } = await client.add(doctor, patient_id)
    await api.rows(sql`update documents set version = version + 1 where id = ${id}`)
    const remove = (of: number) => client.ask(doctor, 'DELETE', `/api/v1/documents/${id}`, { 'if-match': `"v${of}"` })
    const { status, json } = await remove(version)
    assert.deepEqual([status, json['code']], [412, 'stale_version'])
    assert.equal((await remove(version + 1)).status, 204)
    assert.equal((await remove(version + 1)).status, 404)
  })
})

describe('a link', () => {
  const linkTo = async (who: Person, id: string) => {
    const answer = await client.ask(who, 'POST', `/api/v1/documents/${id}/links`)
    assert.equal(answer.status, 201, answer.text)
    return String(answer.json['url'])
  }

  it('gives the file once, to whoever asked for it and to nobody else', async () => {
    const file = aText()
    const { id } = await client.add(doctor, patient_id, file)
    const url = await linkTo(own, id)
    for (const who of [other, doctor]) assert.equal((await client.ask(who, 'GET', url)).status, 404)
    const answers = await Promise.all(Array.from({ length: 4 }, () => client.ask(own, 'GET', url)))
    assert.deepEqual(statusesOf(answers), [200, 410, 410, 410])
    assert.ok(answers.find(({ status }) => status === 200)?.bytes.equals(file.bytes))
    assert.equal((await client.ask(own, 'GET', url)).json['code'], 'link_spent')
  })

  it('is over with its time, and with the right to see the record', async () => {
    const treating = await api.person('doctor', { doctor: true })
    const care = sql`insert into care_relationships (patient_id, doctor_id, origin, origin_id)
      values (${patient_id}, ${treating.doctor_id ?? null}, 'appointment', ${treating.user_id})`
    await api.rows(care)
    const { id } = await client.add(treating, patient_id)
    const [late, gone] = [await linkTo(treating, id), await linkTo(treating, id)]
    await api.rows(
      sql`update document_links set expires_at = now() where id = ${late.slice(late.lastIndexOf('/') + 1)}`,
    )
    assert.equal((await client.ask(treating, 'GET', late)).status, 410)
    await api.rows(sql`delete from care_relationships where origin_id = ${treating.user_id}`)
    assert.equal((await client.ask(treating, 'GET', gone)).status, 404)
  })
})

describe('a document of a visit', () => {
  it('is listed there and with the record, and goes to no visit of somebody else', async () => {
    const someone = await api.patient()
    const department_id = await api.department()
    const opened = await admin.call(visitApi.open, { body: { patient_id: someone, department_id } })
    const url = `/api/v1/visits/${opened.id}/documents`
    const answer = await client.ask(admin, 'POST', url, { 'content-type': formType }, formOf({ title: 'x' }, aText()))
    assert.equal(answer.status, 201, answer.text)
    assert.deepEqual([answer.json['visit_id'], answer.json['patient_id']], [opened.id, someone])
    await client.add(admin, someone, aText(), { visit_id: opened.id })
    await client.add(admin, someone)
    assert.equal((await client.ask(admin, 'GET', url)).json['total'], 2)
    assert.equal((await client.ask(admin, 'GET', `/api/v1/patients/${someone}/documents`)).json['total'], 3)
    const had = await traces()
    const wrong = await client.upload(admin, { patient_id, title: 'x', visit_id: opened.id }, aText())
    assert.equal(wrong.status, 404)
    assert.equal((await client.ask(own, 'GET', url)).status, 404)
    assert.equal(
      (await client.ask(own, 'POST', url, { 'content-type': formType }, formOf({ title: 'x' }, aText()))).status,
      404,
    )
    assert.deepEqual(await traces(), had)
  })
})
