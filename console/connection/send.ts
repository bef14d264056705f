// One request by `fetch`. The access token lives in this file's memory and nowhere else: a reload asks for another one.
import type { Send } from '#platform/contract/client.ts'
import { Problem } from '#platform/contract/problem.ts'
import { unreachable } from './problem-of.ts'

let access_token: string | undefined

export function setAccessToken(token: string | undefined): void {
  access_token = token
}

/** @throws Problem unreachable */
export const send: Send = async ({ method, url, headers, body }) => {
  const request = {
    method,
    headers: {
      accept: 'application/json, application/problem+json',
      // Asks for the refresh token in a cookie that no script reads; a form of another site cannot send this.
      'x-openward-console': '1',
      ...(access_token === undefined ? {} : { authorization: `Bearer ${access_token}` }),
      ...headers,
    },
    credentials: 'same-origin',
    cache: 'no-store',
    ...(body === undefined ? {} : { body }),
  } satisfies RequestInit
  try {
    const answer = await fetch(url, request)
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
  } catch (error) {
    throw new Problem(unreachable, {}, error)
  }
}
