// Load on one HTTP server: a list of prepared requests, sent over a number of connections that each wait for the answer
// before they send the next. The same driver, connections and duration are used for both sides of a comparison.
import { z } from 'zod'

export type LoadRequest = { method: 'GET' | 'POST' | 'PUT'; path: string; body?: unknown }

export type LoadPlan = {
  port: number
  headers: Record<string, string>
  requests: readonly LoadRequest[]
  /** Whether the list may be sent again from its start; a list of writes may not, and running out of it is an error. */
  repeats: boolean
  connections: number
  seconds: number
}

/** `errors`: answers that were not 2xx, and requests that had no answer. */
export const LoadResult = z.object({
  requests: z.number(),
  requests_per_second: z.number(),
  p50_ms: z.number(),
  p95_ms: z.number(),
  errors: z.number(),
})
export type LoadResult = z.output<typeof LoadResult>

export type LoadDriver = { name: string; run: (plan: LoadPlan) => Promise<LoadResult> }

/** The bytes of one HTTP/1.1 request. */
export function encodeRequest(plan: LoadPlan, request: LoadRequest): Buffer {
  const body = request.body === undefined ? '' : JSON.stringify(request.body)
  const lines = [`${request.method} ${request.path} HTTP/1.1`, `host: 127.0.0.1:${plan.port}`]
  for (const [name, value] of Object.entries(plan.headers)) lines.push(`${name}: ${value}`)
  if (body) lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** @throws when nothing was answered, or when a list of writes was too short for the load, because then some were sent twice */
export function requireValid(plan: LoadPlan, result: LoadResult): LoadResult {
  if (result.requests === 0) throw new Error('nothing was answered in the whole measurement')
  if (!plan.repeats && result.requests > plan.requests.length)
    throw new Error(`the load used up its ${plan.requests.length} prepared writes; prepare more`)
  return result
}
