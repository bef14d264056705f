import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecent } from './recent.ts'

test('what was opened last is known, and no more of it than has room', () => {
  const recent = createRecent<number>()
  for (let at = 0; at < 30_000; at += 1) recent.set(`key ${at}`, at)
  const known = Array.from({ length: 30_000 }, (_, at) => recent.get(`key ${at}`)).filter(
    (value) => value !== undefined,
  )
  assert.equal(known.at(-1), 29_999)
  assert.ok(known.length >= 5000 && known.length <= 10_000, `${known.length}`)
})
