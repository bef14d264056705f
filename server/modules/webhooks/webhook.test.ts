import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { forbidden, invalidRequest, notFound, stale } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'
import { deliveryApi, deliveryWaiting } from './delivery.contract.ts'
import { webhookApi } from './webhook.contract.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi({ webhook_allowed_hosts: ['engine.hospital.example:9443'] })
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

const url = 'https://integration.example.org/openward'
const create = (body: Partial<{ url: string; types: string[]; description: string; is_active: boolean }> = {}) =>
  admin.call(webhookApi.create, { body: { url, types: ['appointment.*'], ...body } })

async function delivery(webhook_id: string, status: string): Promise<string> {
  const [row] = await api.rows(sql<{ id: string }>`
    insert into webhook_deliveries (webhook_id, event_id, type, subject_id, status, attempts, failure)
    values (${webhook_id}, uuidv7(), 'patient.updated', uuidv7(), ${status}, 10, 'answered_500') returning id`)
  return row?.id ?? ''
}

describe('webhooks', () => {
  it('are made by an administrator, who is shown the secret once', async () => {
    const { secret, ...made } = await create({ description: 'Laboratory' })
    assert.match(secret, /^whsec_[\w+/]{43}=$/)
    assert.deepEqual(
      [made.url, made.description, made.types, made.is_active, made.state, made.waiting, made.dead],
      [url, 'Laboratory', ['appointment.*'], true, 'working', 0, 0],
    )
    const params = { webhook_id: made.id }
    assert.deepEqual(await admin.call(webhookApi.read, { params }), made)
    assert.ok((await admin.call(webhookApi.list, {})).items.some(({ id }) => id === made.id))
    const rows = await api.rows(sql`select to_jsonb(w) as row from webhooks w where id = ${made.id}`)
    const at_rest = JSON.stringify(rows)
    assert.ok(!at_rest.includes(secret) && !at_rest.includes(Buffer.from(secret).toString('hex')))
    const entries = await api.rows(
      sql`select user_id, details from audit_logs where action = 'webhook.create' and resource_id = ${made.id}`,
    )
    assert.deepEqual(entries, [
      { user_id: admin.user_id, details: { host: 'integration.example.org', types: ['appointment.*'] } },
    ])
  })

  it('are changed, switched off and removed, which is recorded', async () => {
    const { id } = await create()
    const params = { webhook_id: id }
    const changed = await admin.call(
      webhookApi.update,
      { params, body: { types: ['*'], is_active: false, description: null } },
      { 'if-match': '"v1"' },
    )
    assert.deepEqual([changed.types, changed.state, changed.version], [['*'], 'inactive', 2])
    await assert.rejects(
      admin.call(webhookApi.update, { params, body: { is_active: true } }, { 'if-match': '"v1"' }),
      refusedWith(stale),
    )
    await delivery(id, 'dead')
    assert.equal((await admin.call(webhookApi.read, { params })).dead, 1)
    await assert.rejects(admin.call(webhookApi.remove, { params }, { 'if-match': '"v1"' }), refusedWith(stale))
    await admin.call(webhookApi.remove, { params }, { 'if-match': '"v2"' })
    for (const again of [
      () => admin.call(webhookApi.remove, { params }),
      () => admin.call(webhookApi.read, { params }),
      () => admin.call(webhookApi.update, { params, body: { is_active: true } }),
      () => admin.call(deliveryApi.list, { params, query: {} }),
    ])
      await assert.rejects(again(), refusedWith(notFound))
    const actions = await api.rows(
      sql<{ action: string }>`
        select action from audit_logs where resource_id = ${id} and outcome = 'success' order by id`,
    )
    assert.deepEqual(
      actions.map(({ action }) => action),
      ['webhook.create', 'webhook.update', 'webhook.delete'],
    )
  })

  it('are of nobody else', async () => {
    const { id } = await create()
    for (const role of ['doctor', 'nurse', 'staff', 'patient', 'auditor']) {
      const person = await api.person(role)
      await assert.rejects(person.call(webhookApi.list, {}), refusedWith(forbidden), role)
      await assert.rejects(
        person.call(webhookApi.create, { body: { url, types: ['*'] } }),
        refusedWith(forbidden),
        role,
      )
      await assert.rejects(
        person.call(deliveryApi.list, { params: { webhook_id: id }, query: {} }),
        refusedWith(forbidden),
        role,
      )
    }
  })

  it('lead nowhere inside, but to hosts that are listed', async () => {
    for (const wrong of [
      'http://integration.example.org/',
      'https://127.0.0.2/',
      'https://[::ffff:169.254.169.254]/',
      'https://2852039166/latest/meta-data',
      'https://ok.example.org@10.0.0.1/',
      'https://integration.example.org:5432/',
      'https://engine.hospital.example:9444/',
      'nowhere',
    ])
      await assert.rejects(create({ url: wrong }), refusedWith(invalidRequest, '/body/url'), wrong)
    assert.ok((await create({ url: 'https://engine.hospital.example:9443/in' })).id)
  })

  it('name types of events', async () => {
    for (const types of [[], ['everything'], ['appointment'], ['*.*'], ['Appointment.Booked']])
      await assert.rejects(create({ types }), refusedWith(invalidRequest), types.join())
  })
})

describe('what a webhook was told', () => {
  it('is listed by status, newest first, page by page', async () => {
    const { id } = await create()
    const params = { webhook_id: id }
    const ids: string[] = []
    for (const status of ['dead', 'delivered', 'dead', 'waiting', 'dead']) ids.unshift(await delivery(id, status))
    const [newest, second] = [
      await admin.call(deliveryApi.list, { params, query: { limit: '3' } }),
      await admin.call(deliveryApi.list, { params, query: { status: 'dead' } }),
    ]
    assert.deepEqual(
      newest.items.map((one) => one.id),
      ids.slice(0, 3),
    )
    const rest = await admin.call(deliveryApi.list, {
      params,
      query: { limit: '3', cursor: newest.next_cursor ?? '' },
    })
    assert.deepEqual([rest.items.map((one) => one.id), rest.next_cursor], [ids.slice(3), null])
    assert.deepEqual(
      second.items.map(({ status, failure, attempts }) => [status, failure, attempts]),
      Array.from({ length: 3 }, () => ['dead', 'answered_500', 10]),
    )
  })

  it('is told again at an administrator’s word, which is recorded', async () => {
    const { id } = await create()
    const dead = await delivery(id, 'dead')
    const params = { delivery_id: dead }
    await admin.call(deliveryApi.replay, { params })
    await assert.rejects(admin.call(deliveryApi.replay, { params }), refusedWith(deliveryWaiting))
    await assert.rejects(
      admin.call(deliveryApi.replay, { params: { delivery_id: randomUUID() } }),
      refusedWith(notFound),
    )
    const [row] = await api.rows(
      sql`select status, attempts, next_attempt_at <= now() as is_due from webhook_deliveries where id = ${dead}`,
    )
    assert.deepEqual(row, { status: 'waiting', attempts: 0, is_due: true })
    const entries = await api.rows(
      sql`select user_id, details from audit_logs where action = 'webhook.replay' and resource_id = ${dead} and outcome = 'success'`,
    )
    assert.deepEqual(entries, [
      { user_id: admin.user_id, details: { webhook_id: id, type: 'patient.updated', was: 'dead' } },
    ])
  })
})
