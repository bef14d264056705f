// A caller of OpenWard's API over HTTP, as any other client.
import { z } from 'zod'

export type Headers = Record<string, string>
export type Call = (
  method: 'GET' | 'POST',
  path: string,
  options?: { headers?: Headers; body?: unknown },
) => Promise<unknown>

/** @throws when the answer is not 2xx, with its problem document */
export function createCall(port: number): Call {
  return async (method, path, { headers = {}, body } = {}) => {
    const is_form = body instanceof FormData
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: body === undefined || is_form ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: is_form ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}: ${text.slice(0, 500)}`)
    return text ? JSON.parse(text) : undefined
  }
}

const Tokens = z.object({ access_token: z.string() })

export type Account = { email: string; password: string }

// An access token is good for 30 minutes; a million people take longer to import than that.
const renewed_after_ms = 10 * 60 * 1000

/** Gives the account's headers, signed in again when its token is getting old. */
export function createSignIn(call: Call, { email, password }: Account): () => Promise<Headers> {
  let headers: Headers = {}
  let signed_in_at = Number.NEGATIVE_INFINITY
  return async () => {
    if (performance.now() - signed_in_at < renewed_after_ms) return headers
    const answer = await call('POST', '/api/v1/auth/login', { body: { username: email, password } })
    headers = { authorization: `Bearer ${Tokens.parse(answer).access_token}` }
    signed_in_at = performance.now()
    return headers
  }
}
