import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { certain } from './certain.ts'

describe('what is certain', () => {
  for (const value of ['', 0, false, 'text'])
    it(`is given as it is: ${JSON.stringify(value)}`, () => assert.equal(certain(value, 'value'), value))
  for (const value of [null, undefined])
    it(`is a bug where it is ${value}`, () =>
      assert.throws(() => certain(value, 'time of the database'), { message: /no time of the database/ }))
})
