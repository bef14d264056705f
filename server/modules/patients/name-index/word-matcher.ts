// How alike a searched word and a word of a name are. A matcher is prepared once for a searched word and then asked
// about many: one pass over the other word's letters, all rows of the distance table at once in the bits of a number
// (H. Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003): about 30 ns.

/** A searched word is cut to as many UTF-16 units as a bitwise operation has bits. */
export const LONGEST_SEARCHED_WORD = 32

export type WordMatcher = {
  readonly length: number
  /** 0 (nothing alike) to 1 (the same word), of the word at `units[start .. start + length)`. */
  likeness: (units: Uint16Array, start: number, length: number) => number
}

/** Each unit's positions in the searched word, as bits; one table serves all matchers in turn. */
const positions = new Uint32Array(65_536)

/** Prepares a matcher; `use` gives it the table for as long as `body` runs. */
export function createWordMatcher(word: string): { word: string; use: <T>(body: (matcher: WordMatcher) => T) => T } {
  const units = new Uint16Array(Math.min(word.length, LONGEST_SEARCHED_WORD))
  for (let at = 0; at < units.length; at++) units[at] = word.charCodeAt(at)
  const matcher: WordMatcher = {
    length: units.length,
    likeness: (text, start, length) => likenessOf(units, text, start, length),
  }
  return {
    word: word.slice(0, LONGEST_SEARCHED_WORD),
    use: (body) => {
      for (let at = 0; at < units.length; at++) {
        const unit = units[at] as number
        positions[unit] = (positions[unit] as number) | (1 << at)
      }
      try {
        return body(matcher)
      } finally {
        for (const unit of units) positions[unit] = 0
      }
    },
  }
}

/** Edits that are still taken for slips, by the length of the searched word. */
export function mostEdits(length: number): number {
  if (length <= 2) return 0
  return length <= 4 ? 1 : 2
}

function likenessOf(word: Uint16Array, text: Uint16Array, start: number, length: number): number {
  const searched = word.length
  const last = 1 << (searched - 1)
  let distance = searched
  let nearestPrefix = searched
  let verticalPlus = -1
  let verticalMinus = 0
  let diagonal = 0
  let previousMatch = 0
  for (let at = start, end = start + length; at < end; at++) {
    const match = positions[text[at] as number] as number
    const transposed = ((~diagonal & match) << 1) & previousMatch
    diagonal = (((match & verticalPlus) + verticalPlus) ^ verticalPlus) | match | verticalMinus | transposed
    let horizontalPlus = verticalMinus | ~(diagonal | verticalPlus)
    let horizontalMinus = diagonal & verticalPlus
    if (horizontalPlus & last) distance++
    else if (horizontalMinus & last) distance--
    if (distance < nearestPrefix) nearestPrefix = distance
    horizontalPlus = (horizontalPlus << 1) | 1
    horizontalMinus <<= 1
    verticalPlus = horizontalMinus | ~(diagonal | horizontalPlus)
    verticalMinus = horizontalPlus & diagonal
    previousMatch = match
  }
  return grade(word, text, start, length, distance, nearestPrefix)
}

/** The whole word, then its beginning, then a slip, a beginning with a slip, and last a part from within. */
function grade(
  word: Uint16Array,
  text: Uint16Array,
  start: number,
  length: number,
  distance: number,
  nearestPrefix: number,
): number {
  if (distance === 0) return 1
  const searched = word.length
  const missing = 0.01 * Math.min(10, Math.max(0, length - searched))
  if (nearestPrefix === 0) return (searched === 1 ? 0.75 : searched === 2 ? 0.85 : 0.95) - missing
  const otherBeginning = word[0] === text[start] ? 0 : 0.02
  const edits = mostEdits(searched)
  let best = 0
  if (distance <= edits) best = 1 - (0.8 * distance) / Math.max(searched, length) - otherBeginning
  if (nearestPrefix === 1 && searched >= 4 && length > searched) {
    best = Math.max(best, 0.95 - 0.8 / searched - missing - otherBeginning)
  }
  if (best < INFIX && searched >= 3 && length > searched && contains(word, text, start, length)) return INFIX
  return best
}

const INFIX = 0.7

function contains(word: Uint16Array, text: Uint16Array, start: number, length: number): boolean {
  for (let from = start + 1, end = start + length - word.length; from <= end; from++) {
    let at = 0
    while (at < word.length && text[from + at] === word[at]) at++
    if (at === word.length) return true
  }
  return false
}
