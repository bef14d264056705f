import assert from 'node:assert/strict'
import test from 'node:test'
import { newDataKey, openDataKey, rewrapDataKey } from './data-key.ts'
import { IntegrityError, KeyUnavailable } from './failures.ts'
import { newIndexRoot, openIndexRoot, rewrapIndexRoot } from './index-root.ts'
import { generateMasterKey, parseMasterKeys, wrapKey } from './keyring.ts'
import { open, seal } from './sealing.ts'

const oldText = generateMasterKey()
const newText = generateMasterKey()
const oldRing = parseMasterKeys(oldText)
const bothRing = parseMasterKeys(`${newText},${oldText}`)
const newRing = parseMasterKeys(newText)
const place = { table: 'patients', column: 'sealed_card', row_id: '1' }

test('a stored data key opens what was sealed with it, before, during and after the master key is rotated', () => {
  const { key, ...stored } = newDataKey(oldRing)
  const sealed = seal({ id: stored.id, key }, place, 'Ana')
  const rewrapped = rewrapDataKey(bothRing, stored)
  assert.ok(rewrapped)
  const rotated = { id: stored.id, ...rewrapped }
  for (const dataKey of [
    openDataKey(oldRing, stored),
    openDataKey(bothRing, stored),
    openDataKey(bothRing, rotated),
    openDataKey(newRing, rotated),
  ]) {
    assert.equal(open(dataKey, place, sealed), 'Ana')
  }
  assert.throws(() => openDataKey(newRing, stored), KeyUnavailable)
  assert.equal(rewrapDataKey(newRing, rotated), undefined)
})

test('a data key has a fresh version 7 UUID and fresh bytes, and does not show in what is stored', () => {
  const keys = Array.from({ length: 50 }, () => newDataKey(newRing))
  for (const { id, key, wrapped } of keys) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(key.length, 32)
    assert.equal(wrapped.includes(key), false)
  }
  assert.equal(new Set(keys.map(({ id }) => id)).size, 50)
  assert.equal(new Set(keys.map(({ key }) => key.toString('hex'))).size, 50)
})

test('wrapped keys swapped between two rows, or of the wrong size, are refused', () => {
  const [one, two] = [newDataKey(newRing), newDataKey(newRing)]
  assert.throws(() => openDataKey(newRing, { ...one, wrapped: two.wrapped }), IntegrityError)
  const short = wrapKey(newRing, { purpose: 'data_key', id: one.id }, Buffer.alloc(16, 1))
  assert.throws(() => openDataKey(newRing, { id: one.id, ...short }), IntegrityError)
  const root = wrapKey(newRing, { purpose: 'index_root', id: '1' }, Buffer.alloc(16, 1))
  assert.throws(() => openIndexRoot(newRing, { version: 1, ...root }), IntegrityError)
})

test('a key that was opened a moment ago opens for its own row and master key only', () => {
  const { key: _, ...stored } = newDataKey(oldRing)
  const again = [
    openDataKey(oldRing, stored),
    openDataKey(oldRing, { ...stored, wrapped: Buffer.from(stored.wrapped) }),
  ]
  assert.deepEqual(again[1], again[0])
  const altered = Buffer.from(stored.wrapped)
  altered.writeUInt8(altered.readUInt8(20) ^ 1, 20)
  assert.throws(() => openDataKey(oldRing, { ...stored, wrapped: altered }), IntegrityError)
  assert.throws(() => openDataKey(oldRing, { ...stored, id: newDataKey(oldRing).id }), IntegrityError)
  assert.throws(() => openDataKey(oldRing, { ...stored, kek_id: 'another' }), KeyUnavailable)
  assert.throws(() => openDataKey(newRing, stored), KeyUnavailable)
})

test('an index root survives the rotation of the master key unchanged, and opens as its own version only', () => {
  const { root, ...stored } = newIndexRoot(oldRing, 1)
  const rewrapped = rewrapIndexRoot(bothRing, stored)
  assert.ok(rewrapped)
  assert.deepEqual(openIndexRoot(newRing, { version: 1, ...rewrapped }), { version: 1, root })
  assert.throws(() => openIndexRoot(newRing, { version: 2, ...rewrapped }), IntegrityError)
  assert.throws(() => openIndexRoot(newRing, stored), KeyUnavailable)
  assert.equal(rewrapIndexRoot(oldRing, stored), undefined)
})

test('an index root does not open as a data key', () => {
  const { kek_id, wrapped } = newIndexRoot(newRing, 1)
  assert.throws(() => openDataKey(newRing, { id: '1', kek_id, wrapped }), IntegrityError)
})
