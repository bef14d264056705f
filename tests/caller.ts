// A caller of a running server, as any other client of the API.
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type ClientAnswer, type ClientRequest, createClient, type Send } from '#platform/contract/client.ts'
import { administrator } from './processes.ts'

const Tokens = z.object({ access_token: z.string(), refresh_token: z.string() })
export type Tokens = z.output<typeof Tokens>
export type Caller = {
  port: number
  tokens: Tokens
  /** The raw answer. @throws where there is none, or not within the limit */
  send: Send
  /** The same with a body as an object. */
  ask: (
    method: ClientRequest['method'],
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<ClientAnswer>
  /** By contract. @throws Problem */
  call: ReturnType<typeof createClient>
  /** The same person at another server. */
  at: (port: number) => Caller
}

const answer_limit_ms = 30_000

export async function send(port: number, { method, url, headers, body }: ClientRequest): Promise<ClientAnswer> {
  const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(answer_limit_ms),
  })
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
}

/** Signs in and returns a caller. @throws when that is refused */
export async function signIn(port: number, { email, password }: { email: string; password: string } = administrator) {
  const ask = () =>
    send(port, {
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })
  let answer = await ask()
  // A server that has only just started on a busy machine sheds load for a moment, as it must.
  for (let again = 0; answer.status === 503 && again < 20; again += 1) {
    await delay(500)
    answer = await ask()
  }
  if (answer.status !== 200) throw new Error(`signing in answers ${answer.status}: ${answer.text}`)
  return callerWith(port, Tokens.parse(JSON.parse(answer.text)))
}

export function callerWith(port: number, tokens: Tokens): Caller {
  const sendAs: Send = (request) =>
    send(port, { ...request, headers: { authorization: `Bearer ${tokens.access_token}`, ...request.headers } })
  return {
    port,
    tokens,
    send: sendAs,
    ask: (method, url, body, headers = {}) =>
      sendAs({
        method,
        url,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    call: createClient(sendAs),
    at: (other) => callerWith(other, tokens),
  }
}
