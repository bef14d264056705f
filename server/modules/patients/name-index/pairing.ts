// Which word of a name each searched word stands for.

/** A searched word and a word of a name that could be meant by it. `gain`: what the searched word weighs, times how alike they are. */
export type Pair = { row: number; at: number; gain: number }

/** What all pairs gain together, each searched word and each word of the name in one of them at most: the likeliest first. */
export function bestPairing(pairs: Pair[]): number {
  let rowsTaken = 0
  let wordsTaken = 0
  let sum = 0
  for (const { row, at, gain } of pairs.toSorted((a, b) => b.gain - a.gain)) {
    if (rowsTaken & (1 << row) || wordsTaken & (1 << at)) continue
    rowsTaken |= 1 << row
    wordsTaken |= 1 << at
    sum += gain
  }
  return sum
}
