import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { z } from 'zod'
import type { Operation } from '#platform/contract/operation.ts'
import { Problem } from '#platform/contract/problem.ts'
import { openServiceClient, type ServiceClientOptions } from './service-client.ts'

const read = {
  method: 'GET',
  path: '/thing',
  summary: 'Reads',
  access: 'public',
  audit: 'none',
  returns: [200, z.object({ name: z.string() })],
  problems: [],
} as const satisfies Operation
const write = {
  ...read,
  method: 'POST',
  body: z.strictObject({ name: z.string() }),
} as const satisfies Operation

async function service(answer: (times: number, request: IncomingMessage, response: ServerResponse) => void) {
  let asked = 0
  const server = createServer((request, response) => answer((asked += 1), request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    asked: () => asked,
    client: (options: Partial<ServiceClientOptions> = {}) =>
      openServiceClient({ name: 'auth', url, retry_pause_ms: 1, ...options }),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const good = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":"auth"}')
const isAway = (error: unknown) =>
  error instanceof Problem &&
  error.kind.code === 'unavailable' &&
  error.kind.status === 503 &&
  error.message.includes('auth')

describe('a call to another service', () => {
  it('that reads is tried again where it failed, three times in all', async () => {
    await using mended = await service((times, _request, response) =>
      times < 3 ? response.writeHead(502).end() : good(response),
    )
    assert.deepEqual(await mended.client().call(read, {}), { name: 'auth' })
    assert.equal(mended.asked(), 3)
    await using broken = await service((_times, request) => request.socket.destroy())
    await assert.rejects(broken.client().call(read, {}), isAway)
    assert.equal(broken.asked(), 3)
  })

  it('that writes is made once: it may have been heard', async () => {
    await using broken = await service((_times, _request, response) => response.writeHead(500).end())
    await assert.rejects(broken.client().call(write, { body: { name: 'x' } }), isAway)
    assert.equal(broken.asked(), 1)
  })

  it('is given up when no answer comes in time', async () => {
    await using silent = await service(() => undefined)
    await assert.rejects(silent.client({ limit_ms: 1000, retries: 1 }).call(read, {}), isAway)
    assert.equal(silent.asked(), 2)
  })

  it('is not made while the other keeps failing, and is made again when it is back', async () => {
    let now = 0
    let isBack = false
    await using one = await service((_times, _request, response) =>
      isBack ? good(response) : response.writeHead(503).end(),
    )
    const client = one.client({ retries: 0, circuit: { failures_limit: 2, pause_ms: 1000, now_ms: () => now } })
    for (let times = 0; times < 6; times += 1) await assert.rejects(client.call(read, {}), isAway)
    assert.equal(one.asked(), 2)
    isBack = true
    now = 1000
    assert.deepEqual(await client.call(read, {}), { name: 'auth' })
    assert.deepEqual(await client.call(read, {}), { name: 'auth' })
    assert.equal(one.asked(), 4)
  })

  it('follows no redirect, and takes no answer that breaks the contract', async () => {
    await using other = await service((_times, _request, response) => good(response))
    await using lured = await service((_times, _request, response) =>
      response.writeHead(302, { location: other.url }).end(),
    )
    await assert.rejects(lured.client().call(read, {}), isAway)
    assert.equal(other.asked(), 0)
    await using strange = await service((_times, _request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":7}'),
    )
    await assert.rejects(strange.client().call(read, {}), isAway)
  })

  it('tells a refusal as the other meant it', async () => {
    await using one = await service((_times, _request, response) =>
      response.writeHead(404).end('{"code":"not_found","title":"There is no such thing"}'),
    )
    await assert.rejects(
      one.client().call(read, {}),
      (error: unknown) => error instanceof Problem && error.kind.code === 'not_found',
    )
    assert.equal(one.asked(), 1)
  })
})
