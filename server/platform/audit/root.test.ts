import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import {
  createRootSigner,
  formatRoot,
  formatTrustedKey,
  hashOfRoot,
  parseRoot,
  parseRoots,
  parseTrustedKeys,
  type SignedRoot,
  signRoot,
  verifyRoot,
} from './root.ts'

const signer = createRootSigner(generateKeyPairSync('ed25519').privateKey)
const stranger = createRootSigner(generateKeyPairSync('ed25519').privateKey)
const keys = parseTrustedKeys([formatTrustedKey(signer.public_key)])
const first = signRoot(
  { tree_size: 3, root_hash: Buffer.alloc(32, 1), sealed_at: '2026-12-01T14:00:00Z', previous_hash: null },
  signer,
)
const second = signRoot(
  {
    tree_size: 5,
    root_hash: Buffer.alloc(32, 2),
    sealed_at: '2026-12-01T14:00:01.25Z',
    previous_hash: hashOfRoot(first),
  },
  signer,
)

test('a root is true under the key that signed it and under no other', () => {
  assert.ok(verifyRoot(first, keys))
  assert.ok(!verifyRoot(first, new Map()))
  assert.ok(!verifyRoot(signRoot(first, stranger), keys))
  assert.ok(!verifyRoot({ ...signRoot(first, stranger), key_id: signer.key_id }, keys))
})

const alterations: Partial<SignedRoot>[] = [
  { tree_size: 6 },
  { root_hash: Buffer.alloc(32, 3) },
  { sealed_at: '2026-12-01T14:00:02Z' },
  { previous_hash: null },
  { previous_hash: Buffer.alloc(32) },
  { signature: Buffer.alloc(64) },
  { signature: Buffer.alloc(0) },
  { key_id: stranger.key_id },
]
for (const alteration of alterations) {
  test(`a root with another ${Object.keys(alteration).join()} is not true`, () => {
    assert.ok(!verifyRoot({ ...second, ...alteration }, keys))
    assert.notDeepEqual(hashOfRoot({ ...second, ...alteration }), hashOfRoot(second))
  })
}

test('the text of a root is a checkpoint in a signed note', () => {
  const [body, signature] = formatRoot(first).split('\n\n')
  assert.equal(
    body,
    `openward-audit\n3\n${Buffer.alloc(32, 1).toString('base64')}\nsealed_at 2026-12-01T14:00:00Z\nprevious none`,
  )
  assert.match(signature ?? '', /^\u2014 openward-audit [A-Za-z0-9+/]{91}=\n$/u)
})

test('a root survives its text', () => {
  for (const root of [first, second]) assert.deepEqual(parseRoot(formatRoot(root)), root)
})

test('many roots in one text are read in order, without one that was cut off while being written', () => {
  const text = formatRoot(first) + formatRoot(second)
  assert.deepEqual(parseRoots(text), [first, second])
  for (let length = formatRoot(first).length; length < text.length; length++) {
    assert.deepEqual(parseRoots(text.slice(0, length)), [first])
  }
  assert.deepEqual(parseRoots(text.slice(20)), [second])
})

test('a text that is not exactly a root is refused', () => {
  const text = formatRoot(second)
  const others = ['', text.trimEnd(), `${text}\n`, text.replace('\n5\n', '\n05\n'), text.replace('sealed_at', 'at')]
  for (const other of others) assert.throws(() => parseRoot(other), SyntaxError)
  // The same bytes in other text: bits of a last character that mean nothing.
  const meansTheSame = text.replace(/[A-Za-z0-9+/](?==\nsealed_at)/, (last) =>
    String.fromCharCode(last.charCodeAt(0) + 1),
  )
  assert.notEqual(meansTheSame, text)
  assert.throws(() => parseRoot(meansTheSame), SyntaxError)
})

test('a key survives its text, and a text that is not exactly a key is refused', () => {
  const text = formatTrustedKey(signer.public_key)
  assert.deepEqual([...parseTrustedKeys([text]).keys()], [signer.key_id])
  assert.match(text, new RegExp(`^openward-audit\\+${signer.key_id}\\+`))
  const others = ['', 'openward-audit', text.slice(0, -4), text.replace('openward', 'closedward')]
  for (const other of others) assert.throws(() => parseTrustedKeys([other]), SyntaxError)
})

test('only Ed25519 private keys sign', () => {
  assert.throws(() => createRootSigner(signer.public_key), TypeError)
  assert.throws(() => createRootSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), TypeError)
})
