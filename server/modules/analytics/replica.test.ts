import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { sessionEnded } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { createTestDatabase, dropTestDatabase, refusedWith, startTestApi } from '../../testing.ts'
import { departmentApi } from '../departments/department.contract.ts'
import { analyticsApi } from './analytics.contract.ts'

/** Another database of the cluster stands for the replica: what differs tells which one was asked. It takes no writes. */
async function startReplica() {
  const url = await createTestDatabase()
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  await owner.query(
    `insert into resources (type, name, code, ward, created_at) values ('bed', 'Bed', 'R-1', 'On the replica', now() - interval '60 days')`,
  )
  await owner.query(`alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`)
  await owner.end()
  return { url, [Symbol.asyncDispose]: () => dropTestDatabase(url) }
}

describe('figures where there is a replica', () => {
  it('are read there, and records are not', async () => {
    await using replica = await startReplica()
    await using api = await startTestApi({ replica_url: replica.url })
    const admin = await api.person('admin')
    const department_id = await api.department()
    const { items } = await admin.call(analyticsApi.resource_usage, { query: {} })
    assert.deepEqual(
      items.map(({ ward }) => ward),
      ['On the replica'],
    )
    const departments = await admin.call(departmentApi.list, { query: {} })
    assert.ok(departments.items.some(({ id }) => id === department_id))
  })

  it('are for nobody whose session has ended on the primary', async () => {
    await using replica = await startReplica()
    await using api = await startTestApi({ replica_url: replica.url })
    const admin = await api.person('admin')
    await admin.call(analyticsApi.resource_usage, { query: {} })
    await api.rows(sql`update sessions set revoked_at = now() where id = ${admin.session_id}`)
    await assert.rejects(admin.call(analyticsApi.resource_usage, { query: {} }), refusedWith(sessionEnded))
  })

  it('come from the primary while the replica does not answer', async () => {
    await using api = await startTestApi({ replica_url: 'postgres://nobody@127.0.0.1:9/none' })
    const admin = await api.person('admin')
    await api.rows(
      sql`insert into resources (type, name, code, ward, created_at) values ('bed', 'Bed', 'P-1', 'On the primary', now() - interval '60 days')`,
    )
    const { items } = await admin.call(analyticsApi.resource_usage, { query: {} })
    assert.deepEqual(
      items.map(({ ward }) => ward),
      ['On the primary'],
    )
  })
})
