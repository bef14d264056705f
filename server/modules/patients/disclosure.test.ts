import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { auditLogApi } from '../audit-trail/audit-log.contract.ts'
import { disclosureApi } from './disclosure.contract.ts'
import { emergencyAccessApi } from './emergency-access.contract.ts'
import { exportApi, recipientRequired } from './export.contract.ts'
import { codeOf, copiesOf, insurer, type Row, rowsOf, unzip } from './export.testing.ts'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { forbidden, invalidRequest, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  doctor = await api.person('doctor', { doctor: true })
})
after(async () => api[Symbol.asyncDispose]())

const { download, fetchFor } = copiesOf(() => api)
const person = () => addPerson(api, admin, doctor)

describe('a disclosure', () => {
  const list = (who: Person, patient_id: string) =>
    who.call(disclosureApi.list_disclosures, { params: { patient_id }, query: {} })

  it('is stated by staff before a copy leaves, and read by the patient with date, recipient, address and purpose', async () => {
    const patient_id = await person()
    const self = await api.person('patient', { patient_id })
    assert.deepEqual(codeOf(await download(admin, patient_id)), [403, recipientRequired.code])
    await assert.rejects(
      admin.call(exportApi.make_link, { params: { patient_id }, body: { purpose: 'x' } }),
      refusedWith(invalidRequest, '/body/recipient'),
    )
    await admin.call(exportApi.make_link, { params: { patient_id }, body: insurer })
    assert.equal((await list(self, patient_id)).total, 0)
    assert.equal((await fetchFor(admin, patient_id)).statusCode, 200)
    const { items } = await list(self, patient_id)
    assert.equal(items.length, 1)
    const [item] = items
    assert.deepEqual(
      [item?.recipient, item?.purpose, item?.description, item?.kind, item?.recorded_by],
      [insurer.recipient, insurer.purpose, 'A copy of the whole record', 'export', admin.user_id],
    )
    const files = await unzip((await download(self, patient_id)).rawPayload)
    assert.deepEqual(
      rowsOf(files, 'disclosures').map(({ disclosure }) => (disclosure as Row).recipient),
      [insurer.recipient],
    )
    // The patient's own copy is no disclosure.
    assert.equal((await list(self, patient_id)).total, 1)
    const [stored] = await api.rows(
      sql<{ row: string }>`select d::text as row from disclosures d where patient_id = ${patient_id}`,
    )
    assert.ok(stored && !stored.row.includes(Buffer.from('Harbour').toString('hex')))
  })

  it('on paper is recorded by staff, not by patients, and not ahead of time', async () => {
    const patient_id = await person()
    const self = await api.person('patient', { patient_id })
    const params = { patient_id }
    const body = { disclosed_at: '2026-03-02T09:00:00Z', ...insurer, description: 'Discharge letter' }
    const made = await admin.call(disclosureApi.record_disclosure, { params, body })
    assert.deepEqual((await list(self, patient_id)).items, [made])
    await assert.rejects(self.call(disclosureApi.record_disclosure, { params, body }), refusedWith(forbidden))
    await assert.rejects(
      admin.call(disclosureApi.record_disclosure, { params, body: { ...body, disclosed_at: '2999-01-01T00:00:00Z' } }),
      refusedWith(invalidRequest, '/body/disclosed_at'),
    )
    const stranger = await api.person('patient', { patient_id: await person() })
    await assert.rejects(list(stranger, patient_id), refusedWith(notFound))
  })

  it('that an authority has asked to keep back is not shown to the patient until then, in no copy either', async () => {
    const patient_id = await person()
    const self = await api.person('patient', { patient_id })
    const body = { disclosed_at: '2026-03-02T09:00:00Z', ...insurer, description: 'To the police' }
    const made = await admin.call(disclosureApi.record_disclosure, { params: { patient_id }, body })
    const params = { patient_id, disclosure_id: made.id }
    const suspend = (who: Person, suspended_until: string | null) =>
      who.call(disclosureApi.suspend_disclosure, { params, body: { suspended_until, reason: 'Written request' } })
    await assert.rejects(suspend(self, null), refusedWith(forbidden))
    assert.equal((await suspend(admin, '2999-01-01T00:00:00Z')).suspended_until, '2999-01-01T00:00:00Z')
    assert.equal((await list(self, patient_id)).total, 0)
    assert.equal((await list(admin, patient_id)).total, 1)
    const logged = async (who: Person) => {
      const [seen, entries] = await Promise.all([
        who.call(emergencyAccessApi.access_log, { params: { patient_id }, query: {} }),
        who.call(auditLogApi.list, { query: who === self ? {} : { patient_id } }),
      ])
      const named = [...seen.items, ...entries.items].filter(({ resource_id }) => resource_id === made.id)
      return { named: named.map(({ action }) => action).sort(), total: seen.total }
    }
    // In either view of the log; the second of each suspension is the patient's own attempt.
    const twice = (...actions: string[]) => actions.flatMap((action) => [action, action])
    const kept_back = twice('disclosure.record', 'disclosure.suspend', 'disclosure.suspend')
    assert.deepEqual((await logged(self)).named, [])
    assert.deepEqual((await logged(admin)).named, kept_back)
    const { total } = await logged(self)
    const files = await unzip((await download(self, patient_id)).rawPayload)
    assert.deepEqual(rowsOf(files, 'disclosures'), [])
    assert.ok(!String(files.get('record.pdf')).includes('police'))
    assert.ok(![...files.values()].some((file) => String(file).includes(made.id)))
    await suspend(admin, '2026-04-01T00:00:00Z')
    assert.equal((await list(self, patient_id)).total, 1)
    const told = await logged(self)
    assert.deepEqual(told.named, [...kept_back, ...twice('disclosure.suspend')])
    assert.ok(told.total > total)
  })

  it('goes with a merged record', async () => {
    const [patient_id, merged] = [await person(), await person()]
    await fetchFor(admin, merged)
    await admin.call(mergeApi.merge, {
      params: { patient_id },
      body: { merged_patient_id: merged, reason: 'x', force: true },
    })
    const self = await api.person('patient', { patient_id })
    const { items } = await list(self, patient_id)
    assert.deepEqual(
      items.map(({ recipient }) => recipient.name),
      ['Harbour Insurance'],
    )
  })
})
