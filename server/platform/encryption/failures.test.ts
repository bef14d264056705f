import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IntegrityError, KeyUnavailable, unlessUnreadable } from './failures.ts'

describe('one value of many', () => {
  const failing = (error: Error) => () => {
    throw error
  }

  it('is what it says where it opens', () => {
    assert.equal(
      unlessUnreadable(
        () => 'opened',
        () => 'otherwise',
      ),
      'opened',
    )
  })
  for (const error of [new IntegrityError('patients.sealed_card', 'row'), new KeyUnavailable('key')]) {
    it(`is something else for ${error.name}, which is told`, () => {
      assert.equal(
        unlessUnreadable(failing(error), (told) => told),
        error,
      )
    })
  }
  it('fails with any other error', () => {
    const error = new TypeError('a bug')
    assert.throws(
      () => unlessUnreadable(failing(error), () => 'otherwise'),
      (thrown) => thrown === error,
    )
  })
})
