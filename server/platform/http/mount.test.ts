import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { z } from 'zod'
import type { Api, Operation } from '#platform/contract/operation.ts'
import { conflict } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { RightsChanged } from '#platform/database/transaction.ts'
import { openAuthentication } from '#modules/identity'
import { startTestApi, type TestApi } from '../../testing.ts'
import { asProblem } from './errors.ts'
import { implement } from './mount.ts'
import { buildHttp } from './server.ts'

describe('an operation that takes a file', () => {
  it('keeps the server from starting where nobody receives it', async () => {
    await using api = await startTestApi()
    const put = {
      method: 'POST',
      path: '/api/v1/files',
      summary: 'A file',
      access: 'signed_in',
      audit: 'none',
      accepts: 'upload',
      returns: [204, null],
      problems: [],
    } as const satisfies Operation
    const { authenticate } = await openAuthentication(api.system)
    const routes = implement('files', { put }, { put: async () => undefined })
    await assert.rejects(
      buildHttp({ system: api.system, routes, authenticate }),
      /files\.put takes an upload that nobody/,
    )
  })
})

describe('the figures of a server', () => {
  it('are told to its own network alone, whatever a proxy forwards', async () => {
    await using api = await startTestApi({ trusted_proxies: ['10.0.0.0/8'] })
    const ask = async (remoteAddress: string, forwarded?: string) => {
      const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
      const { statusCode, body } = await api.app.http.inject({ url: '/metrics', remoteAddress, headers })
      return [statusCode, body.includes('openward_request_seconds')]
    }
    for (const near of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '172.31.0.9', '192.168.0.2', 'fd00::7'])
      assert.deepEqual(await ask(near), [200, true], near)
    for (const far of ['203.0.113.9', '172.32.0.1', '100.64.0.1', '2001:db8::1'])
      assert.deepEqual(await ask(far), [404, false], far)
    assert.deepEqual(await ask('10.0.0.1', '203.0.113.9'), [404, false])
    assert.deepEqual(await ask('203.0.113.9', '10.0.0.1'), [404, false])
  })
})

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

  describe('of two transactions, when the rights change', () => {
    const probeApi = {
      probe: {
        method: 'POST',
        path: '/api/v1/probe',
        summary: 'Two transactions',
        access: 'signed_in',
        audit: 'none',
        body: z.strictObject({ wrote: z.boolean() }),
        returns: [204, null],
        problems: [],
      },
    } as const satisfies Api

    async function probe(wrote: boolean) {
      const nurse = await api.person('nurse')
      const name = `probe ${nurse.user_id}`
      let runs = 0
      const routes = implement('probe', probeApi, {
        async probe(ctx, { body }) {
          runs += 1
          await ctx.database.once((tx) =>
            body.wrote ? tx.run(sql`insert into probes (name) values (${name})`) : tx.run(sql`select from departments`),
          )
          if (runs === 1)
            await api.rows(sql`update users set authority_version = authority_version + 1 where id = ${nurse.user_id}`)
          await ctx.database.transaction((tx) => tx.rows(sql`select from departments`))
        },
      })
      const { authenticate } = await openAuthentication(api.system)
      const http = await buildHttp({ system: api.system, routes, authenticate })
      const { statusCode } = await http.inject({
        method: 'POST',
        url: '/api/v1/probe',
        headers: { authorization: `Bearer ${nurse.token}` },
        payload: { wrote },
      })
      await http.close()
      const kept = await api.rows(sql`select from probes where name = ${name}`)
      return { statusCode, runs, kept: kept.length }
    }
    before(async () => {
      await api.rows(sql`create table probes (name text)`)
      await api.rows(sql`grant insert on probes to openward_app`)
    })

    it('is repeated where it has only read', async () => {
      assert.deepEqual(await probe(false), { statusCode: 204, runs: 2, kept: 0 })
    })

    it('is not repeated where something is kept already', async () => {
      assert.deepEqual(await probe(true), { statusCode: 409, runs: 1, kept: 1 })
    })
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
