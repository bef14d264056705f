// Sealed values that somebody changed past the server: refused alike, alone, and recorded.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { patientApi } from './patient.contract.ts'
import { nextPerson } from './people.testing.ts'
import { patientTokenSource } from './token-sources.ts'

describe('a sealed value', () => {
  let api: TestApi
  let admin: Person
  before(async () => {
    api = await startTestApi()
    admin = await api.person('admin')
  })
  after(async () => api[Symbol.asyncDispose]())

  const tamperings = {
    'with one bit flipped': (id: string) =>
      sql`update patients set sealed_contact = set_byte(sealed_contact, 20, get_byte(sealed_contact, 20) # 1) where id = ${id}`,
    'with a tag of four bytes': (id: string) =>
      sql`update patients set sealed_contact = substr(sealed_contact, 1, length(sealed_contact) - 12) where id = ${id}`,
    'cut to nothing': (id: string) => sql`update patients set sealed_contact = '' where id = ${id}`,
    'of another format version': (id: string) =>
      sql`update patients set sealed_contact = set_byte(sealed_contact, 0, 0) where id = ${id}`,
    'of another column': (id: string) => sql`update patients set sealed_contact = sealed_card where id = ${id}`,
    'of another person, key and all': (id: string, other: string) => sql`
      update patients p set sealed_contact = o.sealed_contact, sealed_card = o.sealed_card, key_id = o.key_id
        from patients o where p.id = ${id} and o.id = ${other}`,
  }

  for (const [name, tamper] of Object.entries(tamperings)) {
    it(`${name} is an integrity error that holds no data, and an entry in the audit log`, async () => {
      const [one, other] = [nextPerson(), nextPerson()]
      const { id } = await admin.call(patientApi.register, { body: one })
      const { id: other_id } = await admin.call(patientApi.register, { body: other })
      await api.rows(tamper(id, other_id))
      const { status, text } = await admin.send({ method: 'GET', url: `/api/v1/patients/${id}`, headers: {} })
      assert.equal(status, 500)
      const { correlation_id, instance, ...told } = JSON.parse(text) as Record<string, string>
      assert.deepEqual(told, {
        type: '/problems/integrity_error',
        title: 'A stored value did not pass its integrity check: your administrator has been told',
        status: 500,
        code: 'integrity_error',
      })
      assert.equal(instance, `/api/v1/patients/${id}`)
      const entries = await api.rows(sql<{ action: string; outcome: string; patient_id: string }>`
        select action, outcome, patient_id from audit_logs where correlation_id = ${correlation_id ?? ''}`)
      assert.deepEqual(entries, [{ action: 'integrity.failed', outcome: 'failure', patient_id: id }])
      assert.equal((await admin.call(patientApi.read, { params: { patient_id: other_id } })).last_name, other.last_name)
      const { items } = await admin.call(patientSearchApi.list, { query: {} })
      assert.ok(items.some((item) => item.id === id) && items.some((item) => item.id === other_id))
    })
  }

  it('gets no tokens anew, and those of the others are made', async () => {
    const people = [nextPerson(), nextPerson()]
    const ids: string[] = []
    for (const body of people) ids.push((await admin.call(patientApi.register, { body })).id)
    const [altered = '', whole = ''] = ids
    await api.rows(sql`update patients set sealed_contact = '' where id = ${altered}`)
    const tokensOf = (id: string) =>
      api.rows(sql`select kind, key_version, token from patient_tokens where patient_id = ${id} order by 1, 2, 3`)
    const right = await tokensOf(whole)
    await api.rows(sql`update patient_tokens set token = sha256(token) where patient_id = any(${ids}::uuid[])`)
    const left = await tokensOf(altered)
    const unreadable = await api.database.transaction((tx) => patientTokenSource.backfill(tx, api.system.keys, ids))
    assert.deepEqual(unreadable, [altered])
    assert.deepEqual(await tokensOf(whole), right)
    assert.deepEqual(await tokensOf(altered), left)
  })

  it('whose key lies under a master key that is not here is unavailable, and the others are read', async () => {
    const { id } = await admin.call(patientApi.register, { body: nextPerson() })
    const { id: other_id } = await admin.call(patientApi.register, { body: nextPerson() })
    await api.rows(sql`update patient_keys set kek_id = '0123456789abcdef' where patient_id = ${id}`)
    const { status, text, headers } = await admin.send({ method: 'GET', url: `/api/v1/patients/${id}`, headers: {} })
    assert.equal(status, 503)
    assert.equal((JSON.parse(text) as { code: string }).code, 'key_unavailable')
    assert.equal(headers['retry-after'], '5')
    assert.ok(await admin.call(patientApi.read, { params: { patient_id: other_id } }))
    const { items } = await admin.call(patientSearchApi.list, { query: {} })
    assert.equal(items.find((item) => item.id === id)?.is_readable, false)
  })
})
