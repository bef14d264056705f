import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { parseMasterKeys } from '#platform/encryption/keyring.ts'
import { sealCard, tryOpenCard } from './patient.sealing.ts'

const ring = parseMasterKeys(randomBytes(32).toString('base64'))
const card = {
  first_name: 'Ada',
  middle_name: null,
  last_name: 'Records',
  date_of_birth: '1980-02-29',
  ssn: null,
  national_id: null,
}
const id = '019ad0c0-0000-7000-8000-000000000001'

test('a card that was opened a moment ago opens as long as it is the same to the byte, for its own row and key', () => {
  const key = newDataKey(ring)
  const row = { id, key_id: key.id, kek_id: key.kek_id, wrapped: key.wrapped, sealed_card: sealCard(key, id, card) }
  assert.deepEqual(tryOpenCard(ring, row), card)
  assert.deepEqual(tryOpenCard(ring, { ...row, sealed_card: Buffer.from(row.sealed_card) }), card)
  const altered = (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)))
  assert.equal(tryOpenCard(ring, { ...row, sealed_card: altered(row.sealed_card) }), undefined)
  assert.equal(tryOpenCard(ring, { ...row, wrapped: altered(key.wrapped) }), undefined)
  assert.equal(tryOpenCard(ring, { ...row, wrapped: null }), undefined)
  assert.equal(tryOpenCard(ring, { ...row, id: id.replace(/1$/, '2') }), undefined)
  assert.equal(tryOpenCard(parseMasterKeys(randomBytes(32).toString('base64')), row), undefined)
  const changed = { ...card, last_name: 'Rivers' }
  assert.deepEqual(tryOpenCard(ring, { ...row, sealed_card: sealCard(key, id, changed) }), changed)
})
