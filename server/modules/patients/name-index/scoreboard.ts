// Counts points for people during one search, and says who has most.
import { grownUint8, grownUint16, grownUint32 } from './growable.ts'

export type Scoreboard = {
  /** Makes room for slots below this. */
  reserve: (slotCount: number) => void
  /** Gives points for a word of the search, once for each person: give the most points first. */
  award: (slot: number, round: number, points: number) => void
  has: (slot: number) => boolean
  /** The people with points, in the order they came. */
  slots: () => Uint32Array
  count: () => number
  /** About `most` slots with the most points; among equals those who came first. */
  best: (most: number) => number[]
  clear: () => void
  memory_bytes: () => number
}

const MOST_POINTS = 0xffff

export function createScoreboard(): Scoreboard {
  let points = new Uint16Array(1024)
  /** The round in which a slot was given points last; rounds begin with 1. */
  let rounds = new Uint8Array(1024)
  let seen = new Uint32Array(1024)
  let seenCount = 0
  let mostPoints = 0
  const histogram = new Uint32Array(MOST_POINTS + 1)

  function award(slot: number, round: number, gained: number): void {
    const last = rounds[slot] as number
    if (last === round) return
    if (last === 0) seen[seenCount++] = slot
    rounds[slot] = round
    const sum = (points[slot] as number) + gained
    points[slot] = sum
    if (sum > mostPoints) mostPoints = sum
  }

  function best(most: number): number[] {
    histogram.fill(0, 0, mostPoints + 1)
    for (let at = 0; at < seenCount; at++) {
      const sum = points[seen[at] as number] as number
      histogram[sum] = (histogram[sum] as number) + 1
    }
    let enough = mostPoints
    let above = 0
    while (enough > 0 && above + (histogram[enough] as number) < most) above += histogram[enough--] as number
    let equalsLeft = most - above
    const slots: number[] = []
    for (let at = 0; at < seenCount; at++) {
      const slot = seen[at] as number
      const sum = points[slot] as number
      if (sum > enough || (sum === enough && equalsLeft-- > 0)) slots.push(slot)
    }
    return slots
  }

  function clear(): void {
    for (let at = 0; at < seenCount; at++) {
      const slot = seen[at] as number
      points[slot] = 0
      rounds[slot] = 0
    }
    seenCount = 0
    mostPoints = 0
  }

  return {
    reserve: (slotCount) => {
      points = grownUint16(points, slotCount)
      rounds = grownUint8(rounds, slotCount)
      seen = grownUint32(seen, slotCount)
    },
    award,
    has: (slot) => rounds[slot] !== 0,
    slots: () => seen.subarray(0, seenCount),
    count: () => seenCount,
    best,
    clear,
    memory_bytes: () => points.byteLength + rounds.byteLength + seen.byteLength + histogram.byteLength,
  }
}
