import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { generateTokenKey, keysFromJwks, publicJwks, thumbprint } from './token-keys.ts'

const key = generateTokenKey()

describe('a published key set', () => {
  it('gives the same keys back, and holds no private part', () => {
    const published = JSON.stringify(publicJwks([key]))
    assert.doesNotMatch(published, /"d"|PRIVATE/)
    assert.deepEqual(keysFromJwks(JSON.parse(published)), [{ kid: key.kid, public_key_pem: key.public_key_pem }])
  })

  it('yields no key that is private, symmetric, for encryption, of another curve or oddly named', () => {
    const [jwk] = publicJwks([key]).keys
    const keys = [
      { ...jwk, d: 'AAAA' },
      { ...jwk, use: 'enc' },
      { ...jwk, crv: 'X25519' },
      { ...jwk, kid: '../../dev/null' },
      { kty: 'oct', k: 'AA', kid: 'x' },
    ]
    assert.deepEqual(keysFromJwks({ keys }), [])
    assert.equal(keysFromJwks({ keys: [...keys, jwk] }).length, 1)
  })

  for (const document of [null, [], {}, { keys: 'none' }, { keys: Array.from({ length: 21 }, () => ({})) }]) {
    it(`is not ${JSON.stringify(document).slice(0, 20)}`, () => {
      assert.throws(() => keysFromJwks(document), { name: 'ZodError' })
    })
  }
})

describe('a key id', () => {
  it('is of no key but Ed25519', () => {
    const { publicKey } = generateKeyPairSync('x25519')
    assert.throws(() => thumbprint(publicKey), TypeError)
  })

  it('is the thumbprint of RFC 8037 appendix A.3 for the key there', () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    const rfc = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
    assert.equal(thumbprint(rfc), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  it('is another one for each new key', () => {
    const kids = Array.from({ length: 10 }, () => generateTokenKey().kid)
    assert.equal(new Set(kids).size, 10)
    assert.equal(key.kid, thumbprint(createPublicKey(key.public_key_pem)))
  })
})
