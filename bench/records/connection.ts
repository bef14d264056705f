// Talking to a server: what is lost on the way or refused for a moment is sent again, with the same Idempotency-Key.
import { setTimeout as delay } from 'node:timers/promises'
import { type ClientAnswer, createClient, type Send } from '#platform/contract/client.ts'
import { Problem, type ProblemKind } from '#platform/contract/problem.ts'
import { loginApi } from '../../server/modules/identity/login.contract.ts'

export type Account = { email: string; password: string }
export type Call = ReturnType<typeof createClient>

const answer_limit_ms = 60_000
const most_attempts = 20
/** An access token is good for 30 minutes. */
const renewed_after_ms = 10 * 60_000

/** @throws where the server does not answer, again and again */
export function sendTo(server: string): Send {
  return async ({ method, url, headers, body }) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(new URL(url, server), {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(answer_limit_ms),
      }).catch((error: unknown) => {
        if (attempt >= most_attempts) throw error
        return undefined
      })
      const is_passing = !answer || answer.status === 429 || answer.status === 503
      if (!is_passing || (answer && attempt >= most_attempts)) return readAnswer(answer)
      await answer?.body?.cancel()
      await delay(1000 * Number(answer?.headers.get('retry-after') ?? 1))
    }
  }
}

async function readAnswer(answer: Response): Promise<ClientAnswer> {
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
}

/** The same as this account, signed in again when its token is getting old. */
export function sendAs(send: Send, { email, password }: Account): Send {
  const call = createClient(send)
  let token: Promise<string> | undefined
  let signed_in_at = 0
  return async (request) => {
    if (!token || performance.now() - signed_in_at > renewed_after_ms) {
      signed_in_at = performance.now()
      token = call(loginApi.login, { body: { email, password } }).then(({ access_token }) => access_token)
    }
    return send({ ...request, headers: { authorization: `Bearer ${await token}`, ...request.headers } })
  }
}

/** Whether it is a refusal of this kind. */
export const isProblem = (error: unknown, { code }: ProblemKind): error is Problem =>
  error instanceof Problem && error.kind.code === code

/** Undefined where it is refused like this: what is there already is taken as it is. */
export function unless<T>(kind: ProblemKind, make: Promise<T>): Promise<T | undefined> {
  return make.catch((error: unknown) => {
    if (isProblem(error, kind)) return undefined
    throw error
  })
}
