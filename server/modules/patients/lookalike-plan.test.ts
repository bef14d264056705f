// Plans that must begin with an index, before a table has statistics and after: on a live hospital the other plan reads everything.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { planOf } from '../../plan.testing.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { findTokenHolders } from './patient-search.store.ts'

describe('looking for a crowd of new people among those who are here', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  it('looks each token up in the index of tokens', async () => {
    await api.patient()
    const tokenizer = api.system.keys.tokenizer('patients')
    const tokens = tokenizer.tokens('phone', '+12025550123').map((token) => ({ kind: 'phone' as const, ...token }))
    const ask = () => planOf(api, 'find', findTokenHolders([tokens, tokens]))
    const before_statistics = await ask()
    await api.rows(sql`analyze patient_tokens`)
    for (const plan of [before_statistics, await ask()]) {
      assert.match(plan, /Index.* Scan using patient_tokens_once/)
      assert.match(plan, /Index Cond: .*kind.*token/)
      assert.doesNotMatch(plan, /Seq Scan on patient_tokens|Hash Join/)
    }
  })
})
