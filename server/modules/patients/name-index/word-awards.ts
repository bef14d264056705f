// Points of one search for those whom its words fit: the rarest word first, since going through crowds is what a search costs.
import type { People } from './people.ts'
import { MOST_ENTRIES, type PostingLists } from './posting-lists.ts'
import type { Scoreboard } from './scoreboard.ts'
import { createSlotSet, type SlotSet } from './slot-set.ts'
import { POINTS, type SimilarWords, type WordDictionary } from './word-dictionary.ts'
import { createWordMatcher } from './word-matcher.ts'

/** `weight`: what the whole word counts, as a multiple of POINTS. */
export type SearchedWord = { text: string; weight: number }
/** `people`: how many hold a word that it could mean. */
type LookedUp = { word: SearchedWord; similar: SimilarWords; people: number }

export type WordAwards = {
  /** Of two words, whoever fits one alone is let be where `most` are on the board. `hasDays`: a birth date is searched for, too. */
  award: (searched: readonly SearchedWord[], most: number, hasDays: boolean) => void
  memory_bytes: () => number
}

/** Where one searched word fits more people than this, it only adds to those that another word has found. */
const MOST_FOUND_BY_WORD = 50_000
/** Going through a list costs so much less than looking up the words of a person, which lie all over the memory. */
const LISTED_FOR_ONE_LOOKED_UP = 20
/** A searched word of so few letters fits so many that it, too, only adds. */
const SHORT_WORD = 2
/** A search for one word ends with this many: those that follow are no better. */
const ENOUGH_FOR_ONE_WORD = 10_000
/** Names go together, or do not: a try is worth it where chance alone would give so many times as many as are wanted. */
const MANY_TIMES = 2
/** Where a beginning of names is all that a search has to begin with, it ends with this many. */
const MOST_FOUND = 50_000

/** `holders`: for each word of the dictionary the people who have it in their name. */
export function createWordAwards(
  people: People,
  dictionary: WordDictionary,
  holders: PostingLists,
  board: Scoreboard,
): WordAwards {
  const fitted = createSlotSet()
  /** Whom a piece of a list has in common with those who are looked for. */
  const kept = new Uint32Array(MOST_ENTRIES)
  /** Points of dictionary words for one searched word; all zero between uses. */
  let wordPoints = new Uint8Array(1024)

  /** The rarest words first: those that fit crowds then only add to whom these have found. */
  function award(searched: readonly SearchedWord[], most: number, hasDays: boolean): void {
    fitted.reserve(people.slotCount())
    const isAlone = searched.length === 1 && !hasDays
    const long = searched.filter(({ text }) => !isShort(text))
    const short = searched.filter(({ text }) => isShort(text))
    const lookedUp = long.map((word) => lookUp(word)).toSorted((a, b) => a.people - b.people)
    const [rare, common] = lookedUp
    let round = 1
    // Not where a short word follows, which tells apart whom one of the long ones fits.
    if (rare && common && searched.length === 2 && !hasDays) {
      awardPair(rare, common, most)
    } else {
      for (const looked of lookedUp) {
        if (looked.people <= MOST_FOUND_BY_WORD || board.count() === 0) awardHolders(looked, round++, isAlone)
        else if (isQuickerListed(looked, board.count())) awardHoldersIn(board.found, looked, round++)
        else awardAmongFound(looked)
      }
    }
    for (const word of short) {
      if (board.count() > 0) awardFoundByLetters(word)
      else awardHolders(lookUp(word), round++, isAlone)
    }
  }

  function lookUp(word: SearchedWord): LookedUp {
    const similar = dictionary.findSimilar(word.text)
    return { word, similar, people: countHolders(similar) }
  }

  function awardHolders({ word, similar }: LookedUp, round: number, isAlone: boolean): void {
    const enough = isAlone ? ENOUGH_FOR_ONE_WORD : MOST_FOUND
    for (const [at, wordId] of similar.word_ids.entries()) {
      const points = (similar.points[at] as number) * word.weight
      holders.each(wordId, (slots, from, end) => {
        for (let posting = from; posting < end; posting++) board.award(slots[posting] as number, round, points)
      })
      if (board.count() >= enough) return
    }
  }

  /** As `awardHolders`, of those only whom another word has found, until there are enough. */
  function awardHoldersIn(
    found: Pick<SlotSet, 'among'>,
    { word, similar }: LookedUp,
    round: number,
    enough = Infinity,
  ): void {
    for (const [at, wordId] of similar.word_ids.entries()) {
      const points = (similar.points[at] as number) * word.weight
      holders.each(wordId, (slots, from, end) => {
        if (board.count() >= enough) return
        const count = found.among(slots, from, end, kept)
        for (let place = 0; place < count; place++) board.award(kept[place] as number, round, points)
      })
    }
  }

  /** Whom both words fit, and after them, until there are enough, whom one of them fits best: who fits one is behind who fits both. */
  function awardPair(rare: LookedUp, common: LookedUp, most: number): void {
    if (areEnough(bestOf(rare), bestOf(common), most)) return
    for (const wordId of rare.similar.word_ids) holders.each(wordId, fitted.addAll)
    awardHoldersIn(fitted, common, 1)
    fitted.clear()
    // Those who are no more than can be compared are compared, whatever their points.
    if (board.count() > most) awardHoldersIn(board.found, rare, 2)
    if (board.count() >= most) return
    const telling = rare.people > 0 && common.people > MOST_FOUND_BY_WORD ? [rare] : [rare, common]
    const fits = telling.flatMap(({ word, similar: { word_ids, points } }) =>
      Array.from(word_ids, (wordId, at) => ({ wordId, points: (points[at] as number) * word.weight })),
    )
    for (const { wordId, points } of fits.toSorted((a, b) => b.points - a.points)) {
      if (board.count() >= most) return
      holders.each(wordId, (slots, from, end) => {
        for (let posting = from; posting < end && board.count() < most; posting++) {
          const slot = slots[posting] as number
          if (!board.found.has(slot)) board.award(slot, 1, points)
        }
      })
    }
  }

  /** Whether those are enough whom the words fit that fit best, where as many can be expected: nobody has more points. */
  function areEnough(rare: LookedUp, common: LookedUp, most: number): boolean {
    if ((rare.people * common.people) / people.size() < most * MANY_TIMES) return false
    for (const wordId of rare.similar.word_ids) holders.each(wordId, fitted.addAll)
    awardHoldersIn(fitted, common, 1, most)
    fitted.clear()
    return board.count() >= most
  }

  /** With those words only that fit as well as the best. */
  function bestOf({ word, similar: { word_ids, points } }: LookedUp): LookedUp {
    const count = points.filter((own) => own === points[0]).length
    const best = { word_ids: word_ids.subarray(0, count), points: points.subarray(0, count) }
    return { word, similar: best, people: countHolders(best) }
  }

  function countHolders({ word_ids }: SimilarWords): number {
    return word_ids.reduce((sum, wordId) => sum + holders.count(wordId), 0)
  }

  function awardAmongFound({ word, similar }: LookedUp): void {
    if (wordPoints.length < dictionary.count()) wordPoints = new Uint8Array(Math.ceil(dictionary.count() * 1.5))
    for (const [at, wordId] of similar.word_ids.entries()) wordPoints[wordId] = similar.points[at] as number
    const slots = board.slots()
    for (let place = 0; place < slots.length; place++) {
      const slot = slots[place] as number
      let most = 0
      for (let at = people.wordCount(slot) - 1; at >= 0; at--) {
        most = Math.max(most, wordPoints[people.wordAt(slot, at)] as number)
      }
      board.awardAt(place, most * word.weight)
    }
    for (const wordId of similar.word_ids) wordPoints[wordId] = 0
  }

  /** As `awardAmongFound`, without looking up the tens of thousands of words that an initial could mean. */
  function awardFoundByLetters(word: SearchedWord): void {
    createWordMatcher(word.text).use(({ likeness }) => {
      const units = dictionary.units()
      const slots = board.slots()
      for (let place = 0; place < slots.length; place++) {
        const slot = slots[place] as number
        let most = 0
        for (let at = people.wordCount(slot) - 1; at >= 0; at--) {
          const wordId = people.wordAt(slot, at)
          most = Math.max(most, likeness(units, dictionary.start(wordId), dictionary.length(wordId)))
        }
        board.awardAt(place, Math.round(most * POINTS) * word.weight)
      }
    })
  }

  return { award, memory_bytes: () => fitted.memory_bytes() + kept.byteLength + wordPoints.byteLength }
}

/** One or two ideographs, or letters of Hangul, are a name and no initials: few have it, and a search begins with those. */
const isShort = (text: string) => text.length <= SHORT_WORD && !/[\p{Ideographic}\p{sc=Hangul}]/u.test(text)

const isQuickerListed = ({ people }: LookedUp, found: number) => people <= found * LISTED_FOR_ONE_LOOKED_UP
