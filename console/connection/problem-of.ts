// What went wrong, as a Problem: what the server refuses is one already, and so is a server that cannot be reached.
import { defineProblem, Problem } from '#platform/contract/problem.ts'

export const unreachable = defineProblem(
  'unreachable',
  0,
  'The server cannot be reached: check the network. Nothing that you typed is lost',
)
/** An answer that no server of ours gives: a proxy's, most likely. */
export const unreadable = defineProblem('unreadable', 0, 'The answer could not be read: try again in a moment')

export function problemOf(error: unknown): Problem {
  if (!(error instanceof Problem)) return new Problem(unreadable, {}, error)
  // Without a code it came from a proxy, which has no sentence for people either.
  return error.kind.code === 'unknown' ? new Problem({ ...unreadable, status: error.kind.status }, {}, error) : error
}

/**
 * The messages for the members of a form, by name: `/body/phone_primary` is `phone_primary`, `/body/address/city` is `address.city`.
 * In the words for their code where there are any, else in those of the server.
 */
export function messagesByMember(
  problem: Problem | undefined,
  words: Readonly<Record<string, string>>,
): Record<string, string> {
  const located = (problem?.members.errors ?? []).filter(({ path }) => path.startsWith('/body/'))
  return Object.fromEntries(
    located.map(({ path, code, message }) => [
      path.slice('/body/'.length).replaceAll('/', '.'),
      words[code] ?? message,
    ]),
  )
}
