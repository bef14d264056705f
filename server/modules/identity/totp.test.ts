import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Secret, TOTP, URI } from 'otpauth'
import { newTotpSecret, totpUri, verifyTotp } from './totp.ts'

const rfcSecret = Secret.fromUTF8('12345678901234567890').base32
const step_ms = 30_000

function codeAt(secret: string, timestamp: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp })
}

describe('a one-time password', () => {
  // RFC 6238 appendix B, SHA-1; six digits are the last six of the eight printed there.
  const vectors: [number, string][] = [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ]
  for (const [seconds, printed] of vectors) {
    it(`is ${printed.slice(2)} at ${seconds} seconds with the secret of RFC 6238`, () => {
      const step = verifyTotp({ secret: rfcSecret, code: printed.slice(2), now_ms: seconds * 1000 })
      assert.equal(step, Math.floor(seconds / 30))
    })
  }

  const now_ms = 1_800_000_010_000
  const current = Math.floor(now_ms / step_ms)
  const offsets: [number, boolean][] = [
    [-10, false],
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ]
  for (const [offset, accepted] of offsets) {
    it(`of ${offset} steps from now is ${accepted ? 'accepted' : 'refused'}`, () => {
      const code = codeAt(rfcSecret, now_ms + offset * step_ms)
      assert.equal(verifyTotp({ secret: rfcSecret, code, now_ms }), accepted ? current + offset : undefined)
    })
  }

  it('is refused when its step or a later one is spent', () => {
    const code = codeAt(rfcSecret, now_ms)
    assert.equal(verifyTotp({ secret: rfcSecret, code, now_ms, last_step: current - 1 }), current)
    assert.equal(verifyTotp({ secret: rfcSecret, code, now_ms, last_step: current }), undefined)
    assert.equal(verifyTotp({ secret: rfcSecret, code, now_ms, last_step: current + 1 }), undefined)
    assert.equal(verifyTotp({ secret: rfcSecret, code, now_ms, last_step: null }), current)
  })

  it('is accepted with the space that apps show in its middle', () => {
    const code = codeAt(rfcSecret, now_ms)
    assert.equal(verifyTotp({ secret: rfcSecret, code: `${code.slice(0, 3)} ${code.slice(3)}`, now_ms }), current)
  })

  for (const code of ['', '12345', '1234567', '１２３４５６', 'abcdef', '-12345', '1e5000', '123456\n']) {
    it(`is refused when it reads ${JSON.stringify(code)}`, () => {
      assert.equal(verifyTotp({ secret: rfcSecret, code, now_ms }), undefined)
    })
  }

  it('is accepted once and only once for any secret and moment', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 4_000_000_000_000 }), (moment) => {
        const secret = newTotpSecret()
        const code = codeAt(secret, moment)
        const step = verifyTotp({ secret, code, now_ms: moment })
        assert.equal(step, Math.floor(moment / step_ms))
        assert.equal(verifyTotp({ secret, code, now_ms: moment, last_step: step }), undefined)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a new secret', () => {
  it('has 160 bits and is another one each time', () => {
    const secrets = Array.from({ length: 20 }, newTotpSecret)
    assert.equal(new Set(secrets).size, 20)
    for (const secret of secrets) assert.match(secret, /^[A-Z2-7]{32}$/)
  })

  it('travels to the app in an otpauth address with issuer and account', () => {
    const secret = newTotpSecret()
    const uri = totpUri(secret, 'o’neil+x@example.org', 'Saint Mary & Sons')
    const read = URI.parse(uri)
    assert.ok(read instanceof TOTP)
    assert.deepEqual(
      [read.issuer, read.label, read.secret.base32, read.digits, read.period, read.algorithm],
      ['Saint Mary & Sons', 'o’neil+x@example.org', secret, 6, 30, 'SHA1'],
    )
  })
})
