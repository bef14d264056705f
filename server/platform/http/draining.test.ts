// How a server ends what is in flight. What of it an orchestrator sees is in tests/faults/stopping.test.ts.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { z } from 'zod'
import type { Api } from '#platform/contract/operation.ts'
import { openAuthentication } from '#modules/identity'
import { startTestApi } from '../../testing.ts'
import { openDraining } from './draining.ts'
import { endEventStream } from './event-stream.ts'
import { implement } from './mount.ts'
import { buildHttp } from './server.ts'

const lateApi = {
  follow: {
    method: 'GET',
    path: '/api/v1/late',
    summary: 'A stream that begins late',
    access: 'signed_in',
    audit: 'none',
    sends: 'event_stream',
    returns: [200, z.string()],
    problems: [],
  },
} as const satisfies Api

describe('a server that refuses what is new', () => {
  it('ends an event stream that begins only then, and is empty once that has ended', async () => {
    await using api = await startTestApi()
    const nurse = await api.person('nurse')
    const [entered, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const routes = implement('late', lateApi, {
      async follow() {
        entered.resolve()
        await told.promise
        const stream = new PassThrough()
        stream.write('data: first\n\n')
        return stream as unknown as string
      },
    })
    const { authenticate } = await openAuthentication(api.system)
    const draining = openDraining()
    const http = await buildHttp({ system: api.system, routes, authenticate, draining })
    const ask = () => http.inject({ url: '/api/v1/late', headers: { authorization: `Bearer ${nurse.token}` } })
    const asked = ask()
    await entered.promise
    const emptied = draining.refuse()
    assert.equal((await ask()).statusCode, 503)
    told.resolve()
    const { statusCode, body, headers } = await asked
    assert.deepEqual([statusCode, body, headers['connection']], [200, 'data: first\n\n', 'close'])
    await emptied
    await http.close()
  })

  it('has nothing to end of a stream whose client is gone', () => {
    const stream = new PassThrough()
    stream.destroy()
    endEventStream(stream)
    assert.deepEqual([stream.writableEnded, stream.listenerCount('close')], [false, 0])
  })
})
