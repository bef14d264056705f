import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type AccessGrant, createTokenSigner, createTokenVerifier, type TokenRefusal } from './access-tokens.ts'
import { newOpaqueToken } from './opaque-tokens.ts'
import { generateTokenKey, keysFromJwks, publicJwks, type TokenSigningKey } from './token-keys.ts'

const issuer = 'https://ward.example.org'
const audience = 'https://ward.example.org/api/v1'
const issued_at = '2026-12-01T14:00:00Z'
const issued_ms = Temporal.Instant.from(issued_at).epochMilliseconds
const key = generateTokenKey()

const grant: AccessGrant = {
  sub: '0199d6a0-0000-7000-8000-000000000001',
  sid: '0199d6a0-0000-7000-8000-000000000002',
  role: 'doctor',
  permissions: ['patients:read:department', 'appointments:read:own'],
  department_id: '0199d6a0-0000-7000-8000-000000000003',
  jti: 'a-token',
  issued_at,
  lifetime_seconds: 1800,
}

const honestHeader = { alg: 'EdDSA', typ: 'at+jwt', kid: key.kid }
const honestClaims = {
  iss: issuer,
  aud: audience,
  sub: grant.sub,
  sid: grant.sid,
  role: grant.role,
  permissions: grant.permissions,
  department_id: grant.department_id,
  iat: issued_ms / 1000,
  exp: issued_ms / 1000 + 1800,
  jti: 'a-token',
}

const token = createTokenSigner({ issuer, audience, key })(grant)

function verifierAt(seconds = 60, keys = [key]) {
  return createTokenVerifier({ issuer, audience, keys, now_ms: () => issued_ms + seconds * 1000 })
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token made by hand: whatever header and claims, signed by whatever is given. */
function forge(header: unknown, claims: unknown, signature: (input: string) => Buffer = signedBy(key)): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signature(input).toString('base64url')}`
}

function signedBy({ private_key_pem }: TokenSigningKey) {
  return (input: string) => sign(null, Buffer.from(input), createPrivateKey(private_key_pem))
}

const hmacWith = (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest()

describe('an access token', () => {
  it('carries its grant from signer to verifier', () => {
    assert.deepEqual(verifierAt().verify(token), { claims: honestClaims })
    assert.deepEqual(verifierAt().verify(forge(honestHeader, honestClaims)), { claims: honestClaims })
  })

  it('gives every request the same claims, which none can change', () => {
    const verifier = verifierAt()
    const first = verifier.verify(token).claims
    assert.ok(first)
    assert.equal(verifier.verify(token).claims, first)
    assert.throws(() => Object.assign(first, { role: 'admin' }), TypeError)
    assert.throws(() => Array.prototype.push.call(first.permissions, 'users:create'), TypeError)
  })

  const times: [string, number, TokenRefusal | undefined][] = [
    ['in the second before it ends', 1799, undefined],
    ['in the moment it ends', 1800, 'expired'],
    ['after it ended', 1801, 'expired'],
    ['with a clock two hours ahead', 7200, 'expired'],
    ['with a clock 60 s behind', -60, undefined],
    ['with a clock 61 s behind', -61, 'not_yet_valid'],
    ['with a clock two hours behind', -7200, 'not_yet_valid'],
  ]
  for (const [when, seconds, refusal] of times) {
    it(`is ${refusal ?? 'accepted'} ${when}`, () => assert.equal(verifierAt(seconds).verify(token).refusal, refusal))
  }

  it('ends while its signature is still remembered', () => {
    let now_ms = issued_ms
    const verifier = createTokenVerifier({ issuer, audience, keys: [key], now_ms: () => now_ms })
    assert.ok(verifier.verify(token).claims)
    now_ms = issued_ms + 1_800_000
    assert.equal(verifier.verify(token).refusal, 'expired')
  })

  it('is refused with any one character changed', () => {
    const verifier = verifierAt()
    const anywhere = fc.tuple(
      fc.nat(token.length - 1),
      fc.constantFrom('A', 'b', '0', '-', '_', '.', '=', '+', ' ', 'é'),
    )
    fc.assert(
      fc.property(anywhere, ([place, character]) => {
        const changed = token.slice(0, place) + character + token.slice(place + 1)
        fc.pre(changed !== token)
        assert.ok(verifier.verify(changed).refusal)
      }),
      { numRuns: 500 },
    )
  })

  it('is refused with another spelling of the same signature', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(token.slice(-1))
    const respelt = token.slice(0, -1) + alphabet.charAt(last + 1)
    assert.deepEqual(
      Buffer.from(respelt.split('.')[2] ?? '', 'base64url'),
      Buffer.from(token.split('.')[2] ?? '', 'base64url'),
    )
    assert.equal(verifierAt().verify(respelt).refusal, 'malformed')
  })
})

describe('a forged header', () => {
  const { public_key_pem } = key
  const [jwk] = publicJwks([key]).keys
  const nothing = () => Buffer.alloc(0)
  const zeros = () => Buffer.alloc(64)
  const table: [string, string][] = [
    ['alg none without a signature', forge({ ...honestHeader, alg: 'none' }, honestClaims, nothing)],
    ['alg None with some signature', forge({ ...honestHeader, alg: 'None' }, honestClaims, zeros)],
    ['alg none, honestly signed', forge({ ...honestHeader, alg: 'none' }, honestClaims)],
    ['HS256 with the public key', forge({ ...honestHeader, alg: 'HS256' }, honestClaims, hmacWith(public_key_pem))],
    ['HS256 with the public x', forge({ ...honestHeader, alg: 'HS256' }, honestClaims, hmacWith(jwk?.x ?? ''))],
    ['alg Ed25519', forge({ ...honestHeader, alg: 'Ed25519' }, honestClaims)],
    ['no alg', forge({ typ: 'at+jwt', kid: key.kid }, honestClaims)],
    ['kid ../../dev/null', forge({ ...honestHeader, kid: '../../dev/null' }, honestClaims)],
    ['a kid with SQL', forge({ ...honestHeader, kid: "' or 1=1 --" }, honestClaims)],
    ['kid __proto__', forge({ ...honestHeader, kid: '__proto__' }, honestClaims)],
    ['kid as a list', forge({ ...honestHeader, kid: [key.kid] }, honestClaims)],
    ['no kid', forge({ alg: 'EdDSA', typ: 'at+jwt' }, honestClaims)],
    ['jku', forge({ ...honestHeader, jku: 'http://127.0.0.1/jwks.json' }, honestClaims)],
    ['x5u', forge({ ...honestHeader, x5u: 'http://127.0.0.1/x.pem' }, honestClaims)],
    ['x5c', forge({ ...honestHeader, x5c: ['MIIB'] }, honestClaims)],
    ['its own jwk', forge({ ...honestHeader, jwk }, honestClaims)],
    ['crit', forge({ ...honestHeader, crit: ['exp'] }, honestClaims)],
    ['an empty crit', forge({ ...honestHeader, crit: [] }, honestClaims)],
    ['b64 false', forge({ ...honestHeader, b64: false }, honestClaims)],
    ['typ JWT', forge({ ...honestHeader, typ: 'JWT' }, honestClaims)],
    ['no typ', forge({ alg: 'EdDSA', kid: key.kid }, honestClaims)],
    ['a list as header', forge([honestHeader], honestClaims)],
    ['no JSON', forge('EdDSA', honestClaims)],
  ]
  for (const [what, forged] of table) {
    it(`with ${what} is refused`, () => {
      const { refusal } = verifierAt().verify(forged)
      assert.ok(refusal === 'header_refused' || refusal === 'malformed' || refusal === 'unknown_key', String(refusal))
    })
  }
})

describe('a forged body', () => {
  const { exp, ...withoutExp } = honestClaims
  const table: [string, string, TokenRefusal][] = [
    ['another key under our kid', forge(honestHeader, honestClaims, signedBy(generateTokenKey())), 'signature_invalid'],
    ['a signature of zeros', forge(honestHeader, honestClaims, () => Buffer.alloc(64)), 'signature_invalid'],
    ['another audience', forge(honestHeader, { ...honestClaims, aud: 'https://else.example.org' }), 'claims_invalid'],
    ['an audience among several', forge(honestHeader, { ...honestClaims, aud: ['x', audience] }), 'claims_invalid'],
    ['another issuer', forge(honestHeader, { ...honestClaims, iss: `${issuer}/` }), 'claims_invalid'],
    ['no expiry', forge(honestHeader, withoutExp), 'claims_invalid'],
    ['an expiry in words', forge(honestHeader, { ...honestClaims, exp: String(exp) }), 'claims_invalid'],
    [
      'a permission that is no list',
      forge(honestHeader, { ...honestClaims, permissions: 'users:read' }),
      'claims_invalid',
    ],
    ['a subject that is no id', forge(honestHeader, { ...honestClaims, sub: 'admin' }), 'claims_invalid'],
    ['nbf in the future', forge(honestHeader, { ...honestClaims, nbf: honestClaims.iat + 300 }), 'not_yet_valid'],
    ['nbf that is no number', forge(honestHeader, { ...honestClaims, nbf: 'never' }), 'claims_invalid'],
    ['a list as payload', forge(honestHeader, [honestClaims]), 'malformed'],
    ['no JSON', forge(honestHeader, 'role=admin'), 'malformed'],
  ]
  for (const [what, forged, refusal] of table) {
    it(`with ${what} is ${refusal}`, () => assert.equal(verifierAt().verify(forged).refusal, refusal))
  }

  for (const claim of Object.keys(honestClaims)) {
    it(`without ${claim} is claims_invalid`, () => {
      const claims = Object.fromEntries(Object.entries(honestClaims).filter(([name]) => name !== claim))
      assert.equal(verifierAt().verify(forge(honestHeader, claims)).refusal, 'claims_invalid')
    })
  }

  const [header = '', , signature = ''] = token.split('.')
  it('under an honest header and signature is refused', () => {
    const payload = encode({ ...honestClaims, role: 'admin' })
    assert.equal(verifierAt().verify(`${header}.${payload}.${signature}`).refusal, 'signature_invalid')
  })

  const noTokens = ['', '.', '..', '...', 'a.b', 'a.b.c', `${token}.x`, `${token} `, newOpaqueToken('refresh')]
  for (const text of [...noTokens, newOpaqueToken('mfa_pending'), 'x'.repeat(100_000)]) {
    it(`that is ${JSON.stringify(text.replace(token, '‹token›').slice(0, 12))} is malformed`, () => {
      assert.equal(verifierAt().verify(text).refusal, 'malformed')
    })
  }
})

describe('a rotation', () => {
  const next = generateTokenKey()
  const renewed = createTokenSigner({ issuer, audience, key: next })(grant)

  it('refuses an unknown key, accepts both during the overlap, then only the new one', () => {
    const verifier = verifierAt()
    assert.equal(verifier.verify(renewed).refusal, 'unknown_key')
    verifier.replaceKeys([key, next])
    assert.ok(verifier.verify(renewed).claims)
    assert.ok(verifier.verify(token).claims)
    verifier.replaceKeys([next])
    assert.ok(verifier.verify(renewed).claims)
    assert.equal(verifier.verify(token).refusal, 'unknown_key')
  })

  it('keeps the present keys when one of the new ones is no Ed25519 key', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const public_key_pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const verifier = verifierAt()
    assert.throws(() => verifier.replaceKeys([next, { kid: 'rsa', public_key_pem }]), TypeError)
    assert.ok(verifier.verify(token).claims)
  })

  it('reaches another server through the published keys, which hold no private part', () => {
    const published = JSON.stringify(publicJwks([key, next]))
    assert.doesNotMatch(published, /"d"|PRIVATE/)
    const elsewhere = createTokenVerifier({
      issuer,
      audience,
      keys: keysFromJwks(JSON.parse(published)),
      now_ms: () => issued_ms,
    })
    assert.ok(elsewhere.verify(token).claims)
    assert.ok(elsewhere.verify(renewed).claims)
  })
})

const vectorsFile = new URL(
  '../../../../shared/material/security/wycheproof-json_web_signature.json.gz',
  import.meta.url,
)
const skip = existsSync(vectorsFile) ? false : 'the Wycheproof vectors are not beside the project'

type Vectors = { testGroups: { tests: { tcId: number; jws: unknown }[] }[] }

describe('the Wycheproof vectors for JWS', { skip }, () => {
  // None is signed with EdDSA, so none may pass, not even one that is valid in its own algorithm and names our key.
  it('are all refused', () => {
    const vectors: Vectors = JSON.parse(gunzipSync(readFileSync(vectorsFile)).toString('utf8'))
    const tests = vectors.testGroups.flatMap((group) => group.tests)
    assert.ok(tests.length > 300, `${tests.length} vectors`)
    const accepted = tests.filter(({ jws }) => {
      const text = typeof jws === 'string' ? jws : JSON.stringify(jws)
      const [, ...rest] = text.split('.')
      return [text, [encode(honestHeader), ...rest].join('.')].some((given) => verifierAt().verify(given).claims)
    })
    assert.deepEqual(accepted, [])
  })
})
