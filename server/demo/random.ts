// Repeatable randomness: the same seed gives the same people, queries and orders on every machine.

export type Random = () => number

/** mulberry32: numbers in [0, 1), decided by the seed alone. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One entry, all equally likely. @throws when the list is empty */
export function pick<T>(random: Random, list: readonly T[]): T {
  const chosen = list[Math.floor(random() * list.length)]
  if (chosen === undefined) throw new Error('nothing to pick from')
  return chosen
}

/** One entry, the first ones far more often than the last, as family names are. @throws when the list is empty */
export function pickSkewed<T>(random: Random, list: readonly T[]): T {
  const chosen = list[Math.floor(random() ** 2.5 * list.length)]
  if (chosen === undefined) throw new Error('nothing to pick from')
  return chosen
}
