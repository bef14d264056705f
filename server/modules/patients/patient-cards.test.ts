import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { forbidden } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { mergeApi } from './merge.contract.ts'
import { type Patient, patientApi } from './patient.contract.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { findCards } from './patient-search.store.ts'
import { nextPerson } from './people.testing.ts'

let api: TestApi
let staff: Person
let admin: Person
let people: Patient[]
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
  admin = await api.person('admin')
  people = []
  for (let made = 0; made < 4; made += 1) {
    people.push(await staff.call(patientApi.register, { body: nextPerson() }))
  }
})
after(async () => api[Symbol.asyncDispose]())

const cards = (who: Person, patient_ids: string[]) => who.call(patientSearchApi.cards, { body: { patient_ids } })
const idOf = (at: number) => String(people[at]?.id)

describe('cards of patients whose ids are known', () => {
  it('come in the order asked for, each person once, without those who are nobody', async () => {
    const { items } = await cards(staff, [idOf(2), randomUUIDv7(), idOf(0), idOf(2)])
    assert.deepEqual(
      items.map(({ id, first_name }) => [id, first_name]),
      [2, 0].map((at) => [idOf(at), people[at]?.first_name]),
    )
  })

  it('show identifiers masked, and to those without reach that they may not open the record', async () => {
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const { id } = await staff.call(patientApi.register, { body: { ...nextPerson(), ssn: '219-09-9991' } })
    const { items } = await cards(nurse, [id])
    assert.deepEqual(
      items.map(({ ssn, may_open }) => [ssn, may_open]),
      [['***-**-9991', false]],
    )
  })

  it('that were shown a moment ago are not sent by the database again, and show at once what was changed or altered in the row', async () => {
    const { id, version } = await staff.call(patientApi.register, { body: nextPerson() })
    const shown = async () =>
      (await cards(staff, [id])).items.map(({ last_name, is_readable }) => [last_name, is_readable])
    await staff.call(
      patientApi.change,
      { params: { patient_id: id }, body: { last_name: 'Rivers' } },
      { 'if-match': `"v${version}"` },
    )
    assert.deepEqual(await shown(), [['Rivers', true]])
    // Without its key nobody could open it: it was not opened again.
    await api.rows(sql`update patient_keys set wrapped = set_bit(wrapped, 200, 1 - get_bit(wrapped, 200))
                        where id = (select key_id from patients where id = ${id})`)
    assert.deepEqual(await shown(), [['Rivers', true]])
    await api.rows(
      sql`update patients set sealed_card = set_bit(sealed_card, 200, 1 - get_bit(sealed_card, 200)) where id = ${id}`,
    )
    assert.deepEqual(await shown(), [[null, false]])
  })

  it('leave the database for whoever has not their version', async () => {
    const sent = (row_versions: (string | null)[]) =>
      api.rows(findCards([{ ids: [idOf(1)], row_versions, read_reach: 'all' }]))
    const [whole] = await sent([null])
    assert.ok(whole?.sealed_card && whole.wrapped)
    const [known] = await sent([whole.row_version])
    assert.deepEqual(
      [known?.id, known?.row_version, known?.sealed_card, known?.wrapped],
      [idOf(1), whole.row_version, null, null],
    )
    const [older] = await sent(['3'])
    assert.deepEqual(older?.sealed_card, whole.sealed_card)
  })

  it('are of the record that another has become part of', async () => {
    const body = { merged_patient_id: idOf(3), reason: 'Registered twice', force: true }
    await admin.call(mergeApi.merge, { params: { patient_id: idOf(0) }, body })
    const { items } = await cards(staff, [idOf(3), idOf(0)])
    assert.deepEqual(
      items.map(({ id }) => id),
      [idOf(0)],
    )
  })

  it('are refused to who finds nobody', async () => {
    const auditor = await api.person('auditor')
    await assert.rejects(cards(auditor, [idOf(0)]), refusedWith(forbidden))
  })

  it('leave in the audit log who was shown', async () => {
    const reader = await api.person('staff')
    await cards(reader, [idOf(1)])
    const [entry] = await api.rows(sql<{ details: { patient_ids: string[] } }>`
      select details from audit_logs where user_id = ${reader.user_id} and action = 'patient.search'`)
    assert.deepEqual(entry?.details.patient_ids, [idOf(1)])
  })
})
