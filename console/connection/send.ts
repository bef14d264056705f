// One request by `fetch`. The access token lives in this file's memory and nowhere else: a reload asks for another one.
import type { ClientRequest, Send } from '#platform/contract/client.ts'
import { Problem } from '#platform/contract/problem.ts'
import { isAttended } from './attendance.ts'
import { unreachable } from './problem-of.ts'

let access_token: string | undefined

export function setAccessToken(token: string | undefined): void {
  access_token = token
}

/** @throws Problem unreachable */
export const send: Send = async (request) => {
  const answer = await ask(request)
  try {
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
  } catch (error) {
    throw new Problem(unreachable, {}, error)
  }
}

/** The answer as it begins: its body is still to be read. @throws Problem unreachable */
export async function ask(
  { method, url, headers, body }: Omit<ClientRequest, 'body'> & { body?: BodyInit },
  signal?: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: {
        accept: 'application/json, application/problem+json',
        // Asks for the refresh token in a cookie that no script reads; a form of another site cannot send this.
        'x-openward-console': '1',
        ...(isAttended() ? {} : { 'x-openward-unattended': '1' }),
        ...(access_token === undefined ? {} : { authorization: `Bearer ${access_token}` }),
        ...headers,
      },
      credentials: 'same-origin',
      cache: 'no-store',
      // What is given back as a page is left still reaches the server.
      keepalive: method === 'DELETE',
      ...(body === undefined ? {} : { body }),
      ...(signal && { signal }),
    })
  } catch (error) {
    throw new Problem(unreachable, {}, error)
  }
}
