// How serving ends: readiness goes first while everything is still answered, so that a balancer looks elsewhere; then new
// requests are refused, event streams are ended and what else is in flight is finished; then the listener closes.
import type { FastifyInstance } from 'fastify'
import { type Duplex, finished } from 'node:stream'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { endEventStream, isEventStream } from './event-stream.ts'

export type Draining = {
  /** Whether the server is on its way out, so that nobody new should be sent to it. */
  isLeaving(): boolean
  /** From now on readiness is refused, everything else is answered, and each answer ends its connection. */
  leave(): void
  /** From now on new requests are refused and event streams end. Resolves when all that was in flight is answered. */
  refuse(): Promise<void>
  install(app: FastifyInstance): void
}

/** Whoever watches is told until the listener closes. */
const exempt = /^\/(health|metrics)(\/|$)/

export function openDraining(): Draining {
  let state: 'serving' | 'leaving' | 'refusing' = 'serving'
  let inFlight = 0
  const streams = new Set<Duplex>()
  const emptied = Promise.withResolvers<void>()
  const settle = () => (state === 'refusing' && inFlight === 0 ? emptied.resolve() : undefined)
  return {
    isLeaving: () => state !== 'serving',
    leave: () => void (state = state === 'serving' ? 'leaving' : state),
    refuse() {
      state = 'refusing'
      settle()
      for (const stream of streams) endEventStream(stream)
      return emptied.promise
    },
    install(app) {
      app.addHook('onRequest', (request, reply, done) => {
        if (exempt.test(request.url)) return done()
        if (state === 'refusing') {
          const detail = 'This server is being stopped: repeat, and another one answers'
          return done(new Problem(unavailable, { detail, retry_after_seconds: 1 }))
        }
        inFlight += 1
        finished(reply.raw, () => {
          inFlight -= 1
          settle()
        })
        done()
      })
      app.addHook('onSend', (_request, reply, payload, done) => {
        if (state !== 'serving') reply.header('connection', 'close')
        if (isEventStream(reply, payload)) {
          streams.add(payload)
          payload.once('close', () => streams.delete(payload))
          if (state === 'refusing') endEventStream(payload)
        }
        done()
      })
      endIdleConnections(app)
    },
  }
}

/**
 * While it closes: Node ends the connections that are idle when that begins, but one whose request is answered later would be
 * kept alive, and the process with it.
 */
function endIdleConnections(app: FastifyInstance) {
  let sweep: NodeJS.Timeout | undefined
  app.addHook('preClose', (done) => {
    sweep = setInterval(() => app.server.closeIdleConnections(), 100)
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearInterval(sweep)
    done()
  })
}
