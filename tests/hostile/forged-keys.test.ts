// A token that names its own key (SE-01): nobody asks for that key.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Person, startTestApi, type TestApi } from '../../server/testing.ts'

/** Signs as whoever made the token would, and tells where its key can be had: with it, the token is sound. */
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const kid = randomUUID()
const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' }

let api: TestApi
let admin: Person
let connections = 0
const listener = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
listener.on('connection', () => (connections += 1))
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
})
after(async () => {
  listener.close()
  await api[Symbol.asyncDispose]()
})

const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a token with a key of its own', () => {
  it('is refused, and no connection leaves for the address that it names', async () => {
    const address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    const [header, claims] = admin.token.split('.').map((part, at) => (at < 2 ? decoded(part) : {}))
    const tricks = [
      { jku: `${address}/jwks.json` },
      { jku: `${address}/jwks.json`, kid },
      { x5u: `${address}/x.pem`, kid },
      { jwk, kid },
      { x5c: [Buffer.from('a certificate').toString('base64')], kid },
      { kid: `${address}/jwks.json` },
      { jku: `${address}/jwks.json`, jwk, kid, crit: ['jku'] },
    ]
    const statuses = []
    for (const trick of tricks) {
      // The issuer, too, where a verifier would look its keys up.
      for (const issuer of [claims?.['iss'], address]) {
        const input = `${encoded({ ...header, ...trick })}.${encoded({ ...claims, iss: issuer })}`
        const token = `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
        const headers = { authorization: `Bearer ${token}` }
        statuses.push((await api.send({ method: 'GET', url: '/api/v1/auth/me', headers })).status)
      }
    }
    assert.deepEqual(
      statuses,
      Array.from({ length: 2 * tricks.length }, () => 401),
    )
    assert.equal(connections, 0)
    // The listener does hear whoever comes.
    assert.equal((await fetch(`${address}/jwks.json`)).status, 200)
    assert.equal(connections, 1)
  })
})
