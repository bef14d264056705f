import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sessionEnded, unauthenticated } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith, startTestApi } from '../../testing.ts'
import { sessionApi } from './session.contract.ts'

describe('the session', () => {
  it('tells who is signed in and what they may do', async () => {
    await using api = await startTestApi()
    const nurse = await api.person('nurse', { department_id: await api.department() })
    const me = await nurse.call(sessionApi.me, {})
    assert.deepEqual([me.id, me.role, me.department_id], [nurse.user_id, 'nurse', nurse.department_id])
    assert.ok(me.permissions.includes('patients:read:department'))
  })

  it('ends at once for a token that is still valid', async () => {
    await using api = await startTestApi()
    const nurse = await api.person('nurse')
    await nurse.call(sessionApi.me, {})
    await api.rows(sql`update sessions set revoked_at = now() where id = ${nurse.session_id}`)
    await assert.rejects(nurse.call(sessionApi.me, {}), refusedWith(sessionEnded))
  })

  it('shows changed rights on the next request', async () => {
    await using api = await startTestApi()
    const nurse = await api.person('nurse')
    await nurse.call(sessionApi.me, {})
    await api.rows(sql`update users set role = 'auditor', authority_version = 2 where id = ${nurse.user_id}`)
    assert.equal((await nurse.call(sessionApi.me, {})).role, 'auditor')
  })

  it('is refused without a token', async () => {
    await using api = await startTestApi()
    await assert.rejects(api.call(sessionApi.me, {}), refusedWith(unauthenticated))
  })
})
