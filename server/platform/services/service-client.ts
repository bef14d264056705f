// Calls from one service to another, by the contracts of that other: each try has a time limit, reads are tried again, and who
// keeps failing is left alone for a while.
import { setTimeout as wait } from 'node:timers/promises'
import { type ClientAnswer, createClient, type Send } from '#platform/contract/client.ts'
import type { Encoded, Operation, Returned } from '#platform/contract/operation.ts'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import { type CircuitOptions, openCircuit } from './circuit.ts'
import { failureOf, type Tracing } from '#platform/tracing/tracing.ts'
import type { ServiceName } from './variables.ts'

export type ServiceClient = {
  name: ServiceName
  /** Calls an operation; its answer has been checked against the contract. @throws Problem unavailable, or the one that was answered */
  call: <const O extends Operation>(operation: O, input: Encoded<O>) => Promise<Returned<O>>
  /** The raw answer of an address that is no operation. @throws Problem unavailable */
  read: (path: string) => Promise<ClientAnswer>
}

export type ServiceClientOptions = {
  name: ServiceName
  url: string
  limit_ms?: number
  /** Further tries of a read, after the first. */
  retries?: number
  retry_pause_ms?: number
  circuit?: CircuitOptions
  tracing?: Tracing | undefined
}

export function openServiceClient({
  name,
  url,
  limit_ms = 2000,
  retries = 2,
  retry_pause_ms = 100,
  circuit: circuitOptions,
  tracing,
}: ServiceClientOptions): ServiceClient {
  const circuit = openCircuit(circuitOptions)
  const away = (cause?: unknown) =>
    new Problem(unavailable, { detail: `The service ${name} does not answer`, retry_after_seconds: 5 }, cause)

  const attempt: Send = async ({ method, url: path, headers, body }) => {
    if (!circuit.mayCall()) throw away()
    // Whether a service lives is asked every few seconds, which is no work that anybody waits for.
    const span = path.startsWith('/health/')
      ? undefined
      : tracing?.begin(`${method} service ${name}`, 'client', { attributes: { 'openward.service': name } })
    try {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: span ? { ...headers, traceparent: span.traceparent } : headers,
        ...(body === undefined ? {} : { body }),
        redirect: 'error',
        signal: AbortSignal.timeout(limit_ms),
      })
      const text = await answer.text()
      if (answer.status >= 500) throw new Error(`${name} answered ${answer.status}`)
      circuit.succeeded()
      span?.end({ attributes: { 'http.response.status_code': answer.status } })
      return { status: answer.status, headers: Object.fromEntries(answer.headers), text }
    } catch (error) {
      circuit.failed()
      span?.end({ failure: failureOf(error) })
      throw away(error)
    }
  }

  const send: Send = async (request) => {
    // Who has written something may have been heard although no answer came.
    const most = request.method === 'GET' ? retries : 0
    for (let tried = 0; ; tried += 1) {
      try {
        return await attempt(request)
      } catch (error) {
        if (tried >= most) throw error
        await wait(retry_pause_ms * 2 ** tried * (0.5 + Math.random()))
      }
    }
  }

  const call = createClient(send)
  return {
    name,
    async call(operation, input) {
      const answer = await call(operation, input)
      const [, schema] = operation.returns
      const checked = schema?.safeParse(answer)
      if (checked?.success === false) throw away(checked.error)
      return answer
    },
    read: (path) => send({ method: 'GET', url: path, headers: {} }),
  }
}
