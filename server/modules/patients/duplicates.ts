// How alike two people's registration data are, so that nobody is registered twice.
import { isRealDate } from './birth-dates.ts'
import { normaliseName } from './names.ts'

/** What is known of a person; phones are E.164. */
export type Person = {
  first_name?: string | null
  middle_name?: string | null
  last_name?: string | null
  date_of_birth?: string | null
  phones: readonly string[]
}

export type DuplicateReason =
  | 'same_name'
  | 'similar_name'
  | 'names_swapped'
  | 'same_birth_date'
  | 'similar_birth_date'
  | 'same_phone'

export type Likeness = { score: number; reasons: DuplicateReason[] }

/** From here on two people are shown to whoever registers as likely the same. */
export const LIKELY_DUPLICATE_SCORE = 0.75

/** They sum to 1; chosen so that two of three parts must agree, and the table of pairs in the test comes out right. */
const WEIGHTS = { name: 0.55, birth_date: 0.3, phone: 0.15 }
/** What an unknown birth date or phone counts: neither for nor against. */
const UNKNOWN = 0.5
/** Below this Jaro-Winkler similarity two words are different names (`john`, `jane`: 0.70). */
const SAME_WORD = 0.85

/** 0 (nothing in common) to 1 (all the same), with what speaks for it. Symmetric in its two people. */
export function duplicateScore(candidate: Person, person: Person): Likeness {
  const reasons: DuplicateReason[] = []
  const name = nameLikeness(candidate, person)
  if (name.score === 1) reasons.push('same_name')
  else if (name.score > 0.5) reasons.push('similar_name')
  if (name.swapped && name.score > 0.5) reasons.push('names_swapped')

  const birthDate = birthDateLikeness(candidate.date_of_birth, person.date_of_birth)
  if (birthDate === 1) reasons.push('same_birth_date')
  else if (birthDate > UNKNOWN) reasons.push('similar_birth_date')

  const phone = phoneLikeness(candidate.phones, person.phones)
  if (phone === 1) reasons.push('same_phone')

  const score = WEIGHTS.name * name.score + WEIGHTS.birth_date * birthDate + WEIGHTS.phone * phone
  return { score: Math.round(score * 1000) / 1000, reasons }
}

function nameLikeness(one: Person, other: Person): { score: number; swapped: boolean } {
  const [first, last] = [words(one.first_name), words(one.last_name)]
  const [otherFirst, otherLast] = [words(other.first_name), words(other.last_name)]
  const straight = (wordsLikeness(first, otherFirst) + wordsLikeness(last, otherLast)) / 2
  const crossed = (wordsLikeness(first, otherLast) + wordsLikeness(last, otherFirst)) / 2 - 0.02
  const middle = [words(one.middle_name), words(other.middle_name)] as const
  const middleDiffers = middle[0].length > 0 && middle[1].length > 0 && wordsLikeness(...middle) === 0
  const score = Math.max(straight, crossed, 0) - (middleDiffers ? 0.2 : 0)
  return { score: Math.max(0, score), swapped: crossed > straight }
}

function words(name: string | null | undefined): string[] {
  return normaliseName(name ?? '')
    .split(' ')
    .filter((word) => word !== '')
}

/** Every word of the shorter list must have a counterpart; words left over cost little (`Mary`, `Mary Ann`). */
function wordsLikeness(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return 0
  if (one.join('') === other.join('')) return 1
  // The text decides between lists of one length, so that the greedy choice below is the same both ways.
  const inOrder = one.length < other.length || (one.length === other.length && one.join(' ') < other.join(' '))
  const [fewer, more] = inOrder ? [one, other] : [other, one]
  const free = [...more]
  let sum = 0
  for (const word of fewer) {
    const scores = free.map((candidate) => wordLikeness(word, candidate))
    const best = Math.max(...scores)
    if (best === 0) return 0
    sum += best
    free.splice(scores.indexOf(best), 1)
  }
  return (sum / fewer.length) * (fewer.length === more.length ? 1 : 0.95)
}

/** 0 for words that are different names. Of words as `normaliseName` gives them. */
export function wordLikeness(one: string, other: string): number {
  if (one.length === 1 || other.length === 1) return one === other ? 1 : one[0] === other[0] ? SAME_WORD : 0
  const similarity = one < other ? jaroWinkler(one, other) : jaroWinkler(other, one)
  return similarity >= SAME_WORD ? similarity : 0
}

/** 1 the same day, 0.8 a slip away (day and month exchanged, one digit, two neighbouring digits exchanged). */
function birthDateLikeness(one: string | null | undefined, other: string | null | undefined): number {
  if (!one || !other) return UNKNOWN
  if (one === other) return 1
  return isSlip(one, other) ? 0.8 : 0
}

function isSlip(one: string, other: string): boolean {
  const [year, month, day] = one.split('-')
  const exchanged = `${year}-${day}-${month}`
  if (exchanged === other && isRealDate(exchanged)) return true
  const differing = Array.from({ length: one.length }, (_, at) => at).filter((at) => one[at] !== other[at])
  const [first, second] = differing
  if (first === undefined || differing.length > 2) return false
  if (second === undefined) return true
  return second === first + 1 && one[first] === other[second] && one[second] === other[first]
}

function phoneLikeness(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return UNKNOWN
  return one.some((phone) => other.includes(phone)) ? 1 : 0
}

/** Jaro-Winkler similarity, 0..1, with the usual prefix scale of 0.1 over at most four letters. */
export function jaroWinkler(one: string, other: string): number {
  if (one === other) return 1
  const [a, b] = [Array.from(one), Array.from(other)]
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1)
  const taken = new Set<number>()
  const matchedInA: string[] = []
  for (const [at, letter] of a.entries()) {
    const end = Math.min(b.length, at + reach + 1)
    for (let other_at = Math.max(0, at - reach); other_at < end; other_at++) {
      if (b[other_at] !== letter || taken.has(other_at)) continue
      taken.add(other_at)
      matchedInA.push(letter)
      break
    }
  }
  const matches = matchedInA.length
  if (matches === 0) return 0
  const matchedInB = b.filter((_, at) => taken.has(at))
  const transpositions = matchedInA.filter((letter, at) => letter !== matchedInB[at]).length / 2
  const jaro = (matches / a.length + matches / b.length + (matches - transpositions) / matches) / 3
  const firstDifference = a.slice(0, 4).findIndex((letter, at) => letter !== b[at])
  const prefix = firstDifference === -1 ? Math.min(4, a.length) : firstDifference
  return jaro + prefix * 0.1 * (1 - jaro)
}
