// Finds people by part of their name, words in any order, with slips or without diacritics, and by birth date.
// It lives in memory only: nothing of it may be written anywhere (see docs/threat-model.md).
import { wordLikeness } from '../duplicates.ts'
import { normaliseName } from '../names.ts'
import { birthDay, birthDayLikeness, type BirthDays, birthDays } from './birth-days.ts'
import { bestPairing } from './pairing.ts'
import { createPeople, MOST_WORDS } from './people.ts'
import { createPostingLists } from './posting-lists.ts'
import { createScoreboard } from './scoreboard.ts'
import { createWordAwards, type SearchedWord } from './word-awards.ts'
import { createWordDictionary, POINTS } from './word-dictionary.ts'
import { createWordMatcher } from './word-matcher.ts'

export type NameMatch = { id: string; /** 0..1, 1 for the whole name in any order. */ score: number }

/**
 * `only_born` looks among the people of that birth date (day and month exchanged included), and at no name first, for who may be
 * the same person; `among` compares these people and no other, each of them.
 */
export type NameSearch = {
  limit: number
  date_of_birth?: string | undefined
  only_born?: boolean
  among?: readonly string[] | undefined
}

export type NameIndex = {
  /** Adds a person, or replaces what was known of them. `name` is first, middle and last name in one. */
  upsert: (id: string, name: string, date_of_birth: string | null) => void
  remove: (id: string) => void
  /** The best matches first; by birth date alone when the text is empty. */
  search: (text: string, options: NameSearch) => NameMatch[]
  size: () => number
  memory_bytes: () => number
}

const LONGEST_SEARCH = 200
const MOST_SEARCHED_WORDS = 8
/** Compared word by word after counting points; of equals, more need not be looked at than can be shown. */
const FEWEST_COMPARED = 200
/** When nobody fits so well, parts of the search are also read as one word, and words as two. */
const GOOD_SCORE = 0.85
const MOST_VARIANTS = 6
/** A longer search costs more for each variant, and is rarely one name with a space too many. */
const MOST_VARIED_WORDS = 4
const VARIANT_COST = 0.03
/** What a birth date counts beside a name. */
const BIRTH_DATE_SHARE = 0.4
const EXTRA_WORD_COST = 0.01
/** Of one word of three and the birth date. */
const NAMESAKE_SCORE = 0.55
/** Of those born on one day all are compared: on the first of January many are, whose birth date nobody knows. */
const MOST_NAMESAKES = 10_000

export function createNameIndex(): NameIndex {
  const people = createPeople()
  const dictionary = createWordDictionary()
  const holders = createPostingLists()
  const board = createScoreboard()
  const wordAwards = createWordAwards(people, dictionary, holders, board)
  const gains = new Float64Array(MOST_SEARCHED_WORDS * MOST_WORDS)

  function remove(id: string): void {
    const slot = people.find(id)
    if (slot === undefined) return
    for (let at = people.wordCount(slot) - 1; at >= 0; at--) holders.remove(people.wordAt(slot, at), slot)
    people.remove(id)
  }

  function upsert(id: string, name: string, date_of_birth: string | null): void {
    remove(id)
    const words = [...new Set(splitWords(normaliseName(name)))].slice(0, MOST_WORDS)
    const wordIds = words.map(dictionary.intern)
    // Two long words may be cut to one.
    const distinct = wordIds.filter((wordId, at) => wordIds.indexOf(wordId) === at)
    const slot = people.insert(id, distinct, birthDay(date_of_birth))
    for (const wordId of distinct) holders.append(wordId, slot)
  }

  function search(text: string, { limit, date_of_birth, only_born = false, among }: NameSearch): NameMatch[] {
    const words = splitWords(normaliseName(text.slice(0, LONGEST_SEARCH))).slice(0, MOST_SEARCHED_WORDS)
    const days = date_of_birth === undefined ? undefined : birthDays(date_of_birth)
    if (words.length === 0 && days === undefined) return []
    const scores = new Map<number, number>()
    const compared = among?.flatMap((id) => people.find(id) ?? [])
    const collect = (searched: readonly string[], cost: number) => {
      for (const [slot, score] of rank(searched, days, limit, only_born, compared)) {
        if (score === 0 && compared) continue
        scores.set(slot, Math.max(scores.get(slot) ?? 0, score - cost))
      }
    }
    collect(words, 0)
    if (!only_born && words.length <= MOST_VARIED_WORDS && Math.max(0, ...scores.values()) < GOOD_SCORE) {
      for (const variant of variantsOf(words)) collect(variant, VARIANT_COST)
    }
    const readings = only_born ? [[...words], ...variantsOf(words)] : []
    return [...scores]
      .filter(([slot, score]) => !only_born || (score >= NAMESAKE_SCORE && isNamesake(readings, slot)))
      .toSorted(([slot, score], [otherSlot, otherScore]) => otherScore - score || slot - otherSlot)
      .slice(0, limit)
      .map(([slot, score]) => ({ id: people.idOf(slot), score: Math.round(score * 1000) / 1000 }))
  }

  /** Whether two words at least stand for two of the name: in a crowd, many who were born on a day share one. */
  function isNamesake(readings: readonly string[][], slot: number): boolean {
    const own = Array.from({ length: people.wordCount(slot) }, (_, at) => dictionary.textOf(people.wordAt(slot, at)))
    const isOne = own.length === 1 || new Set(readings[0]).size === 1
    return readings.some((words) => {
      const pairs = words.flatMap((word, row) =>
        own.flatMap((other, at) => (wordLikeness(word, other) > 0 ? [{ row, at }] : [])),
      )
      return pairs.some((one) => isOne || pairs.some(({ row, at }) => row !== one.row && at !== one.at))
    })
  }

  /** `mary ann` also as `maryann`, and `maryann` as two words where both are known. */
  function variantsOf(words: readonly string[]): string[][] {
    const variants: string[][] = []
    for (const [at, word] of words.entries()) {
      const next = words[at + 1]
      if (next !== undefined) variants.push(words.toSpliced(at, 2, word + next))
      for (let cut = 2; cut <= word.length - 2; cut++) {
        const parts = [word.slice(0, cut), word.slice(cut)]
        if (parts.every(isHeld)) variants.push(words.toSpliced(at, 1, ...parts))
      }
    }
    return variants.slice(0, MOST_VARIANTS)
  }

  function isHeld(word: string): boolean {
    const wordId = dictionary.find(word)
    return wordId !== undefined && holders.count(wordId) > 0
  }

  function rank(
    words: readonly string[],
    days: BirthDays | undefined,
    limit: number,
    only_born: boolean,
    compared: readonly number[] | undefined,
  ): [number, number][] {
    const searched = words.map((text) => ({ text, weight: weightOf(text) }))
    const weight = searched.reduce((sum, word) => sum + word.weight, 0)
    const best = () => {
      board.reserve(people.slotCount())
      const most = only_born ? MOST_NAMESAKES : Math.max(FEWEST_COMPARED, limit * 2)
      if (!only_born) wordAwards.award(searched, most, days !== undefined)
      if (days) awardBirthDay(days, searched.length + 1, weight)
      const found = board.best(most)
      board.clear()
      return found
    }
    const slots = compared ?? best()
    const nameScores = scoreNames(searched, weight, slots)
    return slots.map((slot, at) => {
      const name = nameScores[at] as number
      if (!days) return [slot, name]
      const born = birthDayLikeness(people.birthDay(slot), days)
      return [slot, words.length === 0 ? born : name * (1 - BIRTH_DATE_SHARE) + born * BIRTH_DATE_SHARE]
    })
  }

  function awardBirthDay(days: BirthDays, round: number, weight: number): void {
    // Without words a birth date is all there is to score.
    const full = weight === 0 ? POINTS : (weight * POINTS * BIRTH_DATE_SHARE) / (1 - BIRTH_DATE_SHARE)
    awardBorn(days.exact, round, Math.round(full))
    awardBorn(days.exchanged, round, Math.round(full / 2))
  }

  function awardBorn(day: number, round: number, points: number): void {
    for (const slot of people.bornOn(day)) board.award(slot, round, points)
  }

  /** Pairs each searched word with a word of its own, the likeliest pairs first; 0..1 for each slot. */
  function scoreNames(searched: readonly SearchedWord[], weight: number, slots: readonly number[]): number[] {
    if (weight === 0) return slots.map(() => 0)
    // Nothing waits for anything here, so that what is far off in the memory is fetched all at once.
    const counts = slots.map(people.wordCount)
    // Those whom a search finds share many of their words: each is compared once.
    const placeOfWord = new Map<number, number>()
    const places: number[] = []
    for (const [index, slot] of slots.entries()) {
      for (let at = 0; at < (counts[index] as number); at++) {
        const wordId = people.wordAt(slot, at)
        let place = placeOfWord.get(wordId)
        if (place === undefined) placeOfWord.set(wordId, (place = placeOfWord.size))
        places.push(place)
      }
    }
    const gainsOfWords = searched.map(({ text, weight: ofWord }) =>
      createWordMatcher(text).use(({ likeness }) => {
        const gainOf = new Float64Array(placeOfWord.size)
        for (const [wordId, place] of placeOfWord) {
          gainOf[place] = likeness(dictionary.units(), dictionary.start(wordId), dictionary.length(wordId)) * ofWord
        }
        return gainOf
      }),
    )
    let from = 0
    return counts.map((count) => {
      for (const [row, gainOf] of gainsOfWords.entries()) {
        for (let at = 0; at < count; at++) gains[row * count + at] = gainOf[places[from + at] as number] as number
      }
      from += count
      const extra = Math.max(0, count - searched.length)
      return Math.max(0, bestPairing(gains, searched.length, count) / weight - EXTRA_WORD_COST * Math.min(5, extra))
    })
  }

  return {
    upsert,
    remove,
    search,
    size: people.size,
    memory_bytes: () =>
      people.memory_bytes() +
      dictionary.memory_bytes() +
      holders.memory_bytes() +
      board.memory_bytes() +
      wordAwards.memory_bytes(),
  }
}

/** An initial says less than a name. */
function weightOf(word: string): number {
  return word.length === 1 ? 4 : word.length === 2 ? 7 : 10
}

function splitWords(normalised: string): string[] {
  return normalised === '' ? [] : normalised.split(' ')
}
