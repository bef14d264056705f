import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { createTokenizer, tokenKinds, type TokenKind } from './tokens.ts'

const oldRoot = { version: 1, root: randomBytes(32) }
const newRoot = { version: 2, root: randomBytes(32) }
const kinds = Object.keys(tokenKinds) as TokenKind[]

function hexTokens(tokens: { token: Buffer }[]): string[] {
  return tokens.map(({ token }) => token.toString('hex'))
}

test('tokens are made for unique and hard to guess values only, as wide as each needs', () => {
  assert.deepEqual(tokenKinds, {
    ssn: { bytes: 16 },
    national_id: { bytes: 16 },
    policy_number: { bytes: 16 },
    email: { bytes: 16 },
    username: { bytes: 16 },
    phone: { bytes: 8 },
    name_birth_date: { bytes: 8 },
  })
  const tokenizer = createTokenizer([newRoot], 'patients')
  for (const kind of kinds) {
    assert.equal(tokenizer.tokens(kind, 'value')[0]?.token.length, tokenKinds[kind].bytes, kind)
  }
})

test('a kind outside the list has no token', () => {
  const tokenizer = createTokenizer([newRoot], 'patients')
  for (const kind of ['surname', 'birth_date', 'sex', '__proto__', 'constructor', 'toString']) {
    assert.throws(() => tokenizer.tokens(kind as TokenKind, 'value'), TypeError, kind)
  }
})

test('one value gives different tokens in every kind, table and root version', () => {
  const tokens = ['patients', 'users'].flatMap((table) => {
    const tokenizer = createTokenizer([newRoot, oldRoot], table)
    return kinds.flatMap((kind) => tokenizer.tokens(kind, 'ana@example.org'))
  })
  const prefixes = hexTokens(tokens).map((token) => token.slice(0, 16))
  assert.equal(prefixes.length, 2 * 2 * kinds.length)
  assert.equal(new Set(prefixes).size, prefixes.length)
})

test('equal values give equal tokens and different values different ones', () => {
  const [first, second] = [createTokenizer([newRoot], 'patients'), createTokenizer([newRoot], 'patients')]
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 }), (a, b) => {
      assert.deepEqual(first.tokens('ssn', a), second.tokens('ssn', a))
      assert.equal(hexTokens(first.tokens('ssn', a))[0] === hexTokens(first.tokens('ssn', b))[0], a === b)
    }),
  )
})

test('a search finds what was written before, while and after a root is replaced', () => {
  const before = createTokenizer([oldRoot], 'patients')
  const during = createTokenizer([newRoot, oldRoot], 'patients')
  const after = createTokenizer([newRoot], 'patients')
  assert.deepEqual(
    during.tokens('phone', '+12025550123').map(({ key_version }) => key_version),
    [2, 1],
  )
  assert.deepEqual(during.tokens('phone', '+12025550123'), [
    ...after.tokens('phone', '+12025550123'),
    ...before.tokens('phone', '+12025550123'),
  ])
})

test('an empty value has no token', () => {
  assert.throws(() => createTokenizer([newRoot], 'patients').tokens('email', ''), TypeError)
})

test('a tokenizer is refused without roots, out of order, with a version twice or with a short root', () => {
  assert.throws(() => createTokenizer([], 'patients'), /no index root/)
  assert.throws(() => createTokenizer([oldRoot, newRoot], 'patients'), /newest first/)
  assert.throws(() => createTokenizer([newRoot, newRoot], 'patients'), /newest first/)
  assert.throws(() => createTokenizer([{ version: 3, root: randomBytes(31) }], 'patients'), /root 3 must have 32 bytes/)
})
