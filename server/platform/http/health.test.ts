// How a server tells of its parts when one of them hangs or fails.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import Fastify from 'fastify'
import type { System } from '#platform/context.ts'
import type { Check } from '#platform/module.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { openDraining } from './draining.ts'
import { installHealth, type Measure } from './health.ts'

let api: TestApi
before(async () => {
  api = await startTestApi()
})
after(() => api[Symbol.asyncDispose]())

type Parts = Record<string, Check>

function serve(checks: Record<string, () => Promise<Check>>, measures: Measure[] = []) {
  const logged: { part: string; text: string }[] = []
  const note = ({ part }: { part: string }, text: string) => void logged.push({ part, text })
  const log = { ...api.system.log, warn: note, info: note } as System['log']
  const app = Fastify()
  installHealth(app, { ...api.system, log }, checks, openDraining(), measures)
  return {
    logged,
    async ready() {
      const { statusCode, body } = await app.inject('/health/ready')
      return { statusCode, parts: (JSON.parse(body) as { parts: Parts }).parts }
    },
    metrics: async () => (await app.inject({ url: '/metrics', remoteAddress: '127.0.0.1' })).body,
  }
}

const fine = async (): Promise<Check> => ({ status: 'ok' })
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a part of a server', () => {
  it('that never answers is told as degraded, holds up no other and is not asked again', async () => {
    let asked = 0
    const silent = Promise.withResolvers<Check>()
    const server = serve({
      fine,
      async silent() {
        asked += 1
        return silent.promise
      },
    })
    const began = performance.now()
    const { statusCode, parts } = await server.ready()
    assert.ok(performance.now() - began < 4000)
    assert.equal(statusCode, 200)
    assert.deepEqual(parts, {
      database: { status: 'ok' },
      fine: { status: 'ok' },
      silent: { status: 'degraded', detail: 'It does not answer' },
    })
    assert.match(await server.metrics(), /openward_part_degraded\{part="silent"\} 1/)
    await server.ready()
    assert.equal(asked, 1)
    silent.resolve({ status: 'ok', detail: 'late' })
    await wait(1)
    assert.deepEqual((await server.ready()).parts['silent'], { status: 'ok', detail: 'late' })
    assert.deepEqual(server.logged, [
      { part: 'silent', text: 'a part of this server does not say how it is' },
      { part: 'silent', text: 'a part of this server answers again' },
    ])
  })

  it('that cannot be asked is told as degraded, and logged once until that changes', async () => {
    let isMended = false
    const server = serve({
      fine,
      async failing() {
        if (!isMended) throw Object.assign(new Error('stale file handle'), { code: 'ESTALE' })
        return { status: 'ok' }
      },
    })
    const failing = { status: 'degraded', detail: 'It cannot be asked: the log of the server says why' }
    assert.deepEqual((await server.ready()).parts['failing'], failing)
    await wait(1100)
    assert.deepEqual((await server.ready()).parts['failing'], failing)
    assert.equal(server.logged.length, 1)
    isMended = true
    await wait(1100)
    assert.deepEqual((await server.ready()).parts['failing'], { status: 'ok' })
    assert.equal(server.logged.length, 2)
  })

  it('is asked once for all who ask within a second', async () => {
    let asked = 0
    const server = serve({
      async counted() {
        asked += 1
        return { status: 'ok' }
      },
    })
    await Promise.all(Array.from({ length: 20 }, () => server.ready()))
    await server.ready()
    assert.equal(asked, 1)
    await wait(1100)
    await server.ready()
    assert.equal(asked, 2)
  })
})

describe('the metrics', () => {
  it('leave out a number that cannot be read or does not come, and tell the others', async () => {
    const measure = (name: string, read: Measure['read']): Measure => ({ name, help: name, read })
    const server = serve({}, [
      measure('test_silent', () => new Promise(() => undefined)),
      measure('test_failing', async () => {
        throw new Error('it is away')
      }),
      measure('test_fine', async () => 7),
    ])
    const text = await server.metrics()
    assert.match(text, /^test_fine 7$/m)
    assert.doesNotMatch(text, /^test_(silent|failing) \d/m)
  })
})
