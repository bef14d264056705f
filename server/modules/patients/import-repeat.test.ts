// An import that is sent again because its answer was lost.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { importApi, type PatientImport } from './import.contract.ts'
import { nextPerson } from './people.testing.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(async () => api[Symbol.asyncDispose]())

const columns = ['first_name', 'last_name', 'date_of_birth', 'gender', 'phone_primary'] as const
const aFile = () => {
  const person = nextPerson()
  return `${columns.join(',')}\n${columns.map((name) => person[name]).join(',')}\n`
}

async function send(key: string, file: string, fields: Record<string, string> = {}) {
  const boundary = 'a-boundary-of-the-test'
  const part = (head: string, text: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`
  const parts = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value))
  parts.push(part('name="file"; filename="patients.csv"\r\ncontent-type: text/csv', file))
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}`, 'idempotency-key': key }
  const answer = await staff.send({
    method: 'POST',
    url: importApi.import.path,
    headers,
    body: `${parts.join('')}--${boundary}--\r\n`,
  })
  return { ...answer, body: JSON.parse(answer.text) as { id: string; code?: string } }
}

async function ended(import_id: string): Promise<PatientImport> {
  for (;;) {
    const state = await staff.call(importApi.read, { params: { import_id }, query: {} })
    if (state.status !== 'running') return state
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const importCount = async () => (await api.rows(sql`select from patient_imports`)).length

describe('an import that is sent again with its Idempotency-Key', () => {
  it('gets the first answer, and is done once', async () => {
    const before = await importCount()
    const file = aFile()
    const first = await send('a', file)
    assert.equal(first.status, 202, first.text)
    const again = await send('a', file)
    assert.deepEqual([again.status, again.text], [202, first.text])
    assert.equal(again.headers['location'], first.headers['location'])
    assert.equal(again.headers['idempotency-replayed'], 'true')
    const { status, rows_accepted } = await ended(first.body.id)
    assert.deepEqual([status, rows_accepted], ['finished', 1])
    assert.equal((await send('a', file)).body.id, first.body.id)
    assert.equal(await importCount(), before + 1)
  })

  it('is refused with another file, or as what it was not', async () => {
    const file = aFile()
    await ended((await send('b', file)).body.id)
    for (const answer of [await send('b', aFile()), await send('b', file, { dry_run: 'true' })])
      assert.deepEqual([answer.status, answer.body.code], [422, 'idempotency_mismatch'])
  })

  it('is begun anew where it was refused', async () => {
    const refused = await send('c', 'who,knows\n1,2\n')
    assert.deepEqual([refused.status, refused.body.code], [422, 'invalid_request'])
    const { body } = await send('c', aFile())
    assert.equal((await ended(body.id)).status, 'finished')
  })

  it('is one import, however many arrive together', async () => {
    const before = await importCount()
    const file = aFile()
    const answers = await Promise.all(Array.from({ length: 5 }, () => send('d', file)))
    const begun = answers.filter(({ status }) => status === 202)
    const others = answers.filter(({ status }) => status !== 202)
    assert.equal(new Set(begun.map(({ body }) => body.id)).size, 1)
    assert.deepEqual(
      [...new Set(others.map(({ body }) => body.code))].join() || 'idempotency_in_flight',
      'idempotency_in_flight',
    )
    assert.equal((await ended(begun[0]?.body.id ?? '')).status, 'finished')
    assert.equal(await importCount(), before + 1)
  })

  it('leaves the way free for the next one where its answer could not be kept', async () => {
    await api.rows(sql`revoke update on idempotency_keys from openward_app`)
    assert.equal((await send('e', aFile())).status, 500)
    await api.rows(sql`grant update on idempotency_keys to openward_app`)
    const before = await importCount()
    const { body } = await send('e', aFile())
    assert.equal((await ended(body.id)).status, 'finished')
    assert.equal(await importCount(), before + 1)
  })
})
