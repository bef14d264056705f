// A typed caller of operations: the console sends with `fetch`, tests with the injected application, the command line too.
import type { Encoded, Operation, Returned } from './operation.ts'
import { Problem } from './problem.ts'

export type ClientRequest = { method: Operation['method']; url: string; headers: Record<string, string>; body?: string }
export type ClientAnswer = { status: number; headers: Record<string, string | undefined>; text: string }
export type Send = (request: ClientRequest) => Promise<ClientAnswer>

/**
 * Calls an operation and returns its answer.
 * @throws Problem with the code and members that the server sent
 */
export function createClient(send: Send) {
  return async function call<const O extends Operation>(
    operation: O,
    input: Encoded<O>,
    headers: Record<string, string> = {},
  ): Promise<Returned<O>> {
    const {
      params = {},
      query = {},
      body,
    } = input as {
      params?: Record<string, string>
      query?: Record<string, string | undefined>
      body?: unknown
    }
    const path = Object.entries(params).reduce<string>(
      (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
      operation.path,
    )
    const present = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
    const search = new URLSearchParams(present).toString()
    const type = operation.accepts === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
    const encoded =
      operation.accepts === 'form'
        ? new URLSearchParams(body as Record<string, string>).toString()
        : JSON.stringify(body)
    const answer = await send({
      method: operation.method,
      url: search ? `${path}?${search}` : path,
      headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body: encoded }),
    })
    if (answer.status === operation.returns[0] || (operation.waits && answer.status === 202)) {
      const isText = operation.sends !== undefined && operation.sends !== 'json'
      return (answer.text === '' ? undefined : isText ? answer.text : JSON.parse(answer.text)) as Returned<O>
    }
    const {
      code = 'unknown',
      title = '',
      ...members
    } = JSON.parse(answer.text || '{}') as { code?: string; title?: string }
    throw new Problem({ code, title, status: answer.status }, members)
  }
}
