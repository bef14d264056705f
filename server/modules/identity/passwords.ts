// Hashes and verifies passwords with argon2id, never more at once than the machine can take beside its other work.
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { overloaded, Problem } from '#platform/contract/problem.ts'
import { hash, hashSync, parseOptions, verify } from '@node-rs/argon2'

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB and two passes, one lane. */
const least = { memory_kib: 19_456, passes: 2 } as const

/** How long one hash takes at most on a slow machine, in seconds; measured 12 to 65 ms. */
const hash_seconds = 0.065

/** A login waits about four seconds at most before the next one is turned away. */
const waitingPerTurn = 64

/** Longest password in code points, NIST SP 800-63B-4 asks for 64 at least. */
export const longestPassword = 128

/** In code points: as the only factor, and beside a second one. */
export const shortestPassword = { alone: 15, with_mfa: 8 } as const

export type HashingPolicy = {
  /** Memory of one hash in KiB. */
  memory_kib?: number
  passes?: number
  /** How many hashes run at once; all cores but one, since other requests need that one. */
  concurrency?: number
  /** How many wait for a turn before the next is turned away. */
  queue_limit?: number
}

export type PasswordHasher = {
  /**
   * For whoever has other work to do first: hundreds who are turned away after it would hold everybody else up with it.
   * @throws Problem overloaded when too many already wait
   */
  requireRoom(): void
  /** @throws Problem overloaded when too many already wait */
  hashPassword(password: string): Promise<string>
  /**
   * Whether the password belongs to the hash. Without a hash (unknown user, account without a password) the same work
   * is done on a hash that nothing matches.
   * @throws Problem overloaded when too many already wait
   */
  verifyPassword(hashed: string | null | undefined, password: string): Promise<boolean>
  /** Whether the hash was made with less than today's policy: hash again at the next successful login. */
  needsRehash(hashed: string): boolean
}

/**
 * The text whose bytes are hashed: Unicode NFC, as RFC 8265 (OpaqueString) has it, so that `é` typed on two systems is one
 * password. NFKC is not used: it would make different passwords equal (`²` and `2`), as case folding would.
 */
export function canonicalPassword(password: string): string {
  return password.normalize('NFC')
}

/** Whether it was chosen beside a second factor and cannot stand without one. */
export function isTooShortAlone(password: string): boolean {
  return Array.from(canonicalPassword(password)).length < shortestPassword.alone
}

/** @throws RangeError when the policy is weaker than OWASP's least */
export function createPasswordHasher(policy: HashingPolicy = {}): PasswordHasher {
  const memoryCost = policy.memory_kib ?? least.memory_kib
  const timeCost = policy.passes ?? least.passes
  if (memoryCost < least.memory_kib || timeCost < least.passes) {
    throw new RangeError(`argon2id needs ${least.memory_kib} KiB and ${least.passes} passes at least`)
  }
  const parameters = { memoryCost, timeCost, parallelism: 1 }
  const concurrency = policy.concurrency ?? Math.max(1, availableParallelism() - 1)
  const { requireRoom, takeTurn } = createTurns(concurrency, policy.queue_limit ?? waitingPerTurn * concurrency)
  // Made before the first login: made on demand, the first unknown user would take twice as long.
  const hashOfNobody = hashSync(randomBytes(32), parameters)

  return {
    requireRoom,

    hashPassword: (password) => takeTurn(() => hash(canonicalPassword(password), parameters)),

    verifyPassword(hashed, password) {
      const canonical = canonicalPassword(password)
      const canMatch = typeof hashed === 'string' && Array.from(canonical).length <= longestPassword
      return takeTurn(async () => (await verify(canMatch ? hashed : hashOfNobody, canonical)) && canMatch)
    },

    needsRehash(hashed) {
      if (!hashed.startsWith('$argon2id$v=19$')) return true
      const made = parseOptions(hashed)
      return made.memoryCost < memoryCost || made.timeCost < timeCost || made.parallelism !== 1
    },
  }
}

/** Lets `concurrency` tasks run and `queueLimit` wait, first come first served. */
function createTurns(concurrency: number, queueLimit: number) {
  const waiting: (() => void)[] = []
  let running = 0

  function requireRoom() {
    if (running < concurrency || waiting.length < queueLimit) return
    const retry_after_seconds = Math.ceil(((queueLimit + 1) / concurrency) * hash_seconds)
    throw new Problem(overloaded, { retry_after_seconds })
  }

  async function takeTurn<T>(task: () => Promise<T>): Promise<T> {
    requireRoom()
    if (running >= concurrency) {
      // Whoever ends hands its place over, so `running` does not change in between.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }

  return { requireRoom, takeTurn }
}
