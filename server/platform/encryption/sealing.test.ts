import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { associatedData, encrypt } from './aead.ts'
import { IntegrityError } from './failures.ts'
import { open, openJson, seal, sealJson, type DataKey, type SealPlace } from './sealing.ts'

const key: DataKey = { id: '0197f0a0-0000-7000-8000-000000000001', key: randomBytes(32) }
const place: SealPlace = { table: 'patients', column: 'sealed_card', row_id: '0197f0a0-0000-7000-8000-00000000000a' }
const envelopeBytes = 29

/** Opens what must not open, and returns all that a caller could learn. */
function refusal(sealed: Buffer, at: SealPlace = place, by: DataKey = key) {
  let error: unknown
  try {
    open(by, at, sealed)
  } catch (thrown) {
    error = thrown
  }
  assert.ok(error instanceof IntegrityError, 'it opened, or failed otherwise')
  const { name, message, cause, where, row_id } = error
  return { name, message, cause, where, row_id, members: Object.keys(error) }
}

const expectedRefusal = {
  name: 'IntegrityError',
  message: 'integrity check failed: patients.sealed_card, id 0197f0a0-0000-7000-8000-00000000000a',
  cause: undefined,
  where: 'patients.sealed_card',
  row_id: place.row_id,
  members: ['where', 'row_id', 'name'],
}

test('any Unicode text opens as it was sealed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
      assert.equal(open(key, place, seal(key, place, text)), text)
    }),
    { numRuns: 500 },
  )
})

test('any JSON value opens as it was sealed, lone surrogates included', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify(value)
      assert.equal(JSON.stringify(openJson(key, place, sealJson(key, place, value))), text)
    }),
  )
  assert.deepEqual(openJson(key, place, sealJson(key, place, { name: '\ud800' })), { name: '\ud800' })
})

test('text that UTF-8 cannot hold and values without JSON are refused instead of changed', () => {
  for (const text of ['\ud800', 'a\udc00b', '\udc00\ud800']) assert.throws(() => seal(key, place, text), TypeError)
  for (const value of [undefined, () => 1, Symbol('x')]) assert.throws(() => sealJson(key, place, value), TypeError)
})

test('a sealed value shows its size class only', () => {
  const classes = [
    [0, 16],
    [12, 16],
    [13, 32],
    [28, 32],
    [29, 64],
    [60, 64],
    [61, 128],
    [124, 128],
    [125, 256],
    [508, 512],
    [509, 1024],
    [65_532, 65_536],
    [65_533, 131_072],
  ] as const
  for (const [textBytes, classBytes] of classes) {
    const sealed = seal(key, place, 'x'.repeat(textBytes))
    assert.equal(sealed.length, envelopeBytes + classBytes, `${textBytes} bytes`)
    assert.equal(open(key, place, sealed).length, textBytes)
  }
  assert.equal(seal(key, place, 'é'.repeat(6)).length, seal(key, place, '').length)
  assert.equal(seal(key, place, 'é'.repeat(7)).length, envelopeBytes + 32)
})

test('a sealed value holds nothing of the text', () => {
  const sealed = seal(key, place, 'CANARY-3f1c')
  assert.equal(sealed.includes('CANARY'), false)
})

test('the same value sealed 100,000 times gives 100,000 different nonces and ciphertexts', () => {
  const nonces = new Set<string>()
  const ciphertexts = new Set<string>()
  for (let count = 0; count < 100_000; count++) {
    const sealed = seal(key, place, '078-05-1120')
    nonces.add(sealed.toString('latin1', 1, 13))
    ciphertexts.add(sealed.toString('latin1', 13))
  }
  assert.equal(nonces.size, 100_000)
  assert.equal(ciphertexts.size, 100_000)
})

test('a length that is longer than what holds it is refused, though it was sealed with the key', () => {
  const padded = Buffer.alloc(16)
  padded.writeUInt32BE(13)
  const bound = associatedData(place.table, place.column, place.row_id, key.id)
  assert.deepEqual(refusal(encrypt(key.key, bound, padded)), expectedRefusal)
})

test('every flipped bit is refused with one and the same error', () => {
  const sealed = seal(key, place, 'Ana Fonseca')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const altered = Buffer.from(sealed)
    altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.deepEqual(refusal(altered), expectedRefusal, `bit ${bit}`)
  }
  assert.equal(open(key, place, sealed), 'Ana Fonseca')
})

test('every cut is refused with the same error, a tag of four bytes too', () => {
  const sealed = seal(key, place, 'x'.repeat(100))
  for (let length = 0; length < sealed.length; length++) {
    assert.deepEqual(refusal(sealed.subarray(0, length)), expectedRefusal, `cut to ${length}`)
    assert.deepEqual(refusal(sealed.subarray(sealed.length - length)), expectedRefusal, `last ${length}`)
  }
  assert.deepEqual(refusal(sealed.subarray(0, sealed.length - 12)), expectedRefusal)
})

test('bytes added, another format and random bytes are refused with the same error', () => {
  const sealed = seal(key, place, 'Ana Fonseca')
  assert.deepEqual(refusal(Buffer.concat([sealed, Buffer.alloc(1)])), expectedRefusal)
  assert.deepEqual(refusal(Buffer.concat([sealed, Buffer.alloc(16)])), expectedRefusal)
  for (let version = 0; version < 256; version++) {
    if (version === sealed[0]) continue
    assert.deepEqual(refusal(Buffer.concat([Buffer.of(version), sealed.subarray(1)])), expectedRefusal, `${version}`)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      assert.deepEqual(refusal(Buffer.from(bytes)), expectedRefusal)
      assert.deepEqual(refusal(Buffer.concat([Buffer.of(1), bytes])), expectedRefusal)
    }),
  )
})

test('a value moved to another row, column, table or key is refused', () => {
  const sealed = seal(key, place, '078-05-1120')
  const otherPlaces: SealPlace[] = [
    { ...place, row_id: '0197f0a0-0000-7000-8000-00000000000b' },
    { ...place, column: 'sealed_contact' },
    { ...place, table: 'emergency_contacts' },
    { ...place, table: 'patientss', column: 'ealed_card' },
    { ...place, table: '', column: 'patientssealed_card' },
  ]
  for (const other of otherPlaces) {
    assert.deepEqual(refusal(sealed, other), {
      ...expectedRefusal,
      message: `integrity check failed: ${other.table}.${other.column}, id ${other.row_id}`,
      where: `${other.table}.${other.column}`,
      row_id: other.row_id,
    })
  }
  assert.deepEqual(refusal(sealed, place, { ...key, id: '0197f0a0-0000-7000-8000-000000000002' }), expectedRefusal)
  assert.deepEqual(refusal(sealed, place, { ...key, key: randomBytes(32) }), expectedRefusal)
})

test('values of two patients swapped in the same column both fail', () => {
  const [ana, ben] = ['a', 'b'].map((row_id) => ({
    key: { id: `key of ${row_id}`, key: randomBytes(32) },
    place: { ...place, row_id },
  }))
  assert.ok(ana && ben)
  const [anas, bens] = [seal(ana.key, ana.place, '111'), seal(ben.key, ben.place, '222')]
  assert.throws(() => open(ana.key, ana.place, bens), IntegrityError)
  assert.throws(() => open(ben.key, ben.place, anas), IntegrityError)
})

test('an error about sealed text that is no JSON does not quote it', () => {
  const sealed = seal(key, place, 'CANARY Fonseca')
  assert.throws(
    () => openJson(key, place, sealed),
    (error) => error instanceof IntegrityError && !`${error.stack}${String(error.cause)}`.includes('CANARY'),
  )
})

test('a key of the wrong size is a bug, not a value that fails to open', () => {
  const short = { ...key, key: randomBytes(16) }
  assert.throws(() => seal(short, place, 'x'), RangeError)
  assert.throws(() => open(short, place, seal(key, place, 'x')), RangeError)
})
