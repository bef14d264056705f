// Runs the handler, serialises its result and records what a read showed; with an Idempotency-Key, in one transaction with
// the claim of the key and the stored answer. That answer is shown again, and recorded again, to who may still see it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Duplex, Readable } from 'node:stream'
import { type Operation, takesIdempotencyKey } from '#platform/contract/operation.ts'
import type { System } from '#platform/context.ts'
import { claimKey, claimOf, keepAnswer } from './idempotency.ts'
import { sendEventStream } from './event-stream.ts'
import { showAgain, toldBy } from './replay.ts'
import type { RequestContext } from './request-context.ts'
import { serializerOf } from './serializer.ts'

const keptHeaders = ['location', 'etag']

export async function answerOnce(...given: Parameters<typeof answerKeyed>): Promise<unknown> {
  const [, rc] = given
  try {
    const answered = await answerKeyed(...given)
    rc.settle(true)
    return answered
  } catch (error) {
    rc.settle(false)
    throw error
  }
}

async function answerKeyed(
  system: System,
  rc: RequestContext,
  operation_id: string,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
  run: () => Promise<unknown>,
) {
  const key = request.headers['idempotency-key']
  const { user_id } = request.actor
  if (typeof key !== 'string' || !user_id || !takesIdempotencyKey(operation)) {
    return answer(rc, operation, reply, await run())
  }
  const claim = claimOf(key, user_id, operation_id, request.url, request.body)
  const { known, answered } = await rc.ctx.database.transaction(async (tx) => {
    const known = await claimKey(tx, system.keys, claim)
    if (known) {
      await showAgain(tx, rc, operation, known)
      return { known }
    }
    rc.join(tx)
    const body = await answer(rc, operation, reply, await run())
    const headers = Object.fromEntries(
      keptHeaders.flatMap((name) => {
        const value = reply.getHeader(name)
        return typeof value === 'string' ? [[name, value]] : []
      }),
    )
    const kept = { status: reply.statusCode, headers, body: body ?? '', told: toldBy(rc, operation) }
    await keepAnswer(tx, system.keys, claim, kept, request.actor)
    return { answered: body }
  })
  if (!known) return answered
  // Nothing of it is told before that is on record.
  reply.code(known.status).headers(known.headers).header('idempotency-replayed', 'true')
  if (known.body === '') return undefined
  reply.type('application/json; charset=utf-8')
  return known.body
}

async function answer(
  rc: RequestContext,
  operation: Operation,
  reply: FastifyReply,
  result: unknown,
): Promise<string | undefined> {
  const { audit, method, versioned, returns, waits, sends = 'json' } = operation
  const isRead = audit !== 'none' && (method === 'GET' || audit.reads)
  if (isRead) {
    const entry = { action: audit.action, resource_type: audit.resource_type, ...rc.entry() }
    await rc.ctx.record(entry).catch((error: unknown) => {
      // Nobody will read it: whoever writes it is told.
      if (result instanceof Readable) result.destroy()
      throw error
    })
  }
  const [status, schema] = returns
  reply.code(waits?.(result as never) ? 202 : status)
  if (versioned && typeof result === 'object' && result !== null && 'version' in result)
    reply.header('etag', `"v${String(result.version)}"`)
  if (schema === null || result === undefined) return undefined
  if (sends === 'event_stream') return sendEventStream(reply, result as Duplex) as unknown as string
  if (sends !== 'json') return result as string
  if (operation.also_sends && typeof result === 'string') {
    reply.type('text/csv; charset=utf-8; header=present')
    return result
  }
  reply.type('application/json; charset=utf-8')
  return serializerOf(schema)(result)
}
