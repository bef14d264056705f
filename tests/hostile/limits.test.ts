// Asking too often (security A9): told when to come back, in fields that a program can read.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestApi, type TestApi } from '../../server/testing.ts'
import { assertProblem } from './problem.ts'
import { type Probe, startProbe } from './probe.ts'

let api: TestApi
let probe: Probe
before(async () => {
  api = await startTestApi()
  probe = await startProbe(api, { rate_limit: true })
})
after(async () => {
  await probe[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

/** Asks the address that allows three a minute from an address of its own. */
const ask = (remoteAddress: string, headers: Record<string, string> = {}) =>
  probe.send({ method: 'GET', url: '/api/v1/probe-quota', remoteAddress, headers })

describe('RL-03 a quota', () => {
  it('is told when it is used up, with the time to wait in fields that parse', async () => {
    const answers = []
    for (let count = 0; count < 5; count += 1) answers.push(await ask('198.51.100.1'))
    assert.deepEqual(
      answers.map(({ statusCode }) => statusCode),
      [200, 200, 200, 429, 429],
    )
    for (const answer of answers.slice(3)) {
      assert.equal(assertProblem(answer, 429).code, 'quota_exceeded')
      const policy = /^"[a-z-]+";q=(\d+);w=(\d+)$/.exec(String(answer.headers['ratelimit-policy']))
      const limit = /^"[a-z-]+";r=(\d+);t=(\d+)$/.exec(String(answer.headers.ratelimit))
      assert.deepEqual([policy?.[1], policy?.[2], limit?.[1]], ['3', '60', '0'])
      const seconds = Number(answer.headers['retry-after'])
      assert.ok(Number.isInteger(seconds) && seconds >= Number(limit?.[2]) && seconds >= 1 && seconds <= 60)
    }
  })

  it('belongs to the peer, whatever it says of itself', async () => {
    const statuses = []
    for (let count = 0; count < 6; count += 1) {
      const headers = {
        'x-forwarded-for': `203.0.113.${count}`,
        'x-real-ip': `203.0.113.${count}`,
        cookie: `id=${count}`,
        'user-agent': `agent ${count}`,
      }
      statuses.push((await ask('198.51.100.2', headers)).statusCode)
    }
    assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429])
  })

  it('leaves others alone', async () => {
    assert.equal((await ask('198.51.100.3')).statusCode, 200)
  })

  it('of one person is counted apart from that of their address', async () => {
    const person = await api.person('auditor')
    const other = await api.person('auditor')
    const list = (token: string, remoteAddress: string) =>
      probe.send({ method: 'GET', url: '/api/v1/probes', remoteAddress, headers: { authorization: `Bearer ${token}` } })
    const statuses: number[] = []
    // In handfuls, so that no request waits long enough to be refused for another reason.
    for (let asked = 0; asked < 620; asked += 20) {
      const answers = Array.from({ length: 20 }, (_, count) => list(person.token, `192.0.2.${(asked + count) % 200}`))
      statuses.push(...(await Promise.all(answers)).map(({ statusCode }) => statusCode))
    }
    assert.deepEqual(
      [statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 429).length],
      [600, 20],
    )
    assert.equal((await list(other.token, '192.0.2.1')).statusCode, 200)
  })

  it('never closes the health', async () => {
    for (let count = 0; count < 5; count += 1)
      assert.equal((await ask('198.51.100.4')).statusCode, count < 3 ? 200 : 429)
    assert.equal(
      (await api.app.http.inject({ method: 'GET', url: '/health/live', remoteAddress: '198.51.100.4' })).statusCode,
      200,
    )
  })
})
