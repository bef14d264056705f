// The distinct words of all names, numbered, and which of them a searched word could mean. A million people share
// some hundred thousand words, so trigrams and distances are computed over words, not over people.
import { grownUint8, grownUint16, grownUint32 } from './growable.ts'
import { createPostingLists } from './posting-lists.ts'
import { createWordMatcher } from './word-matcher.ts'

/** Words of the dictionary that a searched word could mean, likeliest first, each with its likeness times POINTS. */
export type SimilarWords = { word_ids: Uint32Array; points: Uint8Array }

/** What the whole word counts. */
export const POINTS = 250

export type WordDictionary = {
  /** The number of a word, a new one if need be. */
  intern: (word: string) => number
  find: (word: string) => number | undefined
  /** What a searched word could mean, likeliest first. */
  findSimilar: (searched: string) => SimilarWords
  textOf: (wordId: number) => string
  units: () => Uint16Array
  start: (wordId: number) => number
  length: (wordId: number) => number
  count: () => number
  memory_bytes: () => number
}

/** A longer word of a name is cut; its number of trigrams fits the lower seven bits of a count. */
const LONGEST_WORD = 64
const CONTAINS_INNER = 0x80
const SPACE = 0x20

export function createWordDictionary(): WordDictionary {
  let units = new Uint16Array(1024)
  let starts = new Uint32Array(1024)
  let lengths = new Uint8Array(1024)
  let unitsEnd = 0
  let wordCount = 0
  let wordTable = new Uint32Array(2048)

  const trigrams = createPostingLists()
  let trigramKeys = new Uint32Array(1024)
  let trigramTable = new Uint32Array(2048)
  let trigramCount = 0

  /** How many trigrams of the searched word each word has, all zero between searches. */
  let shared = new Uint8Array(1024)
  let touched = new Uint32Array(1024)
  let touchedPoints = new Uint8Array(1024)
  const histogram = new Uint32Array(POINTS + 1)

  const encoded = new Uint16Array(LONGEST_WORD)
  const keys = new Uint32Array(LONGEST_WORD + 1)

  function encode(word: string): number {
    const length = Math.min(word.length, LONGEST_WORD)
    for (let at = 0; at < length; at++) encoded[at] = word.charCodeAt(at)
    return length
  }

  /** The place in the table of the encoded word, or the free place where it belongs. */
  function placeOfWord(table: Uint32Array, text: Uint16Array, from: number, length: number): number {
    let hash = 0x811c9dc5
    for (let at = from; at < from + length; at++) hash = Math.imul(hash ^ (text[at] as number), 0x01000193)
    const mask = table.length - 1
    let place = scramble(hash) & mask
    for (;;) {
      const id = (table[place] as number) - 1
      if (id === -1 || (lengths[id] === length && sameUnits(text, from, starts[id] as number, length))) return place
      place = (place + 1) & mask
    }
  }

  function sameUnits(text: Uint16Array, from: number, start: number, length: number): boolean {
    for (let at = 0; at < length; at++) if (text[from + at] !== units[start + at]) return false
    return true
  }

  function intern(word: string): number {
    const length = encode(word)
    const place = placeOfWord(wordTable, encoded, 0, length)
    const known = wordTable[place] as number
    return known === 0 ? insert(place, length) : known - 1
  }

  function insert(place: number, length: number): number {
    const id = wordCount++
    starts = grownUint32(starts, wordCount)
    lengths = grownUint8(lengths, wordCount)
    units = grownUint16(units, unitsEnd + length)
    units.set(encoded.subarray(0, length), unitsEnd)
    starts[id] = unitsEnd
    lengths[id] = length
    unitsEnd += length
    wordTable[place] = id + 1
    if (wordCount * 2 > wordTable.length) growWordTable()
    const keyCount = trigramKeysOf(length)
    for (let at = 0; at < keyCount; at++) trigrams.append(trigramList(keys[at] as number, true), id)
    return id
  }

  function growWordTable(): void {
    const grown = new Uint32Array(wordTable.length * 2)
    for (let id = 0; id < wordCount; id++)
      grown[placeOfWord(grown, units, starts[id] as number, lengths[id] as number)] = id + 1
    wordTable = grown
  }

  /** Puts the distinct trigrams of the encoded word, two spaces before and one behind it, into `keys`. */
  function trigramKeysOf(length: number): number {
    let keyCount = 0
    for (let at = 0; at <= length; at++) {
      const key = trigramKey(
        at < 2 ? SPACE : (encoded[at - 2] as number),
        at < 1 ? SPACE : (encoded[at - 1] as number),
        at === length ? SPACE : (encoded[at] as number),
      )
      if (keys.subarray(0, keyCount).includes(key)) continue
      keys[keyCount++] = key
    }
    return keyCount
  }

  /** The posting list of a trigram, -1 where it has none and none is wanted. */
  function trigramList(key: number, make: boolean): number {
    const mask = trigramTable.length - 1
    let place = key & mask
    for (;;) {
      const list = (trigramTable[place] as number) - 1
      if (list === -1) break
      if (trigramKeys[list] === key) return list
      place = (place + 1) & mask
    }
    if (!make) return -1
    const list = trigramCount++
    trigramKeys = grownUint32(trigramKeys, trigramCount)
    trigramKeys[list] = key
    trigramTable[place] = list + 1
    if (trigramCount * 2 > trigramTable.length) growTrigramTable()
    return list
  }

  function growTrigramTable(): void {
    const grown = new Uint32Array(trigramTable.length * 2)
    const mask = grown.length - 1
    for (let list = 0; list < trigramCount; list++) {
      let place = (trigramKeys[list] as number) & mask
      while (grown[place] !== 0) place = (place + 1) & mask
      grown[place] = list + 1
    }
    trigramTable = grown
  }

  function find(word: string): number | undefined {
    const length = encode(word)
    const id = wordTable[placeOfWord(wordTable, encoded, 0, length)] as number
    return id === 0 ? undefined : id - 1
  }

  function findSimilar(searchedWord: string): SimilarWords {
    const { word, use } = createWordMatcher(searchedWord)
    const exchanged = exchangedNeighbours(word).map(find)
    const length = encode(word)
    const keyCount = trigramKeysOf(length)
    let touchedCount = countShared(length, keyCount)
    for (const id of exchanged) {
      if (id === undefined || shared[id] !== 0) continue
      shared[id] = keyCount
      touched[touchedCount++] = id
    }
    histogram.fill(0)
    const found = use(({ likeness }) => {
      let kept = 0
      for (let at = 0; at < touchedCount; at++) {
        const id = touched[at] as number
        const count = shared[id] as number
        shared[id] = 0
        if (!isWorthComparing(length, keyCount, lengths[id] as number, count)) continue
        const points = Math.round(likeness(units, starts[id] as number, lengths[id] as number) * POINTS)
        if (points === 0) continue
        histogram[points] = (histogram[points] as number) + 1
        touchedPoints[kept] = points
        touched[kept++] = id
      }
      return kept
    })
    return sortedByPoints(found)
  }

  /** Sorts the first `found` of `touched` by counting, for there may be tens of thousands. */
  function sortedByPoints(found: number): SimilarWords {
    let before = 0
    for (let points = POINTS; points > 0; points--) {
      const count = histogram[points] as number
      histogram[points] = before
      before += count
    }
    const wordIds = new Uint32Array(found)
    const sortedPoints = new Uint8Array(found)
    for (let at = 0; at < found; at++) {
      const points = touchedPoints[at] as number
      const place = histogram[points] as number
      histogram[points] = place + 1
      wordIds[place] = touched[at] as number
      sortedPoints[place] = points
    }
    return { word_ids: wordIds, points: sortedPoints }
  }

  /** Fills `shared` and `touched` for the trigrams in `keys`, and says how many words share one at least. */
  function countShared(length: number, keyCount: number): number {
    shared = grownUint8(shared, wordCount)
    touched = grownUint32(touched, wordCount)
    touchedPoints = grownUint8(touchedPoints, wordCount)
    let touchedCount = 0
    for (let at = 0; at < keyCount; at++) {
      const list = trigramList(keys[at] as number, false)
      if (list === -1) continue
      // A word of three letters lies within another where its one trigram without padding does.
      const flag = length === 3 && at === 2 ? CONTAINS_INNER : 0
      trigrams.each(list, (ids, from, end) => {
        for (let entry = from; entry < end; entry++) {
          const id = ids[entry] as number
          const before = shared[id] as number
          if (before === 0) touched[touchedCount++] = id
          shared[id] = (before + 1) | flag
        }
      })
    }
    return touchedCount
  }

  return {
    intern,
    find,
    findSimilar,
    textOf: (wordId) => {
      const start = starts[wordId] as number
      return String.fromCharCode(...units.subarray(start, start + (lengths[wordId] as number)))
    },
    units: () => units,
    start: (wordId) => starts[wordId] as number,
    length: (wordId) => lengths[wordId] as number,
    count: () => wordCount,
    memory_bytes: () =>
      [units, starts, lengths, wordTable, trigramKeys, trigramTable, shared, touched, touchedPoints].reduce(
        (sum, array) => sum + array.byteLength,
        trigrams.memory_bytes(),
      ),
  }
}

/**
 * One slip spoils three trigrams, exchanged neighbours four; a beginning lacks only the last, a part from within
 * the first two and the last. What shares fewer need not be compared letter by letter.
 */
function isWorthComparing(searched: number, keyCount: number, length: number, flagged: number): boolean {
  const count = flagged & ~CONTAINS_INNER
  if (count >= keyCount - 1) return true
  if (searched <= 2) return false
  if (searched === 3 && flagged & CONTAINS_INNER) return true
  if (searched <= 4) return (length <= searched + 1 && length >= searched - 1) || (searched === 4 && count >= 2)
  return count >= Math.max(2, Math.floor((searched + 1) / 3))
}

/** A short word with two letters exchanged may share no trigram with the word that was meant. */
function exchangedNeighbours(word: string): string[] {
  if (word.length < 3 || word.length > 4) return []
  return Array.from(
    { length: word.length - 1 },
    (_, at) => word.slice(0, at) + word.slice(at + 1, at + 2) + word.slice(at, at + 1) + word.slice(at + 2),
  ).filter((exchanged) => exchanged !== word)
}

/** Two trigrams with one key would only cost a comparison. */
function trigramKey(first: number, second: number, third: number): number {
  return scramble(Math.imul(Math.imul(first, 0x9e3779b1) ^ second, 0x85ebca6b) ^ third) >>> 0
}

function scramble(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x7feb352d)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}
