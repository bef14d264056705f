import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, Problem, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { departmentApi, departmentCodeTaken } from './department.contract.ts'

describe('departments', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(async () => api[Symbol.asyncDispose]())

  it('are opened, renamed and closed by an administrator, and seen by everyone', async () => {
    const [admin, nurse] = [await api.person('admin'), await api.person('nurse')]
    const made = await admin.call(departmentApi.create, { body: { name: 'Cardiology', code: 'CARD' } })
    const params = { department_id: made.id }
    assert.deepEqual(await nurse.call(departmentApi.read, { params }), made)
    const closed = await admin.call(
      departmentApi.update,
      { params, body: { name: 'Heart', is_active: false } },
      { 'if-match': '"v1"' },
    )
    assert.deepEqual([closed.name, closed.code, closed.is_active, closed.version], ['Heart', 'CARD', false, 2])
    assert.deepEqual((await nurse.call(departmentApi.list, {})).items, [closed])
    await assert.rejects(
      admin.call(departmentApi.update, { params, body: { name: 'X' } }, { 'if-match': '"v1"' }),
      refusedWith(stale),
    )
    await assert.rejects(
      admin.call(departmentApi.update, { params: { department_id: nurse.user_id }, body: { name: 'X' } }),
      refusedWith(notFound),
    )
    const [entry] = await api.rows(
      sql`select details from audit_logs where action = 'department.update' and resource_id = ${made.id}`,
    )
    assert.deepEqual(entry, { details: { fields: ['name', 'is_active'] } })
    assert.equal((await admin.call(departmentApi.update, { params, body: { code: 'HEART' } })).code, 'HEART')
    await assert.rejects(
      nurse.call(departmentApi.create, { body: { name: 'Mine', code: 'MINE' } }),
      refusedWith(forbidden),
    )
  })

  it('lose no change, though four count up the same one a thousand times', async () => {
    const admin = await api.person('admin')
    const { id } = await admin.call(departmentApi.create, { body: { name: '0', code: 'COUNTER' } })
    const params = { department_id: id }
    let refusals = 0
    const countUp = async () => {
      for (let done = 0; done < 250;) {
        const { name, version } = await admin.call(departmentApi.read, { params })
        const body = { name: String(Number(name) + 1) }
        try {
          await admin.call(departmentApi.update, { params, body }, { 'if-match': `"v${version}"` })
          done += 1
        } catch (error) {
          if (!(error instanceof Problem) || error.kind.code !== stale.code) throw error
          refusals += 1
        }
      }
    }
    await Promise.all(Array.from({ length: 4 }, countUp))
    const { name, version } = await admin.call(departmentApi.read, { params })
    assert.deepEqual([name, version], ['1000', 1001])
    assert.ok(refusals > 0, 'nobody was in the way of anybody')
  })

  it('have a code of their own', async () => {
    const admin = await api.person('admin')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, () => admin.call(departmentApi.create, { body: { name: 'Surgery', code: 'SURG' } })),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    await assert.rejects(
      admin.call(departmentApi.create, { body: { name: 'Surgery', code: 'SURG' } }),
      refusedWith(departmentCodeTaken),
    )
    await assert.rejects(
      admin.call(departmentApi.create, { body: { name: 'Surgery', code: 'su rg' } }),
      refusedWith(invalidRequest, '/body/code'),
    )
    await assert.rejects(
      admin.call(departmentApi.read, { params: { department_id: admin.user_id } }),
      refusedWith(notFound),
    )
  })
})
