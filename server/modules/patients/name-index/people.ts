// The people of the index in packed arrays: a small number (slot) for each, their uuid, birth date and words.
import { grownUint32 } from './growable.ts'
import { createPostingLists } from './posting-lists.ts'

export type People = {
  /** The slot of a uuid, or undefined. */
  find: (id: string) => number | undefined
  /** Takes a slot for a person who has none; at most 32 words are kept. */
  insert: (id: string, wordIds: readonly number[], birthDay: number) => number
  remove: (id: string) => void
  idOf: (slot: number) => string
  wordCount: (slot: number) => number
  wordAt: (slot: number, at: number) => number
  birthDay: (slot: number) => number
  /** The slots of those who were born on a day. */
  bornOn: (birthDay: number) => Uint32Array
  /** One above the highest slot ever taken. */
  slotCount: () => number
  size: () => number
  memory_bytes: () => number
}

export const MOST_WORDS = 32
/** A uuid in 32-bit parts. */
const ID_PARTS = 4
/** Of each person in one piece, since every fetch from memory has to be waited for: the uuid, how many words, and three of them. */
const RECORD_PARTS = 8
/** Of more words than have room in a record, it has the place in `longNames`. */
const MOST_IN_RECORD = RECORD_PARTS - ID_PARTS - 1
const ANY_ID = '00000000-0000-0000-0000-000000000000'
/** Where in the text of a uuid its digits are. */
const ID_DIGITS = ANY_ID.split('').flatMap((character, at) => (character === '-' ? [] : [at]))
const HEX_DIGITS = '0123456789abcdef'

export function createPeople(): People {
  let records = new Uint32Array(1024)
  let birthDays = new Uint32Array(1024)
  let longNames = new Uint32Array(1024)
  let longNamesEnd = 0
  let slotCount = 0
  let size = 0
  /** Slots by the hash of their uuid, plus one; 0 is free. */
  let table = new Uint32Array(2048)
  const freeSlots: number[] = []
  /** Each day on which somebody was born has a list of slots, by its number here. */
  const listsOfDays = new Map<number, number>()
  const born = createPostingLists()
  /** By number of words: freed places in `longNames`. */
  const freeLongNames: number[][] = Array.from({ length: MOST_WORDS + 1 }, () => [])
  const wanted = new Uint32Array(ID_PARTS)
  const idText = Buffer.from(ANY_ID)

  function parse(id: string): void {
    wanted[0] = Number.parseInt(id.slice(0, 8), 16)
    wanted[1] = Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16)
    wanted[2] = Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16)
    wanted[3] = Number.parseInt(id.slice(28, 36), 16)
  }

  function homeOf(parts: Uint32Array, from: number, mask: number): number {
    let hash = 0
    for (let at = from; at < from + ID_PARTS; at++)
      hash = Math.imul(hash ^ (parts[at] as number), 0x9e3779b1) ^ (hash >>> 15)
    return (hash ^ (hash >>> 16)) & mask
  }

  /** The place in the table of the uuid in `wanted`, or the free place where it belongs. */
  function placeOfWanted(): number {
    const mask = table.length - 1
    let place = homeOf(wanted, 0, mask)
    for (;;) {
      const slot = (table[place] as number) - 1
      if (slot === -1 || isWanted(slot)) return place
      place = (place + 1) & mask
    }
  }

  function isWanted(slot: number): boolean {
    for (let at = 0; at < ID_PARTS; at++) if (records[slot * RECORD_PARTS + at] !== wanted[at]) return false
    return true
  }

  function growTable(): void {
    const grown = new Uint32Array(table.length * 2)
    const mask = grown.length - 1
    for (const entry of table) {
      if (entry === 0) continue
      let place = homeOf(records, (entry - 1) * RECORD_PARTS, mask)
      while (grown[place] !== 0) place = (place + 1) & mask
      grown[place] = entry
    }
    table = grown
  }

  /** Closes the gap, so that a search along the table never ends too early. */
  function removeFromTable(place: number): void {
    const mask = table.length - 1
    let gap = place
    for (let next = (gap + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const home = homeOf(records, ((table[next] as number) - 1) * RECORD_PARTS, mask)
      if (((next - home) & mask) < ((next - gap) & mask)) continue
      table[gap] = table[next] as number
      gap = next
    }
    table[gap] = 0
  }

  function find(id: string): number | undefined {
    parse(id)
    const entry = table[placeOfWanted()] as number
    return entry === 0 ? undefined : entry - 1
  }

  function insert(id: string, wordIds: readonly number[], birthDay: number): number {
    const slot = freeSlots.pop() ?? slotCount++
    records = grownUint32(records, slotCount * RECORD_PARTS)
    birthDays = grownUint32(birthDays, slotCount)
    parse(id)
    table[placeOfWanted()] = slot + 1
    records.set(wanted, slot * RECORD_PARTS)
    birthDays[slot] = birthDay
    if (birthDay !== 0) born.append(listOf(birthDay), slot)
    storeWords(slot, wordIds.slice(0, MOST_WORDS))
    size++
    if (size * 2 > table.length) growTable()
    return slot
  }

  function listOf(birthDay: number): number {
    const known = listsOfDays.get(birthDay)
    if (known !== undefined) return known
    listsOfDays.set(birthDay, listsOfDays.size)
    return listsOfDays.size - 1
  }

  function bornOn(birthDay: number): Uint32Array {
    const list = listsOfDays.get(birthDay)
    if (list === undefined) return new Uint32Array()
    const slots = new Uint32Array(born.count(list))
    let filled = 0
    born.each(list, (entries, from, end) => {
      slots.set(entries.subarray(from, end), filled)
      filled += end - from
    })
    return slots
  }

  function storeWords(slot: number, wordIds: readonly number[]): void {
    const countAt = slot * RECORD_PARTS + ID_PARTS
    records[countAt] = wordIds.length
    if (wordIds.length <= MOST_IN_RECORD) {
      records.set(wordIds, countAt + 1)
      return
    }
    const place = placeForLongName(wordIds.length)
    records[countAt + 1] = place
    longNames.set(wordIds, place)
  }

  function placeForLongName(count: number): number {
    const freed = freeLongNames[count]?.pop()
    if (freed !== undefined) return freed
    const place = longNamesEnd
    longNamesEnd += count
    longNames = grownUint32(longNames, longNamesEnd)
    return place
  }

  function remove(id: string): void {
    parse(id)
    const place = placeOfWanted()
    const slot = (table[place] as number) - 1
    if (slot === -1) return
    removeFromTable(place)
    const count = wordCount(slot)
    const countAt = slot * RECORD_PARTS + ID_PARTS
    if (count > MOST_IN_RECORD) freeLongNames[count]?.push(records[countAt + 1] as number)
    records[countAt] = 0
    const birthDay = birthDays[slot] as number
    if (birthDay !== 0) born.remove(listOf(birthDay), slot)
    birthDays[slot] = 0
    freeSlots.push(slot)
    size--
  }

  function wordCount(slot: number): number {
    return records[slot * RECORD_PARTS + ID_PARTS] as number
  }

  function wordAt(slot: number, at: number): number {
    const countAt = slot * RECORD_PARTS + ID_PARTS
    if ((records[countAt] as number) <= MOST_IN_RECORD) return records[countAt + 1 + at] as number
    return longNames[(records[countAt + 1] as number) + at] as number
  }

  function idOf(slot: number): string {
    let digit = 0
    for (let part = 0; part < ID_PARTS; part++) {
      const bits = records[slot * RECORD_PARTS + part] as number
      for (let shift = 28; shift >= 0; shift -= 4)
        idText[ID_DIGITS[digit++] as number] = HEX_DIGITS.charCodeAt((bits >>> shift) & 15)
    }
    return idText.toString('latin1')
  }

  return {
    find,
    insert,
    remove,
    idOf,
    wordCount,
    wordAt,
    birthDay: (slot) => birthDays[slot] as number,
    bornOn,
    slotCount: () => slotCount,
    size: () => size,
    memory_bytes: () =>
      [records, birthDays, longNames, table].reduce((sum, array) => sum + array.byteLength, 0) + born.memory_bytes(),
  }
}
