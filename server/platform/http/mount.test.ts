import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { conflict } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { RightsChanged } from '#platform/database/transaction.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { asProblem } from './errors.ts'

describe('a request', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  it('leaves its denial in the audit log, whatever its If-Match says', async () => {
    const nurse = await api.person('nurse')
    const { status } = await nurse.send({ method: 'GET', url: '/api/v1/users', headers: { 'if-match': 'nonsense' } })
    assert.equal(status, 403)
    const denied = await api.rows(sql`select action, outcome from audit_logs where user_id = ${nurse.user_id}`)
    assert.deepEqual(denied, [{ action: 'user.list', outcome: 'denied' }])
  })

  it('that reads is recorded each time, also when it is repeated with one Idempotency-Key', async () => {
    const staff = await api.person('staff')
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'one-search' }
    const body = JSON.stringify({ date_of_birth: '1980-01-01' })
    for (let times = 0; times < 2; times += 1)
      assert.equal((await staff.send({ method: 'POST', url: '/api/v1/patients/search', headers, body })).status, 200)
    const [read] = await api.rows(sql`
      select count(*)::int as times from audit_logs where user_id = ${staff.user_id} and action = 'patient.search'`)
    assert.deepEqual(read, { times: 2 })
    assert.deepEqual(await api.rows(sql`select from idempotency_keys where user_id = ${staff.user_id}`), [])
  })

  it('is no fault of ours when the rights change each time that it is tried', () => {
    assert.equal(asProblem(new RightsChanged()).kind, conflict)
  })

  it('for the state of the server leaves the reserve to the audit log, however many there are', async () => {
    const asked = Array.from({ length: 100 }, () => api.send({ method: 'GET', url: '/health/ready', headers: {} }))
    const { reserve } = api.system
    let most = 0
    reserve.on('acquire', () => (most = Math.max(most, reserve.waitingCount)))
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    assert.deepEqual(new Set(statuses), new Set([200]))
    assert.ok(most < 10, `${most} waited for a connection of the reserve`)
  })
})
