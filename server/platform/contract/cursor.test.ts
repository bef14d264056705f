import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeCursor, decodeDayCursor, decodeTimeCursor, encodeCursor } from './cursor.ts'
import { malformed } from './problem.ts'
import { refusedWith } from '../../testing.ts'

const id = '0198c0de-0000-7000-8000-000000000001'
const of = (key: string) => encodeCursor(key) ?? undefined

describe('a cursor', () => {
  it('comes back as what it was made of', () => {
    assert.equal(decodeCursor(of(id)), id)
    for (const at of ['2026-12-01T14:00:00Z', '2026-12-01T14:00:00.123456Z', '0800-12-25T00:00:00Z'])
      assert.deepEqual(decodeTimeCursor(of(`${at} ${id}`)), [at, id])
    assert.deepEqual(decodeDayCursor(of(`2026-12-01 ${id}`)), ['2026-12-01', id])
    for (const decode of [decodeCursor, decodeTimeCursor, decodeDayCursor]) assert.equal(decode(undefined), undefined)
  })

  for (const key of ['', 'x', `${id}x`, `2026-12-01T14:00:00Z ${id}`])
    it(`of ids is refused as ${JSON.stringify(key)}`, () =>
      assert.throws(() => decodeCursor(of(key)), refusedWith(malformed)))
  for (const key of [
    id,
    `2026-13-01T14:00:00Z ${id}`,
    `9999:99:99T99:99:99Z ${id}`,
    `-009999-01-01T00:00:00Z ${id}`,
    `0000-01-01T00:00:00Z ${id}`,
    `2026-12-01T14:00:00Z`,
  ])
    it(`of times is refused as ${JSON.stringify(key)}`, () =>
      assert.throws(() => decodeTimeCursor(of(key)), refusedWith(malformed)))
  for (const key of [id, `2026-02-30 ${id}`, `0000-01-01 ${id}`, `2026-12-01T14:00:00Z ${id}`, '2026-12-01'])
    it(`of days is refused as ${JSON.stringify(key)}`, () =>
      assert.throws(() => decodeDayCursor(of(key)), refusedWith(malformed)))
  it('is refused where it is no base64', () => assert.throws(() => decodeCursor('!!!'), refusedWith(malformed)))
})
