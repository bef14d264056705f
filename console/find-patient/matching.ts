// What of a card fits what was typed, for showing it. Who fits, the server has decided, who also reads slips and parts.

/** The least of a card that is shown. */
export type Shown = {
  first_name: string | null
  middle_name: string | null
  last_name: string | null
  date_of_birth: string | null
  patient_number: string
}
export type Matched = 'name' | 'number' | 'birth_date' | 'other'
/** A piece of text, and whether it was typed. */
export type Piece = { text: string; is_match: boolean }

const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()
const wordsOf = (typed: string) =>
  plain(typed)
    .split(/[\s,;]+/)
    .filter((word) => word !== '')

export function nameOf(card: Shown): string {
  return [card.first_name, card.middle_name, card.last_name].filter((part) => part !== null && part !== '').join(' ')
}

/** A text in pieces, so that what was typed can be marked: a word from its start, whatever its diacritics. */
export function piecesOf(text: string, typed: string): Piece[] {
  const wanted = wordsOf(typed)
  return text.split(/(?<=[\s-])|(?=[\s-])/).flatMap((word): Piece[] => {
    const found = wanted.filter((start) => plain(word).startsWith(start)).sort((a, b) => b.length - a.length)[0]
    if (found === undefined) return [{ text: word, is_match: false }]
    const letters = Array.from(word)
    // As many letters as make up what was typed: a letter and its accent are one to whoever types.
    let length = 0
    while (length < letters.length && plain(letters.slice(0, length).join('')).length < found.length) length += 1
    while (/^\p{M}$/u.test(letters[length] ?? '')) length += 1
    const rest = letters.slice(length).join('')
    const marked = { text: letters.slice(0, length).join(''), is_match: true }
    return rest === '' ? [marked] : [marked, { text: rest, is_match: false }]
  })
}

/** By what somebody was found, as far as the card tells; `other` is what it does not show: phone, e-mail, identifiers. */
export function matchedBy(card: Shown, typed: string): Matched {
  const words = wordsOf(typed)
  const number = plain(card.patient_number)
  if (words.some((word) => word.length >= 4 && number.includes(word) && /\d/.test(word))) return 'number'
  const isName = words.some((word) => /\p{L}/u.test(word) && !word.includes('@'))
  if (isName) return 'name'
  const digits = (text: string) => (text.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b)
  const typed_date = digits(typed)
  const isDate = card.date_of_birth !== null && typed_date.length === 3
  if (isDate && typed_date.join() === digits(card.date_of_birth ?? '').join()) return 'birth_date'
  return 'other'
}

/** The words of a search that could be a name, for the form of whoever is not found. */
export function namesTyped(typed: string): { first_name: string; last_name: string } {
  const words = typed.trim().split(/\s+/)
  if (typed.trim() === '' || words.some((word) => !/^\p{L}[\p{L}\p{M}'’.-]*$/u.test(word)))
    return { first_name: '', last_name: '' }
  // Between a first and a last name short words stay small: de, la, van, bin.
  const isSmall = (word: string, at: number) => at > 0 && at < words.length - 1 && word.length <= 3
  const [first_name = '', ...rest] = words.map((word, at) =>
    isSmall(word, at) ? word : word.charAt(0).toLocaleUpperCase() + word.slice(1),
  )
  return { first_name, last_name: rest.join(' ') }
}
