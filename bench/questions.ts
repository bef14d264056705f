// What is typed into a search, by people who remember a part of a name and slip on a key.
import type { Person } from '../server/demo/people.ts'
import type { Random } from '../server/demo/random.ts'

/** Lower case without diacritics, as a plain-text search would keep names. */
export function foldName(name: string): string {
  return name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
}

function misspell(random: Random, word: string): string {
  const letters = Array.from(word)
  if (letters.length < 5) return word
  const at = 1 + Math.floor(random() * (letters.length - 2))
  const letter = letters[at] ?? ''
  const kind = Math.floor(random() * 3)
  if (kind === 0) letters.splice(at, 1)
  else if (kind === 1) letters.splice(at, 2, letters[at + 1] ?? '', letter)
  else letters.splice(at, 1, letter, letter)
  return letters.join('')
}

/** What someone at a desk types, and whom it fits: a first name that begins with one word and this last name. */
export type Question = { query: string; first_name_begins: string; last_name: string }

/** A part of the person's name, in either order, with one mistake. */
export function createQuestion(random: Random, person: Person): Question {
  const first_name = foldName(person.first_name)
  const last_name = foldName(person.last_name)
  const typed = misspell(random, last_name)
  const letters = Array.from(first_name)
  const kind = random()
  const first_name_begins =
    kind < 0.6 ? first_name : letters.slice(0, Math.max(3, Math.ceil(letters.length / 2))).join('')
  const query = kind < 0.2 ? `${typed} ${first_name_begins}` : `${first_name_begins} ${typed}`
  return { query, first_name_begins, last_name }
}
