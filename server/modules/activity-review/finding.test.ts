import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { auditLogApi } from '../audit-trail/audit-log.contract.ts'
import { emergencyAccessApi } from '../patients/emergency-access.contract.ts'
import { forbidden, notFound } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { refusedWith } from '../../testing.ts'
import { findingClosed } from './finding.contract.ts'
import { read, readMany, start } from './review.testing.ts'

describe('a finding', () => {
  it('is signed off once, with a remark that only the API shows, and never by whom it is about', async () => {
    await using house = await start({ mass_reads: 100 })
    const { api, run, found, close, auditor } = house
    const [admin, other] = [await api.person('admin'), await api.person('admin')]
    const family = await api.patient({ first_name: 'Eve', last_name: 'Admin' })
    await read(admin, family)
    await run()
    const [{ id } = { id: '' }] = await found()
    await assert.rejects(close(id, admin), refusedWith(forbidden))
    const closed = await close(id, other)
    assert.deepEqual(
      [closed.verdict, closed.remark, closed.closed_by],
      ['justified', 'Asked, and answered', other.user_id],
    )
    await assert.rejects(close(id, auditor), refusedWith(findingClosed))
    await assert.rejects(close('0198c0de-0000-7000-8000-000000000001', auditor), refusedWith(notFound))
    assert.deepEqual(await found({ closed: 'false' }), [])
    assert.deepEqual(
      (await found({ closed: 'true' })).map(({ remark }) => remark),
      ['Asked, and answered'],
    )
    const rows = await api.rows(sql<{ row: string }>`
      select encode(sealed_remark, 'escape') || f::text as row from activity_findings f`)
    assert.ok(rows.length === 1 && !rows.some(({ row }) => row.includes('answered')))
  })

  it('is in the log and among the events when it is raised, closed and read, and not in what its patient sees', async () => {
    await using house = await start({ mass_reads: 100 })
    const { api, run, found, close, auditor } = house
    const admin = await api.person('admin')
    const family = await api.patient({ first_name: 'Eve', last_name: 'Admin' })
    const self = await api.person('patient', { patient_id: family })
    await read(admin, family)
    await run()
    const [{ id } = { id: '' }] = await found()
    await close(id)
    const { items } = await auditor.call(auditLogApi.list, { query: {} })
    const about = items.filter(({ resource_type }) => resource_type === 'activity_finding')
    assert.deepEqual(
      about.map(({ action, role, patient_id }) => [action, role, patient_id]),
      [
        ['activity_finding.close', 'auditor', null],
        ['activity_finding.list', 'auditor', null],
        ['activity_finding.raise', 'system', null],
      ],
    )
    assert.deepEqual(about[1]?.details, { count: 1, patient_ids: [family] })
    const events = await api.rows(sql<object>`
      select type, subject_id, patient_id, payload from events where subject_type = 'activity_finding' order by id`)
    assert.deepEqual(events, [
      {
        type: 'activity_finding.raised',
        subject_id: id,
        patient_id: null,
        payload: { kind: 'family_name', user_id: admin.user_id },
      },
      {
        type: 'activity_finding.closed',
        subject_id: id,
        patient_id: null,
        payload: { kind: 'family_name', verdict: 'justified' },
      },
    ])
    const seen = await self.call(emergencyAccessApi.access_log, { params: { patient_id: family }, query: {} })
    assert.deepEqual([...new Set(seen.items.map(({ resource_type }) => resource_type))], ['patient'])
  })

  it('is told by mail at once where it cannot wait, and else once a day', async () => {
    await using house = await start()
    const { api, run, auditor } = house
    const admin = await api.person('admin')
    const mailed = async () =>
      (
        await api.rows(
          sql<{ user_id: string }>`select user_id from mails where template = 'activity_findings' order by id`,
        )
      ).map(({ user_id }) => user_id)
    const family = await api.patient({ first_name: 'Eve', last_name: 'Admin' })
    await read(admin, family)
    assert.equal(await run(), 1)
    assert.deepEqual(await mailed(), [])
    await api.rows(sql`update activity_review set told_at = now() - interval '25 hours'`)
    assert.equal(await run(), 0)
    const reviewers = [auditor.user_id, admin.user_id].toSorted()
    assert.deepEqual((await mailed()).toSorted(), reviewers)
    await run()
    assert.deepEqual((await mailed()).toSorted(), reviewers)
    await readMany(api, admin, 4)
    assert.equal(await run(), 1)
    assert.deepEqual((await mailed()).toSorted(), [...reviewers, ...reviewers].toSorted())
  })
})
