import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { startTestApi } from '../../testing.ts'
import { installErrors } from './errors.ts'
import { installShedding, mostMemory } from './shedding.ts'

describe('a server whose event loop falls behind', () => {
  it('is spared for the time of its start, then refuses early all but what tells that it lives and ends sessions', async () => {
    await using api = await startTestApi({ shed_load: true })
    const ask = (url: string) => api.send({ method: 'GET', url, headers: {} })
    /** Holds the event loop for longer than a server may fall behind; the load is measured in the turn after. */
    const hold = async () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1800)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await api.app.http.listen({ port: 0, host: '127.0.0.1' })
    const began_at = performance.now()
    let refused
    do {
      await hold()
      refused = await ask('/problems/overloaded')
    } while (refused.status === 200 && performance.now() - began_at < 60_000)
    // Held for 1.8 s it falls behind from the first time on; what begins takes up to 2 s.
    assert.ok(performance.now() - began_at >= 2000, 'it was not spared')
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '2'])
    assert.equal((JSON.parse(refused.text) as { code: string }).code, 'overloaded')
    assert.equal((await ask('/health/live')).status, 200)
    assert.notEqual((await ask('/api/v1/auth/logout')).status, 503)
  })
})

describe('a server whose memory is nearly used up', () => {
  const started = async (most: ReturnType<typeof mostMemory>) => {
    const app = Fastify()
    installErrors(app, () => [])
    await installShedding(app, most)
    for (const url of ['/work', '/health/live']) app.get(url, async () => ({}))
    await app.ready()
    // The start is spared, and the first measure comes after it.
    await wait(2600)
    return app
  }
  const statusesOf = async (app: Awaited<ReturnType<typeof started>>) =>
    Promise.all(['/work', '/health/live'].map(async (url) => (await app.inject(url)).statusCode))

  for (const [what, most] of [
    ['of the heap', { heap_bytes: 1, resident_bytes: 0 }],
    ['of its container', { heap_bytes: 0, resident_bytes: 1 }],
  ] as const) {
    it(`${what} refuses all but what tells that it lives`, async () => {
      const app = await started(most)
      assert.deepEqual(await statusesOf(app), [503, 200])
      await app.close()
    })
  }

  it('is not one that is as ever', async () => {
    const app = await started(mostMemory())
    assert.deepEqual(await statusesOf(app), [200, 200])
    await app.close()
  })

  it('is told by the limit of the heap, and by that of a container where there is one', () => {
    const gibibyte = 2 ** 30
    const most = (container: number) => mostMemory({ heap_limit: 1000, container, machine: 8 * gibibyte })
    assert.deepEqual(most(gibibyte), { heap_bytes: 900, resident_bytes: 0.95 * gibibyte })
    // What Node says where there is no limit: nothing, or more than there is.
    for (const none of [0, 2 ** 64]) assert.equal(most(none).resident_bytes, 0)
  })
})
