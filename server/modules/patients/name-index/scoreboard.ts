// Counts points for people during one search, and says who has most.
import { grownUint8, grownUint16, grownUint32 } from './growable.ts'
import { createSlotSet, type SlotSet } from './slot-set.ts'

export type Scoreboard = {
  /** Makes room for slots below this. */
  reserve: (slotCount: number) => void
  /** Gives points for a word of the search, once for each person: give the most points first. */
  award: (slot: number, round: number, points: number) => void
  /** Who has points. */
  found: Pick<SlotSet, 'has' | 'among'>
  /** The people with points, in the order they came. */
  slots: () => Uint32Array
  /** Gives points to whom `slots` has at a place. */
  awardAt: (place: number, points: number) => void
  count: () => number
  /** About `most` slots with the most points; among equals those who came first. */
  best: (most: number) => number[]
  clear: () => void
  memory_bytes: () => number
}

const MOST_POINTS = 0xffff
const SMALLEST_TABLE = 4096

export function createScoreboard(): Scoreboard {
  /** Who has points. Most who are asked about have none, which is known from here alone. */
  const found = createSlotSet()
  /** By the hash of a slot its place among those seen, plus one. A place for each person there is would lie far off in the memory. */
  let table = new Uint32Array(SMALLEST_TABLE)
  let tableMask = SMALLEST_TABLE - 1
  let seen = new Uint32Array(1024)
  let sums = new Uint16Array(1024)
  /** The round in which points were given last; rounds begin with 1. */
  let rounds = new Uint8Array(1024)
  let seenCount = 0
  let mostPoints = 0
  const histogram = new Uint32Array(MOST_POINTS + 1)

  function award(slot: number, round: number, points: number): void {
    const place = found.has(slot) ? placeOf(slot) : newPlace(slot)
    if (rounds[place] === round) return
    rounds[place] = round
    awardAt(place, points)
  }

  function placeOf(slot: number): number {
    let at = homeOf(slot)
    while (seen[(table[at] as number) - 1] !== slot) at = (at + 1) & tableMask
    return (table[at] as number) - 1
  }

  function newPlace(slot: number): number {
    if (seenCount * 2 > tableMask) growTable()
    const place = seenCount++
    found.add(slot)
    seen[place] = slot
    sums[place] = 0
    rounds[place] = 0
    enter(place)
    return place
  }

  function enter(place: number): void {
    let at = homeOf(seen[place] as number)
    while (table[at] !== 0) at = (at + 1) & tableMask
    table[at] = place + 1
  }

  function homeOf(slot: number): number {
    return (Math.imul(slot, 0x9e3779b1) >>> 8) & tableMask
  }

  function growTable(): void {
    tableMask = tableMask * 2 + 1
    table = grownUint32(table, tableMask + 1)
    table.fill(0, 0, tableMask + 1)
    for (let place = 0; place < seenCount; place++) enter(place)
  }

  function awardAt(place: number, points: number): void {
    const sum = (sums[place] as number) + points
    sums[place] = sum
    if (sum > mostPoints) mostPoints = sum
  }

  function best(most: number): number[] {
    histogram.fill(0, 0, mostPoints + 1)
    for (let at = 0; at < seenCount; at++) {
      const sum = sums[at] as number
      histogram[sum] = (histogram[sum] as number) + 1
    }
    let enough = mostPoints
    let above = 0
    while (enough > 0 && above + (histogram[enough] as number) < most) above += histogram[enough--] as number
    let equalsLeft = most - above
    const slots: number[] = []
    for (let at = 0; at < seenCount; at++) {
      const sum = sums[at] as number
      if (sum > enough || (sum === enough && equalsLeft-- > 0)) slots.push(seen[at] as number)
    }
    return slots
  }

  return {
    reserve: (slotCount) => {
      found.reserve(slotCount)
      seen = grownUint32(seen, slotCount)
      sums = grownUint16(sums, slotCount)
      rounds = grownUint8(rounds, slotCount)
    },
    award,
    awardAt,
    found,
    slots: () => seen.subarray(0, seenCount),
    count: () => seenCount,
    best,
    clear: () => {
      found.clear()
      table.fill(0, 0, tableMask + 1)
      tableMask = SMALLEST_TABLE - 1
      seenCount = 0
      mostPoints = 0
    },
    memory_bytes: () =>
      [table, seen, sums, rounds, histogram].reduce((bytes, array) => bytes + array.byteLength, found.memory_bytes()),
  }
}
