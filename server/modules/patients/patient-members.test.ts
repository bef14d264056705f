import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readChanges, readNewPatient, withoutGaps } from './patient-members.ts'

const egypt = { country: 'EG', today: '2026-06-01' }
const egyptian = {
  first_name: 'Mona',
  last_name: 'Hassan',
  date_of_birth: '1990-01-15',
  gender: 'FEMALE',
  phone_primary: '+201001234567',
  ssn: '29001150123486',
} as const

describe('what is changed of a person', () => {
  const { record, errors } = readNewPatient(egypt, egyptian, false)

  it('agrees with what a national number says of the birth', () => {
    assert.deepEqual(errors, [])
    const moved = readChanges(egypt, record, { date_of_birth: '1991-01-15' })
    assert.deepEqual(
      moved.errors.map(({ path }) => path),
      ['/body/date_of_birth'],
    )
    assert.deepEqual(readChanges(egypt, record, { date_of_birth: '1990-01-15' }).errors, [])
    assert.deepEqual(readChanges(egypt, record, { date_of_birth: '1991-01-15', ssn: null }).errors, [])
    assert.deepEqual(readChanges(egypt, record, { date_of_birth: null }).errors, [])
  })
})

describe('an address', () => {
  const least = { line1: '1 Main Street', city: 'Springfield', country: 'US' }
  const whole = { ...least, line2: 'Floor 2', state: 'IL', postal_code: '62701' }
  it('is kept whole, with null for what is not known', () => {
    assert.deepEqual(withoutGaps(whole), whole)
    assert.deepEqual(withoutGaps(least), { ...least, line2: null, state: null, postal_code: null })
  })
})
