import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from 'node:net'
import { describe, it } from 'node:test'
import { type Post, postTo, type Resolve } from './post.ts'
import { makeCertificate, startTlsReceiver } from './tls.testing.ts'

const name = 'engine.hospital.example'
const certificate = makeCertificate(name)
const start = (answer?: RequestListener) => startTlsReceiver(certificate, answer)
const found: Resolve = async () => [{ address: '127.0.0.1', family: 4 }]

function post(port: number, change: Partial<Post> = {}, { host = name, listed = `${name}:${port}` } = {}) {
  return postTo({
    url: `https://${host}:${port}/in?x=1`,
    headers: { 'content-type': 'application/json', 'webhook-id': 'one' },
    body: '{"type":"test"}',
    rules: { production: true, allowed_hosts: [listed] },
    ca: certificate.cert,
    resolve: found,
    ...change,
  })
}

describe('a post', () => {
  it('arrives whole, under the name that was asked for', async () => {
    await using receiver = await start()
    assert.deepEqual(await post(receiver.port), { status: 200 })
    const [{ headers, url, body } = assert.fail()] = receiver.received
    assert.deepEqual(
      [url, body, headers.host, headers['webhook-id']],
      ['/in?x=1', '{"type":"test"}', `${name}:${receiver.port}`, 'one'],
    )
  })

  it('goes to the address that was checked, and asks for the name once', async () => {
    await using receiver = await start()
    let asked = 0
    // As a name server would that gives another answer each time.
    const resolve: Resolve = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '169.254.169.254', family: 4 }]
    assert.deepEqual(await post(receiver.port, { resolve }), { status: 200 })
    assert.equal(asked, 1)
  })

  it('goes there also where Node was told to try one address of a name only', async () => {
    await using receiver = await start()
    const before = getDefaultAutoSelectFamily()
    setDefaultAutoSelectFamily(false)
    try {
      assert.deepEqual(await post(receiver.port), { status: 200 })
    } finally {
      setDefaultAutoSelectFamily(before)
    }
  })

  const refused: [string, string[]][] = [
    ['this machine', ['127.0.0.1']],
    ['this machine in IPv6', ['::1']],
    ['this machine, mapped', ['::ffff:127.0.0.1']],
    ['an address inside', ['10.0.0.8']],
    ['where clouds keep credentials', ['169.254.169.254']],
    ['one address outside and one inside', ['93.184.215.14', '127.0.0.1']],
  ]
  for (const [what, addresses] of refused) {
    it(`never reaches a name that stands for ${what}`, async () => {
      await using receiver = await start()
      const resolve: Resolve = async () =>
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      // Named as by somebody outside: on a port that is open to them.
      const url = 'https://rebound.example.com:8443/'
      assert.deepEqual(await post(receiver.port, { url, resolve }), { failure: 'address_not_allowed' })
      assert.equal(receiver.connections(), 0)
    })
  }

  it('does not reach a listed host either where that stands for credentials of a cloud', async () => {
    const resolve: Resolve = async () => [{ address: '169.254.169.254', family: 4 }]
    assert.deepEqual(await post(443, { resolve }), { failure: 'address_not_allowed' })
  })

  it('follows no redirect', async () => {
    await using inside = await start()
    for (const status of [301, 302, 303, 307, 308]) {
      await using receiver = await start((_, reply) => {
        reply.writeHead(status, { location: `https://${name}:${inside.port}/` }).end()
      })
      assert.deepEqual(await post(receiver.port), { status, failure: 'redirect_refused' })
    }
    assert.equal(inside.connections(), 0)
  })

  it('trusts no certificate of another name or of nobody', async () => {
    await using receiver = await start()
    const other = { host: 'other.hospital.example', listed: `other.hospital.example:${receiver.port}` }
    assert.deepEqual(await post(receiver.port, {}, other), { failure: 'certificate_refused' })
    const { cert } = makeCertificate(name)
    assert.deepEqual(await post(receiver.port, { ca: cert }), { failure: 'certificate_refused' })
    assert.deepEqual(receiver.received, [])
  })

  it('keeps the status and nothing else of an answer, however long that is', async () => {
    let sent = 0
    await using receiver = await start((_, reply) => {
      reply.writeHead(500)
      const more = () => {
        while (!reply.destroyed && reply.write(Buffer.alloc(65_536))) sent += 65_536
        if (!reply.destroyed) reply.once('drain', more)
      }
      reply.on('error', () => undefined)
      more()
    })
    assert.deepEqual(await post(receiver.port), { status: 500 })
    assert.ok(sent < 50_000_000)
  })

  it('is given up where nobody answers in time, in the middle of an answer, and when it is called off', async () => {
    await using silent = await start(() => undefined)
    assert.deepEqual(await post(silent.port, { limit_ms: 50 }), { failure: 'too_slow' })
    await using halting = await start((_, reply) => void reply.writeHead(200).write('half'))
    assert.deepEqual(await post(halting.port, { limit_ms: 300 }), { status: 200 })
    assert.deepEqual(await post(silent.port, { limit_ms: 50, resolve: () => new Promise(() => undefined) }), {
      failure: 'too_slow',
    })
    const calling_off = new AbortController()
    const outcome = post(silent.port, { signal: calling_off.signal })
    calling_off.abort()
    assert.deepEqual(await outcome, { failure: 'given_up' })
  })

  it('says what is wrong where it cannot be sent', async () => {
    let port: number
    {
      await using gone = await start()
      ;({ port } = gone)
    }
    assert.deepEqual(await post(port), { failure: 'not_reachable' })
    assert.deepEqual(await post(port, { resolve: async () => [] }), { failure: 'name_not_found' })
    assert.deepEqual(await post(port, { resolve: () => Promise.reject(new Error('SERVFAIL')) }), {
      failure: 'name_not_found',
    })
    assert.deepEqual(await post(port, { url: 'http://example.com/' }), { failure: 'not_https' })
  })
})
