import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hashOpaqueToken, newOpaqueToken, type OpaqueTokenKind } from './opaque-tokens.ts'

const kinds: OpaqueTokenKind[] = [
  'refresh',
  'password_reset',
  'invitation',
  'email_verification',
  'mfa_pending',
  'oidc_state',
  'device',
  'stream_ticket',
  'calendar_feed',
]

describe('an opaque token', () => {
  it('has 256 bits behind the prefix of its kind, and is another one each time', () => {
    const tokens = kinds.flatMap((kind) => Array.from({ length: 50 }, () => newOpaqueToken(kind)))
    assert.equal(new Set(tokens).size, kinds.length * 50)
    assert.equal(new Set(tokens.map((token) => token.slice(0, 4))).size, kinds.length)
    for (const token of tokens) assert.match(token, /^ow[a-z]_[\w-]{43}$/)
  })

  it('is hashed only as what it is: kinds never interchange', () => {
    for (const made of kinds) {
      for (const used of kinds) {
        const hashed = hashOpaqueToken(used, newOpaqueToken(made))
        assert.equal(hashed !== undefined, made === used, `${made} as ${used}`)
      }
    }
  })

  it('has one hash of 32 bytes that tells nothing of it', () => {
    const token = newOpaqueToken('refresh')
    const hashed = hashOpaqueToken('refresh', token)
    assert.ok(hashed)
    assert.equal(hashed.length, 32)
    assert.deepEqual(hashOpaqueToken('refresh', token), hashed)
    assert.notDeepEqual(hashOpaqueToken('refresh', newOpaqueToken('refresh')), hashed)
  })

  const token = newOpaqueToken('refresh')
  const spoilt = [
    '',
    'owr_',
    token.slice(4),
    `${token}A`,
    token.slice(0, -1),
    ` ${token}`,
    `${token}\n`,
    token.toUpperCase(),
  ]
  for (const text of [...spoilt, `owr_${'A'.repeat(42)}B`, `owr_${'+'.repeat(43)}`, 'a.b.c']) {
    it(`is not ${JSON.stringify(text.replace(token, '‹token›'))}`, () => {
      assert.equal(hashOpaqueToken('refresh', text), undefined)
    })
  }
})
