// From what people wrote to what is kept: every member read by its own rule, all that is wrong told at once.
import { checkBirthDate } from './birth-dates.ts'
import type { Flaw, Reading } from './flaw.ts'
import { readNationalId, readSsn } from './identifiers.ts'
import { readName } from './names.ts'
import type { AddressChange, PatientChange, PatientMembers } from './patient.contract.ts'
import type { PatientRecord } from './patient.sealing.ts'
import { readPhone } from './phones.ts'
import type { InvalidMember } from '#platform/contract/problem.ts'

/** Where and when the hospital is; `today` is its local day. */
export type Locality = { country: string; today: string }

const required = ['first_name', 'last_name', 'date_of_birth', 'phone_primary'] as const
/** An address as kept. */
export type Address = NonNullable<PatientRecord['address']>

type Required = (typeof required)[number] | 'gender'

const nobody: PatientRecord = {
  first_name: null,
  middle_name: null,
  last_name: null,
  date_of_birth: null,
  gender: 'UNKNOWN',
  blood_type: null,
  phone_primary: null,
  phone_secondary: null,
  email: null,
  address: null,
  ssn: null,
  national_id: null,
  marital_status: null,
  occupation: null,
  preferred_language: null,
}

/** The record that a registration gives. A person who is not identified may lack anything. */
export function readNewPatient(locality: Locality, given: PatientMembers, unidentified: boolean) {
  const { record, errors } = readChanges(locality, nobody, given)
  const unknown: Required[] = unidentified
    ? []
    : required.filter((name) => given[name] === undefined || given[name] === null)
  if (!unidentified && given.gender === undefined) unknown.push('gender')
  errors.push(...unknown.map(missing))
  return { record, errors, is_complete: isComplete(record) && given.gender !== undefined }
}

/** `record` with the given members changed; those left out stay, null removes. What is not given is not judged again. */
export function readChanges({ country, today }: Locality, record: PatientRecord, given: PatientChange) {
  const errors: InvalidMember[] = []
  const refuse = (member: string, { code, message }: Flaw) =>
    void errors.push({ path: `/body/${member}`, code, message })
  const read = (member: keyof PatientMembers, value: string | null | undefined, reader: (text: string) => Reading) => {
    if (value === undefined || value === null) return value
    const reading = reader(value)
    if (reading.ok) return reading.value
    refuse(member, reading.flaw)
    return undefined
  }
  const date_of_birth = read('date_of_birth', given.date_of_birth, (text) => {
    const flaw = checkBirthDate(text, today)
    return flaw ? { ok: false, flaw } : { ok: true, value: text }
  })
  const born = (date_of_birth === undefined ? record.date_of_birth : date_of_birth) ?? undefined
  const ssn = read('ssn', given.ssn, (text) => readSsn(country, text, born))
  if (given.ssn === undefined && record.ssn !== null && date_of_birth) {
    // A national number that holds a birth date must agree with a corrected one.
    const kept = readSsn(country, record.ssn, date_of_birth)
    if (!kept.ok) refuse('date_of_birth', kept.flaw)
  }
  const changes = {
    first_name: read('first_name', given.first_name, readName),
    middle_name: read('middle_name', given.middle_name, readName),
    last_name: read('last_name', given.last_name, readName),
    date_of_birth,
    gender: given.gender,
    blood_type: given.blood_type,
    phone_primary: read('phone_primary', given.phone_primary, (text) => readPhone(country, text)),
    phone_secondary: read('phone_secondary', given.phone_secondary, (text) => readPhone(country, text)),
    email: given.email,
    address: given.address && readAddress(record.address, given.address, refuse),
    ssn,
    national_id: read('national_id', given.national_id, readNationalId),
    marital_status: given.marital_status,
    occupation: given.occupation,
    preferred_language: given.preferred_language,
  }
  const changed = { ...record }
  for (const [name, value] of Object.entries(changes))
    if (value !== undefined) Object.assign(changed, { [name]: value })
  return { record: changed, errors }
}

/** Whether all that a registration by staff requires is known. */
export function isComplete(record: PatientRecord): boolean {
  return required.every((name) => record[name] !== null)
}

/** The required members that `before` has and `after` lacks, as refusals. */
export function refuseForgotten(before: PatientRecord, after: PatientRecord): InvalidMember[] {
  return required.filter((name) => before[name] !== null && after[name] === null).map(missing)
}

function missing(name: Required): InvalidMember {
  return {
    path: `/body/${name}`,
    code: 'required',
    message: 'This must be given, unless nobody knows it and "unidentified" is true',
  }
}

/** The kept address with these members changed, which must be one that letters reach; undefined where it is not. */
function readAddress(
  kept: Address | null,
  given: AddressChange,
  refuse: (member: string, flaw: Flaw) => void,
): Address | undefined {
  const { line1, city, country, ...rest } = { ...kept, ...given }
  if (line1 && city && country) return withoutGaps({ ...rest, line1, city, country })
  for (const [name, value] of Object.entries({ line1, city, country }))
    if (!value)
      refuse(`address/${name}`, { code: 'required', message: 'An address has one; null removes the whole address' })
  return undefined
}

/** As kept: what is not known is null. */
export function withoutGaps({
  line1,
  line2,
  city,
  state,
  postal_code,
  country,
}: NonNullable<PatientMembers['address']>): Address {
  return { line1, line2: line2 ?? null, city, state: state ?? null, postal_code: postal_code ?? null, country }
}
