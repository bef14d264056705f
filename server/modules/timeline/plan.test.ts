// The newest entries of somebody who has come for decades take no longer than those of somebody who came twice.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { planOf } from '../../plan.testing.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { sources } from './sources.ts'
import { findEntries, inOrderOfIndexes } from './timeline.store.ts'

const patient_id = '01900000-0000-7000-8000-000000000001'
const pages = [
  { what: 'the newest', page: { limit: 21, after: undefined } },
  { what: 'those before them', page: { limit: 21, after: ['2030-03-04T00:00:00Z', patient_id] as const } },
]

describe('what a timeline asks for', () => {
  let api: TestApi
  before(async () => void (api = await startTestApi()))
  after(() => api[Symbol.asyncDispose]())

  for (const source of sources) {
    for (const { what, page } of pages) {
      it(`${source.kind}, ${what}: is read in the order of an index, and no further than the page`, async () => {
        const plan = await planOf(api, 'all', findEntries(source, patient_id, page), inOrderOfIndexes)
        assert.doesNotMatch(plan, /Sort/, plan)
      })
    }
  }
})
