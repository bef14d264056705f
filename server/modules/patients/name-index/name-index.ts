// Finds people by part of their name, words in any order, with slips or without diacritics, and by birth date.
// It lives in memory only: nothing of it may be written anywhere (see docs/threat-model.md).
import { normaliseName } from '../names.ts'
import { birthDay, birthDayLikeness, type BirthDays, birthDays } from './birth-days.ts'
import { bestPairing, type Pair } from './pairing.ts'
import { createPeople, MOST_WORDS } from './people.ts'
import { createPostingLists } from './posting-lists.ts'
import { createScoreboard } from './scoreboard.ts'
import { createWordDictionary, POINTS, type SimilarWords } from './word-dictionary.ts'
import { createWordMatcher } from './word-matcher.ts'

export type NameMatch = { id: string; /** 0..1, 1 for the whole name in any order. */ score: number }

/**
 * `only_born` looks among the people of that birth date (day and month exchanged included) and at no name first; `among`
 * compares these people and no other, each of them.
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
/** Where one searched word fits more people than this, it only adds to those that another word has found. */
const MOST_FOUND_BY_WORD = 50_000
/** Going through a list costs so much less than looking up the words of a person, which lie all over the memory. */
const LISTED_FOR_ONE_LOOKED_UP = 20
/** A searched word of so few letters fits so many that it, too, only adds. */
const SHORT_WORD = 2
/** A search for one word ends with this many: those that follow are no better. */
const ENOUGH_FOR_ONE_WORD = 10_000
/** Where a beginning of names is all that a search has to begin with, it ends with this many. */
const MOST_FOUND = 50_000
/** When nobody fits so well, parts of the search are also read as one word, and words as two. */
const GOOD_SCORE = 0.85
const MOST_VARIANTS = 6
/** A longer search costs more for each variant, and is rarely one name with a space too many. */
const MOST_VARIED_WORDS = 4
const VARIANT_COST = 0.03
/** What a birth date counts beside a name. */
const BIRTH_DATE_SHARE = 0.4
const EXTRA_WORD_COST = 0.01

type SearchedWord = { text: string; weight: number }

export function createNameIndex(): NameIndex {
  const people = createPeople()
  const dictionary = createWordDictionary()
  const holders = createPostingLists()
  const board = createScoreboard()
  let postings = new Uint32Array(1024)
  /** Points of dictionary words for one searched word; all zero between uses. */
  let wordPoints = new Uint8Array(1024)

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
    return [...scores]
      .toSorted(([slot, score], [otherSlot, otherScore]) => otherScore - score || slot - otherSlot)
      .slice(0, limit)
      .map(([slot, score]) => ({ id: people.idOf(slot), score: Math.round(score * 1000) / 1000 }))
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
      if (!only_born) awardWords(searched, searched.length === 1 && days === undefined)
      if (days) awardBirthDay(days, searched.length + 1, weight)
      const found = board.best(Math.max(FEWEST_COMPARED, limit * 2))
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

  /** The rarest words first: those that fit crowds then only add to whom these have found. */
  function awardWords(searched: readonly SearchedWord[], isAlone: boolean): void {
    const long = searched.filter(({ text }) => text.length > SHORT_WORD)
    const short = searched.filter(({ text }) => text.length <= SHORT_WORD)
    const lookedUp = long.map((word) => lookUp(word)).toSorted((a, b) => a.people - b.people)
    let round = 1
    for (const { word, similar, people: fitting } of lookedUp) {
      if (fitting <= MOST_FOUND_BY_WORD || board.count() === 0) awardHolders(word, similar, round++, isAlone)
      else if (fitting <= board.count() * LISTED_FOR_ONE_LOOKED_UP) awardFoundHolders(word, similar, round++)
      else awardAmongFound(word, similar, round++)
    }
    for (const word of short) {
      if (board.count() > 0) awardFoundByLetters(word, round++)
      else awardHolders(word, lookUp(word).similar, round++, isAlone)
    }
  }

  function lookUp(word: SearchedWord): { word: SearchedWord; similar: SimilarWords; people: number } {
    const similar = dictionary.findSimilar(word.text)
    return { word, similar, people: similar.word_ids.reduce((sum, wordId) => sum + holders.count(wordId), 0) }
  }

  function awardHolders(word: SearchedWord, similar: SimilarWords, round: number, isAlone: boolean): void {
    const enough = isAlone ? ENOUGH_FOR_ONE_WORD : MOST_FOUND
    for (const [at, wordId] of similar.word_ids.entries()) {
      const count = copyHolders(wordId)
      const points = (similar.points[at] as number) * word.weight
      for (let posting = 0; posting < count; posting++) board.award(postings[posting] as number, round, points)
      if (board.count() >= enough) return
    }
  }

  /** As `awardHolders`, of those only whom another word has found. */
  function awardFoundHolders(word: SearchedWord, similar: SimilarWords, round: number): void {
    for (const [at, wordId] of similar.word_ids.entries()) {
      const count = copyHolders(wordId)
      const points = (similar.points[at] as number) * word.weight
      for (let posting = 0; posting < count; posting++) {
        const slot = postings[posting] as number
        if (board.has(slot)) board.award(slot, round, points)
      }
    }
  }

  /** Into `postings`. How many there are. */
  function copyHolders(wordId: number): number {
    const held = holders.count(wordId)
    if (held > postings.length) postings = new Uint32Array(held * 2)
    return holders.copyInto(postings, wordId)
  }

  function awardAmongFound(word: SearchedWord, similar: SimilarWords, round: number): void {
    if (wordPoints.length < dictionary.count()) wordPoints = new Uint8Array(Math.ceil(dictionary.count() * 1.5))
    for (const [at, wordId] of similar.word_ids.entries()) wordPoints[wordId] = similar.points[at] as number
    for (const slot of board.slots()) {
      let most = 0
      for (let at = people.wordCount(slot) - 1; at >= 0; at--) {
        most = Math.max(most, wordPoints[people.wordAt(slot, at)] as number)
      }
      if (most > 0) board.award(slot, round, most * word.weight)
    }
    for (const wordId of similar.word_ids) wordPoints[wordId] = 0
  }

  /** As `awardAmongFound`, without looking up the tens of thousands of words that an initial could mean. */
  function awardFoundByLetters(word: SearchedWord, round: number): void {
    createWordMatcher(word.text).use(({ likeness }) => {
      const units = dictionary.units()
      for (const slot of board.slots()) {
        let most = 0
        for (let at = people.wordCount(slot) - 1; at >= 0; at--) {
          const wordId = people.wordAt(slot, at)
          most = Math.max(most, likeness(units, dictionary.start(wordId), dictionary.length(wordId)))
        }
        if (most > 0) board.award(slot, round, Math.round(most * POINTS) * word.weight)
      }
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
    const pairs = slots.map((): Pair[] => [])
    for (const [row, word] of searched.entries()) {
      createWordMatcher(word.text).use(({ likeness }) => {
        for (const [index, slot] of slots.entries()) {
          for (let at = people.wordCount(slot) - 1; at >= 0; at--) {
            const wordId = people.wordAt(slot, at)
            const alike = likeness(dictionary.units(), dictionary.start(wordId), dictionary.length(wordId))
            if (alike > 0) pairs[index]?.push({ row, at, gain: alike * word.weight })
          }
        }
      })
    }
    return pairs.map((ofSlot, index) => {
      const extra = Math.max(0, people.wordCount(slots[index] as number) - searched.length)
      const score = bestPairing(ofSlot) / weight - EXTRA_WORD_COST * Math.min(5, extra)
      return Math.max(0, score)
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
      postings.byteLength +
      wordPoints.byteLength,
  }
}

/** An initial says less than a name. */
function weightOf(word: string): number {
  return word.length === 1 ? 4 : word.length === 2 ? 7 : 10
}

function splitWords(normalised: string): string[] {
  return normalised === '' ? [] : normalised.split(' ')
}
