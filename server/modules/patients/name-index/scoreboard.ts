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

export function createScoreboard(): Scoreboard {
  /** Who has points. Most who are asked about have none, which is known from here alone. */
  const found = createSlotSet()
  /** Of a slot with points its place among those seen; what is known of them lies together. */
  let places = new Uint32Array(1024)
  let seen = new Uint32Array(1024)
  let sums = new Uint16Array(1024)
  /** The round in which points were given last; rounds begin with 1. */
  let rounds = new Uint8Array(1024)
  let seenCount = 0
  let mostPoints = 0
  const histogram = new Uint32Array(MOST_POINTS + 1)

  function award(slot: number, round: number, points: number): void {
    if (!found.has(slot)) {
      found.add(slot)
      places[slot] = seenCount
      seen[seenCount] = slot
      sums[seenCount] = 0
      rounds[seenCount] = 0
      seenCount++
    }
    const place = places[slot] as number
    if (rounds[place] === round) return
    rounds[place] = round
    awardAt(place, points)
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
      places = grownUint32(places, slotCount)
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
      seenCount = 0
      mostPoints = 0
    },
    memory_bytes: () =>
      [places, seen, sums, rounds, histogram].reduce((bytes, array) => bytes + array.byteLength, found.memory_bytes()),
  }
}
