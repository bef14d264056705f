// Server-sent events as an answer: headers, and an end that holds nobody up.
import type { FastifyReply } from 'fastify'
import { Duplex } from 'node:stream'

const mediaType = 'text/event-stream; charset=utf-8'
/** Who does not read does not take the end either. */
const endMilliseconds = 1000

/** What the handler writes goes out as it is written; to a HEAD nothing goes. */
export function sendEventStream(reply: FastifyReply, stream: Duplex): Duplex | string {
  reply.type(mediaType)
  // Proxies would collect it. A connection that was a stream for hours is not worth keeping.
  reply.headers({ 'x-accel-buffering': 'no', connection: 'close' })
  if (reply.request.method !== 'HEAD') return stream
  stream.destroy()
  return ''
}

export function isEventStream(reply: FastifyReply, payload: unknown): payload is Duplex {
  return payload instanceof Duplex && reply.getHeader('content-type') === mediaType
}

/** The client is told that this is all; one that does not read is cut off. */
export function endEventStream(stream: Duplex): void {
  if (stream.destroyed) return
  if (!stream.writableEnded) stream.end()
  const late = setTimeout(() => stream.destroy(), endMilliseconds)
  stream.once('close', () => clearTimeout(late))
}
