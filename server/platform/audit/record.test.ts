import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { startTestApi } from '../../testing.ts'
import { createAuditRecorder } from './record.ts'

const entry = () => ({ action: 'patient.read', resource_type: 'patient', correlation_id: randomUUIDv7() })

test('an entry that the database cannot take refuses its own request, and none of those that arrived with it', async () => {
  await using api = await startTestApi()
  const recorder = createAuditRecorder(api.system.reserve)
  const good = [entry(), entry(), entry()]
  const bad = { ...entry(), resource_id: 'none' }
  const outcomes = await Promise.allSettled([...good, bad, entry()].map((one) => recorder.record(one)))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  )
  const written = await api.rows<{ correlation_id: string }>(
    sql`select correlation_id from audit_logs where correlation_id = any(${good.map((one) => one.correlation_id)})`,
  )
  assert.equal(written.length, good.length)
})

test('what is recorded outside of any request says so', async () => {
  await using api = await startTestApi()
  const id = randomUUIDv7()
  await createAuditRecorder(api.system.reserve).record({ id, action: 'patient.read', resource_type: 'patient' })
  assert.deepEqual(await api.rows(sql`select correlation_id, outcome from audit_logs where id = ${id}`), [
    { correlation_id: 'none', outcome: 'success' },
  ])
})

test('an entry that others keep out again and again is refused as something to repeat', async () => {
  await using api = await startTestApi()
  await api.rows(sql`create function refuse_entry() returns trigger language plpgsql
    as $$ begin raise 'in the way' using errcode = 'serialization_failure'; end $$`)
  await api.rows(sql`create trigger refuse before insert on audit_logs for each row execute function refuse_entry()`)
  await assert.rejects(
    createAuditRecorder(api.system.reserve).record(entry()),
    (error: unknown) =>
      error instanceof Problem && error.kind === unavailable && error.members.retry_after_seconds === 1,
  )
})
