// Decides whether a new password is acceptable: long enough, not a known one, not made of the person's own names. No composition
// rules (NIST SP 800-63B-4, ASVS 5.0 6.2).
import { dictionary } from '@zxcvbn-ts/language-common'
import { canonicalPassword, longestPassword, shortestPassword } from './passwords.ts'

export type PasswordOwner = {
  /** First, middle and last names and the user name. */
  names: readonly string[]
  emails: readonly string[]
  /** Whether a second factor is on. */
  mfa: boolean
}

export type PasswordRefusal = {
  code: 'password_too_short' | 'password_too_long' | 'password_malformed' | 'password_common' | 'password_personal'
  /** For the person to read. Never holds the password or a part of it. */
  message: string
}

/** 49,233 passwords from breaches, lower case, most frequent first. */
const breached = new Set(dictionary['passwords-common'])
const longestListed = dictionary['passwords-common'].reduce((longest, { length }) => Math.max(longest, length), 0)

const productWords = ['openward']

/** Rows of keys and alphabets; any stretch of them, in either direction and more than once around, is a sequence. */
const sequences = [
  'abcdefghijklmnopqrstuvwxyz',
  '1234567890',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
].flatMap((row) => [row.repeat(13), Array.from(row.repeat(13)).reverse().join('')])

/** A name shorter than this occurs in many innocent words, so it counts only where it stands alone, and a number that short never. */
const shortestNameInside = 4

/** What is left of a password without product name and e-mail must be this long to count for itself, in code points. */
const shortestRest = 8

const common = 'This password is too easy to guess: it is on a list of known passwords, or repeats one. Choose another.'
const personal = 'The password must not be built on your own name, your e-mail address or the name of this system.'

/** The reason why this password is refused for this person; undefined when it is accepted. */
export function checkPassword(password: string, owner: PasswordOwner): PasswordRefusal | undefined {
  if (!password.isWellFormed()) {
    return { code: 'password_malformed', message: 'The password holds characters that are not valid Unicode.' }
  }
  const canonical = canonicalPassword(password)
  const length = Array.from(canonical).length
  const shortest = owner.mfa ? shortestPassword.with_mfa : shortestPassword.alone
  if (length < shortest) {
    return { code: 'password_too_short', message: `The password needs ${shortest} characters or more.` }
  }
  if (length > longestPassword) {
    return { code: 'password_too_long', message: `The password may have ${longestPassword} characters at most.` }
  }
  const folded = fold(canonical)
  if (isKnown(folded)) return { code: 'password_common', message: common }
  if (holdsName(folded, owner.names) || leansOnContext(folded, owner)) {
    return { code: 'password_personal', message: personal }
  }
  return undefined
}

/** For comparison only: what looks alike to an attacker's list is alike. */
function fold(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

function lettersAndDigits(folded: string): string {
  return folded.replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** Whether it is a breached password or a sequence: as it is, said several times, with digits and signs around, or in `l33t`. */
function isKnown(folded: string): boolean {
  const forms = new Set<string>()
  for (const spelling of [folded, ...withoutLeet(folded)]) {
    forms.add(spelling)
    forms.add(lettersAndDigits(spelling))
    const word = spelling.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
    forms.add(word)
    forms.add(lettersAndDigits(word))
  }
  forms.delete('')
  return [...forms].some((form) => {
    const unit = repeatedUnit(form)
    return isWeakUnit(unit) || isWeakUnit(lettersAndDigits(unit))
  })
}

function isWeakUnit(unit: string): boolean {
  if (unit === '') return false
  if (Array.from(unit).length < 4 || sequences.some((sequence) => sequence.includes(unit))) return true
  // The list may hold only a repetition: `gn56gn56`, not `gn56`.
  for (let listed = unit; listed.length <= longestListed; listed += unit) if (breached.has(listed)) return true
  return false
}

const leet = [
  ['0', 'o'],
  ['1', 'i'],
  ['3', 'e'],
  ['4', 'a'],
  ['5', 's'],
  ['7', 't'],
  ['@', 'a'],
  ['$', 's'],
] as const

function withoutLeet(folded: string): string[] {
  const spelt = (text: string) => leet.reduce((left, [sign, letter]) => left.replaceAll(sign, letter), text)
  return [spelt(folded), spelt(folded.replaceAll('1', 'l'))]
}

/** `passwordpasswordpass` → `password`: the shortest piece whose repetition, twice or more, makes the text. */
function repeatedUnit(text: string): string {
  const points = Array.from(text)
  for (let period = 1; period * 2 <= points.length; period += 1) {
    if (points.every((point, index) => point === points[index % period])) return points.slice(0, period).join('')
  }
  return text
}

function holdsName(folded: string, names: readonly string[]): boolean {
  const words = new Set(folded.split(/[^\p{L}\p{N}]+/u))
  return names
    .flatMap((name) => [fold(name), ...fold(name).split(/[^\p{L}\p{N}]+/u)])
    .map(lettersAndDigits)
    .some((name) => {
      if (name === '') return false
      const is_long = Array.from(name).length >= shortestNameInside
      return is_long ? lettersAndDigits(folded).includes(name) : /\p{L}/u.test(name) && words.has(name)
    })
}

/** Whether too little is left, or only something known, once the product's name and the own e-mail are taken out. */
function leansOnContext(folded: string, { names, emails }: PasswordOwner): boolean {
  const words = [...productWords, ...names, ...emails, ...emails.map(localPart)]
    .map((word) => lettersAndDigits(fold(word)))
    .filter((word) => word !== '')
    .sort((a, b) => b.length - a.length)
  const text = lettersAndDigits(folded)
  if (words.includes(repeatedUnit(text))) return true
  const rest = words
    .filter((word) => Array.from(word).length >= shortestNameInside)
    .reduce((left, word) => left.replaceAll(word, ''), text)
  return rest !== text && (Array.from(rest).length < shortestRest || isKnown(rest))
}

function localPart(email: string): string {
  return email.slice(0, Math.max(0, email.lastIndexOf('@')))
}
