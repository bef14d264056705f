import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { inspect } from 'node:util'
import { IntegrityError, KeyUnavailable } from './failures.ts'
import {
  deriveSecret,
  deriveSecrets,
  generateMasterKey,
  kekIds,
  kekOf,
  parseMasterKeys,
  rewrapKey,
  unwrapKey,
  wrapKey,
} from './keyring.ts'

const oldText = generateMasterKey()
const newText = generateMasterKey()
const oldRing = parseMasterKeys(oldText)
const bothRing = parseMasterKeys(`${newText},${oldText}`)
const newRing = parseMasterKeys(newText)
const place = { purpose: 'data_key', id: '0197f0a0-0000-7000-8000-000000000001' }
const key = Buffer.from('0123456789abcdef0123456789abcdef')

test('several master keys are read newest first, with spaces and line ends around them', () => {
  assert.deepEqual(kekIds(parseMasterKeys(` ${newText} ,\n${oldText}\n`)), [...kekIds(newRing), ...kekIds(oldRing)])
})

test('what is not a list of master keys is refused with the remedy and without quoting it', () => {
  const cases: [text: string, says: RegExp][] = [
    ['', /master key 1 of 1 is empty/],
    [' \n', /master key 1 of 1 is empty/],
    [`${newText},`, /master key 2 of 2 is empty/],
    [`${newText},,${oldText}`, /master key 2 of 3 is empty/],
    ['hunter2-hunter2', /master key 1 of 1 is not the base64 text of 32 bytes/],
    [newText.slice(0, 40), /not the base64 text of 32 bytes/],
    [newText.slice(0, 43), /not the base64 text of 32 bytes/],
    [`${newText}${oldText}`, /not the base64 text of 32 bytes/],
    [`${newText};${oldText}`, /not the base64 text of 32 bytes/],
    [`${newText},${newText.slice(0, 20)} ${newText.slice(20)}`, /master key 2 of 2 is not/],
    [Buffer.from(newText, 'base64').toString('hex'), /not the base64 text of 32 bytes/],
    [Buffer.alloc(31, 7).toString('base64'), /not the base64 text of 32 bytes/],
    [Buffer.alloc(33, 7).toString('base64'), /not the base64 text of 32 bytes/],
    [Buffer.alloc(32).toString('base64'), /is a placeholder, not random/],
    [Buffer.from('changeme'.repeat(4)).toString('base64'), /is a placeholder, not random/],
  ]
  for (const [text, says] of cases) {
    assert.throws(
      () => parseMasterKeys(text),
      (error) => {
        assert.ok(error instanceof Error)
        assert.match(error.message, says)
        assert.match(error.message, /openssl rand -base64 32/)
        for (const part of text.split(/[,; ]/)) {
          if (part.length > 3) assert.ok(!error.message.includes(part), 'the message quotes the key')
        }
        return true
      },
      says.source,
    )
  }
  assert.throws(() => parseMasterKeys(`${newText},${oldText},${newText}`), /master key 3 of 3 is there twice: remove/)
})

test('the id of a master key is stable and is not a hash of the key itself', () => {
  const text = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
  assert.deepEqual(kekIds(parseMasterKeys(text)), ['35ae6b18c8b6a3dc'])
  const bytes = Buffer.from(text, 'base64')
  for (const hashed of [bytes, text]) {
    assert.notEqual(kekIds(parseMasterKeys(text))[0], createHash('sha256').update(hashed).digest('hex').slice(0, 16))
  }
})

test('a key-encryption key of another length is none', () => {
  for (const bytes of [0, 16, 31, 33, 64]) assert.throws(() => kekOf(Buffer.alloc(bytes, 7)), RangeError)
})

test('printing a keyring shows no key', () => {
  const printed = inspect(bothRing, { depth: null, showHidden: true }) + JSON.stringify(bothRing)
  for (const text of [oldText, newText]) {
    const bytes = Buffer.from(text, 'base64')
    for (const form of [text, bytes.toString('hex'), bytes.toString('hex').replaceAll(/(..)(?=.)/g, '$1 ')]) {
      assert.ok(!printed.includes(form.slice(0, 12)))
    }
  }
  assert.match(printed, /SecretKeyObject/)
})

test('a key wrapped under the old master key opens while both are there, and names the missing one afterwards', () => {
  const stored = wrapKey(oldRing, place, key)
  assert.equal(stored.kek_id, kekIds(oldRing)[0])
  assert.deepEqual(unwrapKey(oldRing, place, stored), key)
  assert.deepEqual(unwrapKey(bothRing, place, stored), key)
  assert.throws(
    () => unwrapKey(newRing, place, stored),
    (error) =>
      error instanceof KeyUnavailable && error.kek_id === stored.kek_id && error.message.includes(stored.kek_id),
  )
})

test('a key wrapped anew opens without the old master key, and is not wrapped a third time', () => {
  const stored = wrapKey(oldRing, place, key)
  const rewrapped = rewrapKey(bothRing, place, stored)
  assert.ok(rewrapped)
  assert.equal(rewrapped.kek_id, kekIds(newRing)[0])
  assert.deepEqual(unwrapKey(newRing, place, rewrapped), key)
  assert.throws(() => unwrapKey(oldRing, place, rewrapped), KeyUnavailable)
  assert.equal(rewrapKey(bothRing, place, rewrapped), undefined)
  assert.throws(() => rewrapKey(newRing, place, stored), KeyUnavailable)
})

test('a wrapped key that was altered, cut, moved or relabelled is refused with one and the same error', () => {
  const stored = wrapKey(oldRing, place, key)
  const { kek_id, wrapped } = stored
  const message = `integrity check failed: data_key, id ${place.id}`
  for (let at = 0; at < wrapped.length; at++) {
    const altered = Buffer.from(wrapped)
    altered.writeUInt8(altered.readUInt8(at) ^ 0x80, at)
    assert.throws(() => unwrapKey(oldRing, place, { kek_id, wrapped: altered }), { name: 'IntegrityError', message })
    const cut = { kek_id, wrapped: wrapped.subarray(0, at) }
    assert.throws(() => unwrapKey(oldRing, place, cut), { name: 'IntegrityError', message })
  }
  const relabelled = { kek_id: kekIds(newRing)[0], wrapped }
  assert.throws(() => unwrapKey(bothRing, place, relabelled), { name: 'IntegrityError', message })
  assert.throws(() => unwrapKey(oldRing, { ...place, id: 'another' }, stored), IntegrityError)
  assert.throws(() => unwrapKey(oldRing, { ...place, purpose: 'index_root' }, stored), IntegrityError)
})

test('a secret differs by purpose and by master key, and the newest master key gives it', () => {
  const secret = deriveSecret(bothRing, 'application_role')
  assert.equal(secret.length, 32)
  assert.deepEqual(secret, deriveSecret(newRing, 'application_role'))
  assert.notDeepEqual(secret, deriveSecret(oldRing, 'application_role'))
  assert.notDeepEqual(secret, deriveSecret(newRing, 'cookie'))
  assert.deepEqual(deriveSecrets(bothRing, 'cookie'), [
    deriveSecret(newRing, 'cookie'),
    deriveSecret(oldRing, 'cookie'),
  ])
})
