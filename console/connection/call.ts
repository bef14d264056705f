// Calls of operations, as their contracts describe them, by whoever is signed in.
import { createClient } from '#platform/contract/client.ts'
import { type Encoded, type Operation, type Returned, takesIdempotencyKey } from '#platform/contract/operation.ts'
import { Problem } from '#platform/contract/problem.ts'
import { send } from './send.ts'
import { withRenewal } from './session.ts'

const request = createClient(send)

/**
 * Calls an operation. What writes carries a key, so that a lost answer can be asked for again without doing it twice.
 * @throws Problem
 */
export async function call<const O extends Operation>(
  operation: O,
  input: Encoded<O>,
  { version }: { version?: number } = {},
): Promise<Returned<O>> {
  const isWrite = takesIdempotencyKey(operation)
  const headers = {
    ...(isWrite ? { 'idempotency-key': randomKey() } : {}),
    ...(version === undefined ? {} : { 'if-match': `"v${version}"` }),
  }
  const isRepeatable = isWrite || operation.method === 'GET'
  const ask = () => withRenewal(() => request(operation, input, headers))
  try {
    return await ask()
  } catch (error) {
    const isLost = error instanceof Problem && ['unreachable', 'outcome_unknown'].includes(error.kind.code)
    if (!isLost || !isRepeatable) throw error
    return ask()
  }
}

/** `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
