// What a client may leave lying: answers that it does not take, and requests that it sends without waiting for an answer.
import type { FastifyInstance } from 'fastify'
import type { Socket } from 'node:net'
import { Problem, tooManyRequests } from '#platform/contract/problem.ts'

/** Node asks after so long without a byte, and asks again where some of what waits has gone meanwhile. */
export const patienceMilliseconds = 30_000
/** More than any browser or proxy sends ahead, and less than fits into one packet. */
const mostAhead = 100
const detail = `A connection may have ${mostAhead} requests without an answer: read those that have come first`

export function installUnread(app: FastifyInstance) {
  const ahead = new WeakMap<Socket, number>()
  app.addHook('onRequest', (request, reply, done) => {
    // Who only waits, for a slow answer or for an event, is left alone: Node would end them too.
    reply.raw.on('timeout', (socket: Socket) => {
      if (socket.writableLength > 0) socket.destroy()
    })
    const { socket } = request.raw
    const count = (ahead.get(socket) ?? 0) + 1
    ahead.set(socket, count)
    reply.raw.once('close', () => ahead.set(socket, (ahead.get(socket) ?? 1) - 1))
    done(count > mostAhead ? new Problem(tooManyRequests, { detail, retry_after_seconds: 1 }) : undefined)
  })
}
