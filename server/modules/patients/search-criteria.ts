// What a search asks for: which exact values, which name, and how a hit is verified once it is opened.
import { isRealDate } from './birth-dates.ts'
import { jaroWinkler } from './duplicates.ts'
import type { Flaw, Reading } from './flaw.ts'
import { readNationalId, readSsn } from './identifiers.ts'
import { normaliseName } from './names.ts'
import type { OpenedFound } from './patient-card.ts'
import type { Criteria } from './patient-search.contract.ts'
import { matchValue, type PatientToken } from './patient-tokens.ts'
import { readPhone } from './phones.ts'
import type { InvalidMember } from '#platform/contract/problem.ts'
import type { Tokenizer } from '#platform/encryption/tokens.ts'

type ExactKind = 'ssn' | 'national_id' | 'phone' | 'email'
type Exact = { kind: ExactKind; value: string }

/** All of `exact` must fit, each by one of its alternatives. */
export type Question = {
  exact: Exact[][]
  patient_number: string | undefined
  name: string | undefined
  date_of_birth: string | undefined
  /** `q` can be both: when nobody has it as an exact value, it is searched as a name. */
  otherwise_name: string | undefined
  /** What was asked by, for the audit log; never the values. */
  kinds: string[]
}

type Given = Omit<Criteria, 'limit'>

/** Reads the criteria; those that cannot be what they are said to be are refused, located in `part`. */
export function readQuestion(
  country: string,
  part: 'query' | 'body',
  { q, name, phone, mobile, ssn, national_id, medical_number, email, date_of_birth }: Given,
) {
  const errors: InvalidMember[] = []
  const exact: Exact[][] = []
  const kinds: string[] = []
  const add = (member: string, kind: ExactKind, text: string | undefined, reader: (text: string) => Reading) => {
    if (text === undefined) return
    const reading = reader(text)
    kinds.push(kind)
    if (reading.ok) exact.push([{ kind, value: reading.value }])
    else errors.push({ path: `/${part}/${member}`, ...(reading.flaw satisfies Flaw) })
  }
  add('phone', 'phone', phone, (text) => readPhone(country, text))
  add('mobile', 'phone', mobile, (text) => readPhone(country, text))
  add('ssn', 'ssn', ssn, (text) => readSsn(country, text))
  add('national_id', 'national_id', national_id, readNationalId)
  add('email', 'email', email, (value) => ({ ok: true, value }))
  if (medical_number !== undefined) kinds.push('medical_number')
  if (name !== undefined) kinds.push('name')
  if (date_of_birth !== undefined) kinds.push('date_of_birth')
  const question: Question = {
    exact,
    patient_number: medical_number?.toUpperCase(),
    name,
    date_of_birth,
    otherwise_name: undefined,
    kinds,
  }
  if (q !== undefined) readBox(country, q, question)
  if (kinds.length === 0)
    errors.push({ path: `/${part}/q`, code: 'required', message: 'Say at least one thing to search by' })
  return { question, errors }
}

const numberPattern = /^PT-?\d{8}-?\d{4,}$/i
const datePattern = /(?<!\d)(?:(\d{4})-(\d\d)-(\d\d)|(\d{1,2})[./](\d{1,2})[./](\d{4}))(?!\d)/

/** One box: what it is, is told by its form. */
function readBox(country: string, text: string, question: Question) {
  const { kinds } = question
  if (numberPattern.test(text)) {
    kinds.push('medical_number')
    question.patient_number = text.toUpperCase().replace(/^PT-?(\d{8})-?/, 'PT-$1-')
    return
  }
  if (/^\S+@\S+$/.test(text)) {
    kinds.push('email')
    question.exact.push([{ kind: 'email', value: text }])
    return
  }
  const date = readDate(country, text)
  if (date) {
    kinds.push('date_of_birth')
    question.date_of_birth = date.day
    if (date.rest !== '') {
      kinds.push('name')
      question.name = date.rest
    }
    return
  }
  const alternatives = /\d/.test(text) ? readExact(country, text) : []
  if (alternatives.length > 0) {
    kinds.push(...alternatives.map(({ kind }) => kind))
    question.exact.push(alternatives)
  }
  if (alternatives.length > 0 && !/\p{L}/u.test(text)) return
  kinds.push('name')
  if (alternatives.length > 0) question.otherwise_name = text
  else question.name = text
}

function readExact(country: string, text: string): Exact[] {
  const readings: [ExactKind, Reading][] = [
    ['phone', readPhone(country, text)],
    ['ssn', readSsn(country, text)],
    ['national_id', readNationalId(text)],
  ]
  return readings.flatMap(([kind, reading]) => (reading.ok ? [{ kind, value: reading.value }] : []))
}

/** A birth date within a text: `1984-02-29`, and with the year last in the order of the country. */
function readDate(country: string, text: string): { day: string; rest: string } | undefined {
  const match = datePattern.exec(text)
  if (!match) return undefined
  const [whole, year, month, day, first = '', second = '', lastYear] = match
  const [m, d] = country === 'US' ? [first, second] : [second, first]
  const date = year ? `${year}-${month}-${day}` : `${lastYear}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`
  if (!isRealDate(date)) return undefined
  return { day: date, rest: text.replace(whole, ' ').trim() }
}

/** For each condition, the tokens of all its alternatives under all index keys. */
export function tokensOf(tokenizer: Tokenizer, { exact }: Question): PatientToken[][] {
  return exact.map((alternatives) =>
    alternatives.flatMap(({ kind, value }) =>
      tokenizer.tokens(kind, matchValue[kind](value)).map((token) => ({ kind, ...token })),
    ),
  )
}

/** Whether a person who was found is one who was asked for: tokens may collide, and all criteria must fit. */
export function fits(question: Question, found: OpenedFound): boolean {
  const { date_of_birth, name, exact, patient_number } = question
  if (patient_number !== undefined && found.row.patient_number !== patient_number) return false
  if (date_of_birth !== undefined && found.card.date_of_birth !== date_of_birth) return false
  if (exact.some((alternatives) => !alternatives.some((wanted) => has(found, wanted)))) return false
  return name === undefined || exact.length === 0 || isCalled(found, name)
}

function has(found: OpenedFound, { kind, value }: Exact): boolean {
  const wanted = matchValue[kind](value)
  const equals = (text: string | null) => text !== null && matchValue[kind](text) === wanted
  if (kind === 'ssn' || kind === 'national_id') return equals(found.identifiers()[kind])
  const { phone_primary, phone_secondary, email } = found.contact()
  return kind === 'email' ? equals(email) : equals(phone_primary) || equals(phone_secondary)
}

/** Below this two words are different names, as for duplicates. */
const sameWord = 0.85

function isCalled({ card }: OpenedFound, name: string): boolean {
  const words = normaliseName([card.first_name, card.middle_name, card.last_name].filter(Boolean).join(' ')).split(' ')
  return normaliseName(name)
    .split(' ')
    .every((asked) => words.some((word) => word.startsWith(asked) || jaroWinkler(word, asked) >= sameWord))
}
