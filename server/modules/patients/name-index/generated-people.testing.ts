// Invented people for tests and the benchmark: as skewed as real names are, the same for the same seed.

export type GeneratedPerson = {
  id: string
  first_name: string
  middle_name: string | null
  last_name: string
  date_of_birth: string
}

export type Random = () => number

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const ONSETS = 'b c d f g h j k l m n p r s t v w z br ch cl cr dr fr gr kr ll pr sh sl st th tr'.split(' ')
const VOWELS = 'a e i o u a e i o a e ai au ea ei ie io ou ue á é í ó ö ü'.split(' ')
const CODAS = ['', '', '', '', 'n', 'r', 's', 'l', 't', 'm', 'nd', 'ng', 'rt', 'ck', 'x', 'y']

/** Makes people one after the other. A hundredth share the commonest last name, most names are rare. */
export function createPeopleGenerator(seed: number, firstNames = 8_000, lastNames = 150_000): () => GeneratedPerson {
  const random = seededRandom(seed)
  const givens = inventNames(random, firstNames, 2)
  const families = inventNames(random, lastNames, 2)
  let made = 0
  return () => ({
    id: numberedId(random, made++),
    first_name: pickSkewed(random, givens),
    middle_name: random() < 0.5 ? pickSkewed(random, givens) : null,
    last_name:
      random() < 0.06
        ? `${pickSkewed(random, families)}${random() < 0.5 ? '-' : ' '}${pickSkewed(random, families)}`
        : pickSkewed(random, families),
    date_of_birth: new Temporal.PlainDate(1930, 1, 1).add({ days: Math.floor(random() * 34_000) }).toString(),
  })
}

/** The first and last name in either order, without diacritics, with one slip on one letter. */
export function misspell(random: Random, words: readonly string[]): string {
  const query = random() < 0.5 ? [...words] : words.toReversed()
  const at = Math.floor(random() * query.length)
  query[at] = slip(random, query[at] ?? '')
  return query.join(' ')
}

function slip(random: Random, word: string): string {
  const at = Math.floor(random() * word.length)
  const letter = String.fromCharCode(97 + Math.floor(random() * 26))
  switch (Math.floor(random() * 4)) {
    case 0:
      return word.slice(0, at) + letter + word.slice(at + 1)
    case 1:
      return word.slice(0, at) + letter + word.slice(at)
    case 2:
      return word.length > 2 ? word.slice(0, at) + word.slice(at + 1) : word + letter
    default:
      return word.slice(0, at) + word.slice(at + 1, at + 2) + word.slice(at, at + 1) + word.slice(at + 2)
  }
}

function inventNames(random: Random, count: number, fewestSyllables: number): string[] {
  const names = new Set<string>()
  while (names.size < count) {
    const syllables = fewestSyllables + Math.floor(random() ** 2 * 3)
    let name = ''
    for (let at = 0; at < syllables; at++) name += pick(random, ONSETS) + pick(random, VOWELS)
    name += pick(random, CODAS)
    names.add(name.charAt(0).toUpperCase() + name.slice(1))
  }
  return [...names]
}

function pick(random: Random, from: readonly string[]): string {
  return from[Math.floor(random() * from.length)] ?? ''
}

/** The rank r with a chance that falls as 1 / (r + 10), as census lists of last names do roughly. */
function pickSkewed(random: Random, from: readonly string[]): string {
  const rank = Math.floor(10 * ((from.length + 10) / 10) ** random() - 10)
  return from[Math.min(rank, from.length - 1)] ?? ''
}

/** The last eight digits of the id are the number of the person, from 0. */
function numberedId(random: Random, number: number): string {
  const hex = () =>
    Math.floor(random() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0')
  const [first, second] = [hex(), hex()]
  return `${first}-${second.slice(0, 4)}-4${second.slice(5)}-8000-0000${number.toString(16).padStart(8, '0')}`
}
