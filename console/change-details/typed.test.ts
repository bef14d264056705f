import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Patient } from '#contracts/patients/patient'
import { changesOf, typedOf } from './typed.ts'

const address = {
  line1: '1 Main Street',
  line2: null,
  city: 'Springfield',
  state: 'IL',
  postal_code: null,
  country: 'US',
}
const patient = {
  first_name: 'Ana',
  middle_name: null,
  last_name: 'Ruiz',
  date_of_birth: '1984-02-29',
  gender: 'FEMALE',
  blood_type: null,
  phone_primary: '+14155552671',
  phone_secondary: '+14155552672',
  email: null,
  address,
  ssn: '***-**-6789',
  national_id: null,
  marital_status: null,
  occupation: null,
  preferred_language: null,
} as Patient

describe('what was typed of the details of a patient', () => {
  it('is nothing where nothing was changed, masked identifiers included', () => {
    assert.deepEqual(changesOf(typedOf(patient), patient), {})
  })

  it('is what was changed, and null for what was emptied', () => {
    const typed = { ...typedOf(patient), phone_secondary: ' ', email: 'ana@example.org ', blood_type: 'A+' }
    assert.deepEqual(changesOf(typed, patient), { phone_secondary: null, email: 'ana@example.org', blood_type: 'A+' })
  })

  it('holds an address as a whole, or none', () => {
    const typed = typedOf(patient)
    assert.deepEqual(changesOf({ ...typed, city: 'Shelbyville' }, patient), {
      address: { ...address, city: 'Shelbyville' },
    })
    const none = { ...typed, line1: '', line2: '', city: '', state: '', postal_code: '', country: '' }
    assert.deepEqual(changesOf(none, patient), { address: null })
    assert.deepEqual(changesOf(typedOf({ ...patient, address: null }), { ...patient, address: null }), {})
  })
})
