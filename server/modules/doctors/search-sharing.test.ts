import assert from 'node:assert/strict'
import { it } from 'node:test'
import { shareSearches } from './search-sharing.ts'

it('what many ask alike at once is looked for once, and anew by whoever asks after that', async () => {
  const share = shareSearches<number>()
  let searches = 0
  const gate = Promise.withResolvers<void>()
  const search = async () => {
    searches += 1
    await gate.promise
    return searches
  }
  const asked = ['a', 'a', 'b', 'a'].map((query) => share(query, search))
  gate.resolve()
  assert.deepEqual(await Promise.all(asked), [2, 2, 2, 2])
  assert.equal(searches, 2)
  assert.equal(await share('a', search), 3)
})

it('a search that fails has failed for all who waited for it, and for nobody after them', async () => {
  const share = shareSearches<string>()
  const fail = () => Promise.reject(new Error('away'))
  const outcomes = await Promise.allSettled([share('a', fail), share('a', fail)])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await share('a', async () => 'found'), 'found')
})
