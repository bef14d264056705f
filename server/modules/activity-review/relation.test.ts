import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { indexStaff, relationOf } from './relation.ts'

const [ana, bo, cem] = ['ana', 'bo', 'cem']
const staff = indexStaff(
  new Map([
    [ana, { first_name: 'Ana', last_name: 'García' }],
    [bo, { first_name: 'Bo', last_name: 'Li' }],
    [cem, { first_name: 'Cem', last_name: 'van Müller-Stein' }],
  ]),
)
const patient = (first_name: string | null, last_name: string | null, staff_user_id: string | null = null) => ({
  first_name,
  last_name,
  staff_user_id,
})

describe('whoever reads is near to the patient', () => {
  const cases = [
    ['their own record, by their account', ana, patient('Other', 'Name', ana), 'own_record'],
    ['the record of who has their first and last name', ana, patient('ANA', 'Garcia'), 'own_record'],
    ['the record of a colleague, by their account', ana, patient('Other', 'Name', bo), 'colleague'],
    ['the record of who has the name of a colleague', ana, patient('bo', 'LI'), 'colleague'],
    ['one of the same family name, however it is written', ana, patient('Luis', 'GARCIA'), 'family_name'],
    ['one of two family names of which one is theirs', ana, patient('Luis', 'García Márquez'), 'family_name'],
    ['one of a part of their family name', cem, patient('Eva', 'Muller'), 'family_name'],
    ['a short name, where it is the whole', bo, patient('Mei', 'Li'), 'family_name'],
    ['no more than a particle in common', cem, patient('Eva', 'van Dijk'), undefined],
    ['another family', ana, patient('Luis', 'Garciano'), undefined],
    ['a short name within a longer one', bo, patient('Mei', 'Li Wang'), undefined],
    ['somebody without a name', ana, patient(null, null), undefined],
    ['only the first name in common', ana, patient('Ana', 'Smith'), undefined],
  ] as const
  for (const [what, reader, whom, relation] of cases)
    it(`${what}: ${relation ?? 'not near'}`, () => {
      assert.equal(relationOf(reader, whom, staff), relation)
    })

  it('is not known of who works here no longer under that account', () => {
    assert.equal(relationOf('gone', patient('Luis', 'García'), staff), undefined)
  })
})
