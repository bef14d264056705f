// Synthetic people: person number i of a seed is always the same, so both sides of a comparison hold the same people
// and any of them can be made again without keeping a list.
import { name_lists } from './names.ts'
import { createRandom, pick, pickSkewed, type Random } from './random.ts'

export type Person = {
  first_name: string
  middle_name: string
  last_name: string
  date_of_birth: string
  gender: 'MALE' | 'FEMALE' | 'OTHER'
  phone_primary: string
  email: string
  ssn: string
  address: { line1: string; city: string; state: string; postal_code: string; country: string }
}

// An SSN is area-group-serial: area not 000, 666 or 900-999, group not 00, serial not 0000.
const areas = 898
const groups = 99
const serials = 9999
const ssn_count = areas * groups * serials
// Coprime to ssn_count, so that multiplying by it visits every number once and people next to each other differ.
const ssn_stride = 6_180_397

const cities = [
  ['Boston', 'MA', '02115'],
  ['Worcester', 'MA', '01605'],
  ['Springfield', 'IL', '62704'],
  ['Portland', 'OR', '97209'],
  ['Dallas', 'TX', '75204'],
  ['Tampa', 'FL', '33606'],
  ['Denver', 'CO', '80205'],
  ['Columbus', 'OH', '43215'],
] as const
const streets = [
  'Main Street',
  'Oak Avenue',
  'Mill Road',
  'Church Lane',
  'Park Row',
  'Lake Drive',
  'Hill Court',
] as const
const area_codes = ['617', '508', '217', '503', '214', '813', '303', '614', '415', '206', '312', '917'] as const

const two = (value: number): string => String(value).padStart(2, '0')

/** Valid by the rules of the United States and different for every index below 888 million. */
export function socialSecurityNumber(index: number): string {
  const spot = (index * ssn_stride) % ssn_count
  const nth_area = Math.floor(spot / (groups * serials)) + 1
  const area = nth_area >= 666 ? nth_area + 1 : nth_area
  const group = (Math.floor(spot / serials) % groups) + 1
  const serial = (spot % serials) + 1
  return `${String(area).padStart(3, '0')}-${two(group)}-${String(serial).padStart(4, '0')}`
}

function namesOf(random: Random): Pick<Person, 'first_name' | 'middle_name' | 'last_name'> {
  const spot = random()
  let below = 0
  const list = name_lists.find((candidate) => (below += candidate.share) > spot) ?? name_lists[0]
  if (!list) throw new Error('there are no lists of names')
  const has_middle_name = random() < 0.4
  return {
    first_name: pickSkewed(random, list.given),
    middle_name: has_middle_name ? pickSkewed(random, list.given) : '',
    last_name: pickSkewed(random, list.family),
  }
}

/** Person number `index` (from 0) of this seed. */
export function createPerson(seed: number, index: number): Person {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
  const names = namesOf(random)
  const [city, state, postal_code] = pick(random, cities)
  const year = 1930 + Math.floor(random() * 95)
  const gender = random()
  const exchange = `${2 + Math.floor(random() * 8)}${two(12 + Math.floor(random() * 88))}`
  return {
    ...names,
    date_of_birth: `${year}-${two(1 + Math.floor(random() * 12))}-${two(1 + Math.floor(random() * 28))}`,
    gender: gender < 0.49 ? 'MALE' : gender < 0.98 ? 'FEMALE' : 'OTHER',
    phone_primary: `+1${pick(random, area_codes)}${exchange}${String(Math.floor(random() * 10_000)).padStart(4, '0')}`,
    email: `person.${index}@example.org`,
    ssn: socialSecurityNumber(index),
    address: {
      line1: `${1 + Math.floor(random() * 9000)} ${pick(random, streets)}`,
      city,
      state,
      postal_code,
      country: 'US',
    },
  }
}

/** People number `from` up to `to`, the last not included. */
export function* createPeople(seed: number, from: number, to: number): Generator<Person> {
  for (let index = from; index < to; index++) yield createPerson(seed, index)
}
