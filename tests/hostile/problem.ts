// What every refusal looks like, whoever refuses.
import assert from 'node:assert/strict'

type Answer = { statusCode: number; headers: Record<string, unknown>; body: string }
type Body = {
  type: string
  title: string
  status: number
  code: string
  correlation_id: string
  errors?: { path: string; code: string; message: string }[]
}

/** Things of the inside that no caller may see. */
const inside =
  /\bat (async )?[\w.<>]+ \(\S+:\d+:\d+\)|\bat \S+\/\S+:\d+:\d+|node_modules|\/server\/|\.ts\b|select |insert into|violates|syntax error|pg_|fastify|zod|node:/i

/** The answer is a problem document (RFC 9457) with one of these statuses, and tells nothing of the inside. */
export function assertProblem({ statusCode, headers, body }: Answer, ...statuses: number[]): Body {
  assert.ok(statuses.includes(statusCode), `${statusCode} instead of ${statuses.join(' or ')}: ${body.slice(0, 300)}`)
  assert.match(String(headers['content-type']), /^application\/problem\+json/)
  const problem = JSON.parse(body) as Body
  assert.equal(problem.status, statusCode)
  assert.match(problem.type, /^\/problems\/[a-z_]+$/)
  assert.ok(problem.title && problem.code && problem.correlation_id, body)
  // The path of a wrong member is the caller's own word.
  assert.doesNotMatch(JSON.stringify({ ...problem, errors: problem.errors?.map(({ message }) => message) }), inside)
  for (const { path, code, message } of problem.errors ?? []) {
    assert.match(path, /^\/(params|query|body|headers)/, `the member is not located: ${path}`)
    assert.ok(code && message)
  }
  return problem
}
