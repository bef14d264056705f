import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { erasureApi, retentionYears } from './erasure.contract.ts'
import { mergeApi } from './merge.contract.ts'
import { addPerson } from './merge.testing.ts'
import { retentionListApi } from './retention-list.contract.ts'
import { findEndedRetentions } from './retention-list.service.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let admin: Person
let doctor: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  doctor = await api.person('doctor', { doctor: true })
})
after(async () => api[Symbol.asyncDispose]())
beforeEach(() =>
  api.rows(
    sql`update patients set created_at = now(), updated_at = now(), legal_hold = false, retention_ended_on = null`,
  ),
)

const timezone = 'America/New_York'
const person = (rows = {}) => addPerson(api, admin, doctor, rows)
/** As if they had come so long ago, and not since. */
const age = (id: string, years: number, days = 0) =>
  api.rows(sql`
    update patients set created_at = now() - ${years} * interval '1 year' - ${days} * interval '1 day',
                        updated_at = now() - ${years} * interval '1 year' - ${days} * interval '1 day' where id = ${id}`)
const hold = (patient_id: string, legal_hold: boolean) =>
  admin.call(erasureApi.hold, { params: { patient_id }, body: { legal_hold, reason: 'Court order' } })
const list = async (query: { state?: 'over' | 'held'; limit?: string; skip?: string } = {}) =>
  admin.call(retentionListApi.list, { query })
const ids = async (query: { state?: 'over' | 'held' } = {}) =>
  (await list(query)).items.map(({ patient_id }) => patient_id)

describe('the list of records that need not be kept', () => {
  it('has those whose years are over, the longest first, with the day, and no other', async () => {
    const [over, longest, recent, active] = [
      await person(),
      await person(),
      await person(),
      await person({ contacts: 1 }),
    ]
    await age(over, retentionYears, 3)
    await age(longest, 30)
    await age(recent, retentionYears - 1)
    await age(active, 30)
    assert.equal(await findEndedRetentions(api.system, undefined, 2), 2)
    const { items, total } = await list()
    const day = Temporal.Now.zonedDateTimeISO(timezone).subtract({ days: 3 }).toPlainDate().toString()
    assert.deepEqual(
      [total, items.map(({ patient_id }) => patient_id), items[1]?.retention_ended_on],
      [2, [longest, over], day],
    )
    for (const patient_id of [over, longest])
      assert.equal((await admin.call(erasureApi.retention, { params: { patient_id } })).can_be_erased, true)
    const page = await list({ skip: '1', limit: '1' })
    assert.deepEqual([page.items.map(({ patient_id }) => patient_id), page.page], [[over], 2])
  })

  it('loses whom something happens to again, whoever is erased, and whoever is held', async () => {
    const [back, erased, held] = [await person(), await person(), await person()]
    for (const id of [back, erased, held]) await age(id, 30)
    await findEndedRetentions(api.system)
    assert.deepEqual(new Set(await ids()), new Set([back, erased, held]))
    await api.rows(sql`update patients set updated_at = now() where id = ${back}`)
    await admin.call(erasureApi.erase, { params: { patient_id: erased }, body: { reason: 'Retention is over' } })
    await hold(held, true)
    assert.equal(await findEndedRetentions(api.system), 0)
    assert.deepEqual(await ids(), [])
    assert.deepEqual(await ids({ state: 'held' }), [held])
    await hold(held, false)
    await findEndedRetentions(api.system)
    assert.deepEqual([await ids(), await ids({ state: 'held' })], [[held], []])
  })

  it('is made batch by batch, and stops with its server', async () => {
    const [one, other] = [await person(), await person()]
    for (const id of [one, other]) await age(id, 30)
    assert.equal(await findEndedRetentions(api.system, AbortSignal.abort(), 1), 1)
    assert.equal((await ids()).length, 1)
    assert.ok((await findEndedRetentions(api.system, undefined, 1)) >= 2)
    const listed = await ids()
    assert.ok(listed.includes(one) && listed.includes(other))
  })

  it('goes by all that was merged into a record', async () => {
    const [whole, part] = [await person(), await person()]
    await admin.call(mergeApi.merge, {
      params: { patient_id: whole },
      body: { merged_patient_id: part, reason: 'x', force: true },
    })
    const isListed = async () => {
      await findEndedRetentions(api.system)
      return (await ids()).includes(whole)
    }
    await age(whole, 30)
    assert.equal(await isListed(), false)
    await age(part, 30)
    await api.rows(sql`update patients set legal_hold = true where id = ${part}`)
    assert.equal(await isListed(), false)
    await api.rows(sql`update patients set legal_hold = false where id = ${part}`)
    await api.rows(sql`update care_relationships set created_at = now() - interval '30 years'`)
    assert.equal(await isListed(), true)
  })

  it('tells in the log whom it showed', async () => {
    const id = await person()
    await age(id, 30)
    await findEndedRetentions(api.system)
    await list()
    const entries = await api.rows(
      sql<{
        details: { patient_ids: string[] }
      }>`select details from audit_logs where action = 'retention.list' order by id desc limit 1`,
    )
    assert.ok(entries[0]?.details.patient_ids.includes(id))
  })
})
