// A small load balancer: it asks each server whether it is ready, sends requests in turn to those that are, and repeats none.
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { statusOf } from '../processes.ts'

export type Balancer = {
  port: number
  /** A server that is asked from now on; it is sent requests once it says that it is ready. */
  add: (server: { port: number }) => void
  remove: (server: { port: number }) => void
  /** Those that are sent requests now. */
  ready: () => number[]
  close: () => Promise<void>
}
type Backend = { port: number; is_ready: boolean; refusals: number }

const interval_ms = 200
/** A server is left out when it has refused so often in a row. */
const refusals_limit = 2

export async function startBalancer(): Promise<Balancer> {
  const backends = new Map<number, Backend>()
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const ready = () => [...backends.values()].filter(({ is_ready }) => is_ready)
  let turn = 0
  let closed = false

  const listener = createServer((asked, answer) => {
    const choice = ready()
    const backend = choice[(turn += 1) % choice.length]
    const fail = (why: string) => {
      if (!answer.headersSent) answer.writeHead(502)
      answer.end(why)
    }
    if (!backend) return fail('no server is ready')
    const { connection: _, ...headers } = asked.headers
    const sent = request(
      { host: '127.0.0.1', port: backend.port, agent, method: asked.method, path: asked.url, headers },
      (given) => {
        const { connection: _ended, ...own } = given.headers
        answer.writeHead(given.statusCode ?? 502, own)
        given.on('error', () => answer.destroy())
        given.pipe(answer)
      },
    )
    sent.on('error', (error) => fail(error.message))
    asked.pipe(sent)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the balancer has no port')

  const asking = (async () => {
    while (!closed) {
      await Promise.all(
        [...backends.values()].map(async (backend) => {
          const is_ready = (await statusOf(backend, '/health/ready')) === 200
          backend.refusals = is_ready ? 0 : backend.refusals + 1
          if (is_ready || backend.refusals >= refusals_limit) backend.is_ready = is_ready
        }),
      )
      await delay(interval_ms)
    }
  })()

  return {
    port: address.port,
    add: ({ port }) => void backends.set(port, { port, is_ready: false, refusals: 0 }),
    remove: ({ port }) => void backends.delete(port),
    ready: () => ready().map(({ port }) => port),
    async close() {
      closed = true
      await asking
      agent.destroy()
      listener.close()
      listener.closeAllConnections()
      await once(listener, 'close')
    },
  }
}
