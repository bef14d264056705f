import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import {
  conflict,
  integrityError,
  keyUnavailable,
  malformed,
  overloaded,
  Problem,
  requestTimeout,
  tooLarge,
  tooManyRequests,
  unavailable,
  unexpected,
} from '#platform/contract/problem.ts'
import { RightsChanged } from '#platform/database/transaction.ts'
import { IntegrityError, KeyUnavailable } from '#platform/encryption/failures.ts'
import { asProblem, refuseRawRequest } from './errors.ts'

const ofStatus = (statusCode: number) => Object.assign(new Error('of the HTTP library'), { statusCode })
const ofDatabase = (code: string) => Object.assign(new Error('of the database'), { severity: 'ERROR', code })

const table = [
  ['a problem', new Problem(conflict), conflict],
  ['a damaged value', new IntegrityError('patients.sealed_card', 'row'), integrityError],
  ['a key that is away', new KeyUnavailable('key'), keyUnavailable],
  ['rights that change', new RightsChanged(), conflict],
  ['a database that is away', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), unavailable],
  ['a database that is ended', ofDatabase('57P01'), unavailable],
  ['a refused statement', ofDatabase('23505'), unexpected],
  ['status 400', ofStatus(400), malformed],
  ['status 413', ofStatus(413), tooLarge],
  ['status 418, which we do not name', ofStatus(418), malformed],
  ['status 429', ofStatus(429), tooManyRequests],
  ['status 500', ofStatus(500), unexpected],
  ['status 503', ofStatus(503), overloaded],
  ['a bug', new TypeError('x is undefined'), unexpected],
] as const

describe('a failure', () => {
  for (const [what, thrown, kind] of table) {
    it(`of ${what} is told as ${kind.code}`, () => assert.equal(asProblem(thrown).kind, kind))
  }
})

describe('what is no request at all', () => {
  /** Both ends of a connection. */
  async function connection(): Promise<{ ours: Socket; theirs: Socket; [Symbol.dispose]: () => void }> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(address !== null && typeof address !== 'string')
    const theirs = connect(address.port, '127.0.0.1')
    const [ours] = (await once(server, 'connection')) as [Socket]
    return {
      ours,
      theirs,
      [Symbol.dispose]() {
        theirs.destroy()
        ours.destroy()
        server.close()
      },
    }
  }

  for (const [code, status, kind] of [
    ['HPE_INVALID_METHOD', '400 Bad Request', malformed],
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout', requestTimeout],
  ] as const) {
    it(`is refused for ${code} with a problem document, and the connection is ended`, async () => {
      using both = await connection()
      refuseRawRequest(Object.assign(new Error('of the parser'), { code }), both.ours)
      const [head = '', body = ''] = (await text(both.theirs)).split('\r\n\r\n')
      assert.equal(head.split('\r\n', 1)[0], `HTTP/1.1 ${status}`)
      assert.match(head, /^connection: close$/m)
      assert.match(head, /^content-type: application\/problem\+json$/m)
      assert.match(head, new RegExp(`^content-length: ${Buffer.byteLength(body)}$`, 'm'))
      assert.equal((JSON.parse(body) as { code: string }).code, kind.code)
    })
  }

  it('is answered nothing where the other side is gone', async () => {
    using both = await connection()
    both.ours.destroy()
    refuseRawRequest(new Error('of the parser'), both.ours)
    assert.equal(both.ours.bytesWritten, 0)
  })
})
