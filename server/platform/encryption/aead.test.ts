import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { associatedData, decrypt, encrypt, formatVersion, unsafeEncryptWithNonce } from './aead.ts'

const vectorsFile = new URL('../../../../shared/material/security/wycheproof-aes_gcm.json.gz', import.meta.url)
const skip = existsSync(vectorsFile) ? false : 'the Wycheproof vectors are not beside this checkout'

type Vector = { tcId: number; result: 'valid' | 'invalid' | 'acceptable' } & Record<
  'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag',
  string
>
type VectorFile = { testGroups: { keySize: number; ivSize: number; tagSize: number; tests: Vector[] }[] }

function readVectors() {
  const { testGroups } = JSON.parse(gunzipSync(readFileSync(vectorsFile)).toString()) as VectorFile
  return testGroups.flatMap(({ keySize, ivSize, tagSize, tests }) =>
    tests.map(({ tcId, result, iv, ...vector }) => ({
      id: tcId,
      isValid: result === 'valid',
      isOurs: keySize === 256 && ivSize === 96 && tagSize === 128,
      key: Buffer.from(vector.key, 'hex'),
      nonce: Buffer.from(iv, 'hex'),
      associated: Buffer.from(vector.aad, 'hex'),
      plain: Buffer.from(vector.msg, 'hex'),
      envelope: Buffer.concat([Buffer.of(formatVersion), Buffer.from(iv + vector.ct + vector.tag, 'hex')]),
    })),
  )
}

test('every Wycheproof vector for a 256-bit key and a 96-bit nonce gives the published answer', { skip }, (t) => {
  const vectors = readVectors().filter(({ isOurs }) => isOurs)
  for (const { id, isValid, key, nonce, associated, plain, envelope } of vectors) {
    const opened = decrypt(key, associated, envelope)
    const sealed = unsafeEncryptWithNonce(key, nonce, associated, plain)
    assert.deepEqual(opened, isValid ? plain : undefined, `vector ${id}`)
    assert.equal(sealed.equals(envelope), isValid, `vector ${id}`)
  }
  const validCount = vectors.filter(({ isValid }) => isValid).length
  t.diagnostic(`${validCount} valid and ${vectors.length - validCount} invalid vectors`)
  assert.ok(validCount > 30 && vectors.length - validCount > 20)
})

test('keys and nonces of any other size are refused, as in the remaining Wycheproof vectors', { skip }, (t) => {
  const vectors = readVectors().filter(({ isOurs }) => !isOurs)
  for (const { id, key, nonce, associated, plain } of vectors) {
    assert.throws(() => unsafeEncryptWithNonce(key, nonce, associated, plain), RangeError, `vector ${id}`)
  }
  t.diagnostic(`${vectors.length} vectors`)
  assert.ok(vectors.length > 200)
})

test('two lists of parts never give the same associated data', () => {
  const lists = [
    [],
    [''],
    ['', ''],
    ['ab'],
    ['a', 'b'],
    ['', 'ab'],
    ['ab', ''],
    ['a\0\x01b'],
    ['a', 'b', ''],
    ['é'],
    ['e', '́'],
  ]
  assert.equal(new Set(lists.map((parts) => associatedData(...parts).toString('hex'))).size, lists.length)
})

test('a part too long for its length prefix is refused', () => {
  assert.equal(associatedData('x'.repeat(65_535)).length, 65_538)
  assert.throws(() => associatedData('x'.repeat(65_536)), RangeError)
})

test('an empty plaintext is authenticated too', () => {
  const key = Buffer.alloc(32, 7)
  const envelope = encrypt(key, associatedData('a'), Buffer.alloc(0))
  assert.deepEqual(decrypt(key, associatedData('a'), envelope), Buffer.alloc(0))
  assert.equal(decrypt(key, associatedData('b'), envelope), undefined)
})
