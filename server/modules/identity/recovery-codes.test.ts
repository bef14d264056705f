import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findRecoveryCode, hashRecoveryCode, newRecoveryCodes } from './recovery-codes.ts'

describe('recovery codes', () => {
  it('are ten different ones of 120 bits in printable groups', () => {
    const codes = newRecoveryCodes()
    assert.equal(new Set(codes).size, 10)
    for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/)
  })

  it('use the whole alphabet in every place', () => {
    const seen = Array.from({ length: 24 }, () => new Set<string>())
    for (let set = 0; set < 60; set += 1) {
      for (const code of newRecoveryCodes()) {
        for (const [place, character] of Array.from(code.replaceAll('-', '')).entries()) seen[place]?.add(character)
      }
    }
    assert.deepEqual(
      seen.map((characters) => characters.size),
      Array.from({ length: 24 }, () => 32),
    )
  })

  it('are found by their hash, each its own', () => {
    const codes = newRecoveryCodes()
    const stored = codes.map(hashRecoveryCode)
    for (const [index, code] of codes.entries()) assert.equal(findRecoveryCode(stored, code), stored[index])
  })

  it('are not found once their hash is gone, nor among another person’s', () => {
    const [code = ''] = newRecoveryCodes()
    assert.equal(findRecoveryCode([], code), undefined)
    assert.equal(findRecoveryCode(newRecoveryCodes().map(hashRecoveryCode), code), undefined)
    assert.equal(findRecoveryCode([Buffer.alloc(0)], code), undefined)
  })

  const ways: [string, string][] = [
    ['in lower case', '7k3m-90xq-abcd-0011-efgh-jkmn'],
    ['without hyphens', '7K3M90XQABCD0011EFGHJKMN'],
    ['with spaces', ' 7K3M 90XQ ABCD 0011 EFGH JKMN '],
    ['with letters for digits', '7K3M-9OXQ-ABCD-oOiL-EFGH-JKMN'],
  ]
  for (const [how, typed] of ways) {
    it(`may be typed ${how}`, () => {
      const stored = [hashRecoveryCode('7K3M-90XQ-ABCD-0011-EFGH-JKMN')]
      assert.equal(findRecoveryCode(stored, typed), stored[0])
    })
  }

  for (const typed of ['', '-', '7K3M-90XQ-ABCD-0011-EFGH-JKMP', '7K3M-90XQ', '7K3M-90XQ-ABCD-0011-EFGH-JKMN-0000']) {
    it(`are refused when they read ${JSON.stringify(typed)}`, () => {
      assert.equal(findRecoveryCode([hashRecoveryCode('7K3M-90XQ-ABCD-0011-EFGH-JKMN')], typed), undefined)
    })
  }
})
