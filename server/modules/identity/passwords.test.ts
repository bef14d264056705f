import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hashSync } from '@node-rs/argon2'
import fc from 'fast-check'
import { overloaded, Problem } from '#platform/contract/problem.ts'
import { refusedWith } from '../../testing.ts'
import { createPasswordHasher } from './passwords.ts'

const hasher = createPasswordHasher()
const phrase = 'lamps above the quiet river'

describe('a stored password', () => {
  it('is an argon2id PHC string with 19 MiB, two passes and one lane', async () => {
    const hashed = await hasher.hashPassword(phrase)
    assert.match(hashed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    assert.notEqual(hashed, await hasher.hashPassword(phrase), 'two hashes of one password have different salts')
  })

  const different: [string, string, string][] = [
    ['in its last character', phrase, `${phrase.slice(0, -1)}s`],
    ['in case', phrase, phrase.toUpperCase()],
    ['in a space at the end', phrase, `${phrase} `],
    ['after a NUL', `${phrase}\0a`, `${phrase}\0b`],
    ['in its 128th character', `${'é長🔑x'.repeat(32)}`, `${'é長🔑x'.repeat(31)}é長🔑y`],
    ['by compatibility only', `${phrase} ²`, `${phrase} 2`],
  ]
  for (const [how, password, other] of different) {
    it(`is not verified by one that differs ${how}`, async () => {
      const hashed = await hasher.hashPassword(password)
      assert.equal(await hasher.verifyPassword(hashed, password), true)
      assert.equal(await hasher.verifyPassword(hashed, other), false)
    })
  }

  it('is verified however its accents were composed', async () => {
    const hashed = await hasher.hashPassword('un café près de la forêt')
    assert.equal(await hasher.verifyPassword(hashed, 'un café près de la forêt'.normalize('NFD')), true)
  })

  it('is verified by itself, whatever its characters', async () => {
    const passwords = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(passwords, async (password) => {
        const hashed = await hasher.hashPassword(password)
        assert.equal(await hasher.verifyPassword(hashed, password), true)
        assert.equal(await hasher.verifyPassword(hashed, `${password}x`), false)
      }),
      { numRuns: 10 },
    )
  })
})

describe('nobody', () => {
  for (const nobody of [undefined, null]) {
    it(`is not signed in by any password where the hash is ${String(nobody)}`, async () => {
      assert.equal(await hasher.verifyPassword(nobody, phrase), false)
      assert.equal(await hasher.verifyPassword(nobody, ''), false)
    })
  }

  it('has a place in the same queue, so that an unknown user costs a turn as well', async () => {
    const narrow = createPasswordHasher({ concurrency: 1, queue_limit: 0 })
    const first = narrow.verifyPassword(undefined, phrase)
    await assert.rejects(narrow.verifyPassword(undefined, phrase), refusedWith(overloaded))
    assert.equal(await first, false)
  })

  it('is verified for a password longer than any account can have', async () => {
    const long = 'x'.repeat(129)
    const hashed = await hasher.hashPassword(long)
    assert.equal(await hasher.verifyPassword(hashed, long), false)
  })
})

describe('needsRehash', () => {
  const madeWith = (options: Parameters<typeof hashSync>[1]) => hashSync(phrase, options)
  const today = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
  const table: [string, string, boolean][] = [
    ['today’s parameters', madeWith(today), false],
    ['more memory', madeWith({ ...today, memoryCost: 20_000 }), false],
    ['less memory', madeWith({ ...today, memoryCost: 19_455 }), true],
    ['one pass', madeWith({ ...today, timeCost: 1 }), true],
    ['two lanes', madeWith({ ...today, parallelism: 2 }), true],
    ['another kind of argon2', madeWith(today).replace('argon2id', 'argon2i'), true],
    ['an older version of argon2', madeWith(today).replace('v=19', 'v=16'), true],
    ['bcrypt', '$2b$12$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234', true],
  ]
  for (const [what, hashed, expected] of table) {
    it(`is ${expected} for ${what}`, () => assert.equal(hasher.needsRehash(hashed), expected))
  }

  it('is true for every older hash once the policy is raised', async () => {
    const raised = createPasswordHasher({ memory_kib: 19_457 })
    const old = await hasher.hashPassword(phrase)
    assert.equal(raised.needsRehash(old), true)
    assert.equal(await raised.verifyPassword(old, phrase), true)
    assert.equal(raised.needsRehash(await raised.hashPassword(phrase)), false)
  })
})

describe('the queue', () => {
  it('turns away what comes above its limit at once and serves the others', async () => {
    const narrow = createPasswordHasher({ concurrency: 1, queue_limit: 3 })
    const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => narrow.hashPassword(phrase)))
    const refused = attempts.filter((attempt) => attempt.status === 'rejected').map(({ reason }) => reason as unknown)
    assert.equal(attempts.length - refused.length, 4)
    for (const reason of refused) {
      assert.ok(refusedWith(overloaded)(reason))
      assert.ok(reason instanceof Problem && Number(reason.members.retry_after_seconds) >= 1)
    }
  })

  it('has room again after it was full and after a hash failed', async () => {
    const narrow = createPasswordHasher({ concurrency: 1, queue_limit: 0 })
    await assert.rejects(narrow.verifyPassword('not a hash', phrase))
    assert.equal(await narrow.verifyPassword(await narrow.hashPassword(phrase), phrase), true)
  })

  it('refuses to be created with less than OWASP’s least', () => {
    assert.throws(() => createPasswordHasher({ memory_kib: 19_455 }), RangeError)
    assert.throws(() => createPasswordHasher({ passes: 1 }), RangeError)
  })
})
