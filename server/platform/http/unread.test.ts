import assert from 'node:assert/strict'
import { once } from 'node:events'
import Fastify from 'fastify'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openOthers } from '#platform/services/others.ts'
import { installDocumentation } from './documentation.ts'
import { installErrors } from './errors.ts'
import { installUnread } from './unread.ts'

const patience_ms = 400
const large = Buffer.alloc(4_000_000, 'x')
const app = Fastify({ connectionTimeout: patience_ms })
const clients: Socket[] = []

before(async () => {
  installErrors(app, () => [])
  installUnread(app)
  app.get('/large', async (_request, reply) => reply.send(large))
  app.get('/small', async () => ({ taken: true }))
  app.get('/slow', async () => {
    await wait(4 * patience_ms)
    return { taken: true }
  })
  await installDocumentation(app, [], openOthers({ service_urls: new Map() }))
  await app.listen({ port: 0, host: '127.0.0.1' })
})
after(async () => {
  for (const client of clients) client.destroy()
  await app.close()
})

const asking = (url: string, times = 1) => `GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(times)

/** Everything in one packet; nothing of the answers is taken until somebody reads. */
async function open(text: string): Promise<Socket> {
  const { port } = app.server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1' })
  clients.push(client)
  client.on('error', () => undefined)
  await once(client, 'connect')
  client.pause()
  client.write(text)
  return client
}

async function connections(): Promise<number> {
  return new Promise((resolve, reject) =>
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

async function read(client: Socket, enough: (text: string) => boolean): Promise<string> {
  let text = ''
  for await (const part of client) {
    text += String(part)
    if (enough(text)) break
  }
  return text
}

describe('a client', () => {
  it('that takes nothing of its answers is ended', { timeout: 20_000 }, async () => {
    const had = await connections()
    await open(asking('/large', 20))
    while ((await connections()) === had) await wait(10)
    while ((await connections()) > had) await wait(50)
  })

  it('that takes them slowly is given all of them', { timeout: 60_000 }, async () => {
    const client = await open(asking('/large', 10))
    let taken = 0
    const began_at = performance.now()
    while (taken < 10 * large.length) {
      const part = client.read() as Buffer | null
      if (part) taken += part.length
      assert.equal(client.closed, false, `it was ended after ${taken} bytes`)
      await wait(5)
    }
    assert.ok(performance.now() - began_at > 2 * patience_ms)
  })

  it('that waits for a slow answer, with nothing to take meanwhile, is left alone', async () => {
    const client = await open(asking('/slow'))
    assert.match(await read(client, (text) => text.includes('}')), /^HTTP\/1\.1 200 /)
  })

  it('that sends a thousand requests at once is answered the first hundred', async () => {
    const client = await open(asking('/small', 1000))
    const text = await read(client, (so_far) => so_far.split('HTTP/1.1 ').length > 1000 && so_far.endsWith('}'))
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)
    assert.deepEqual(
      statuses.map((status) => status === '200'),
      Array.from({ length: 1000 }, (_, at) => at < 100),
    )
    assert.deepEqual([...new Set(statuses)], ['200', '429'])
    const again = await open(asking('/small'))
    assert.match(await read(again, (so_far) => so_far.includes('}')), /^HTTP\/1\.1 200 /)
  })

  it('that asks for the reference again and again costs one copy of it', { timeout: 60_000 }, async () => {
    const script = await app.inject('/docs/js/scalar.js')
    assert.ok(script.statusCode === 200 && script.rawPayload.length > 1_000_000)
    const before_bytes = process.memoryUsage().arrayBuffers
    const client = await open(asking('/docs/js/scalar.js', 100))
    await wait(patience_ms / 2)
    assert.equal(client.closed, false)
    assert.ok(process.memoryUsage().arrayBuffers - before_bytes < 4 * script.rawPayload.length)
  })
})
