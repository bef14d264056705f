// Which word of a name each searched word stands for.

/**
 * What all pairs gain together, each searched word and each word of the name in one of them at most: the likeliest first.
 * `gains` has a row of `words` numbers for each searched word: what it weighs, times how alike it is to each word of the name.
 */
export function bestPairing(gains: Float64Array, rows: number, words: number): number {
  let rowsTaken = 0
  let wordsTaken = 0
  let sum = 0
  for (;;) {
    let most = 0
    let place = 0
    for (let row = 0; row < rows; row++) {
      if (rowsTaken & (1 << row)) continue
      for (let at = words - 1; at >= 0; at--) {
        if (wordsTaken & (1 << at) || (gains[row * words + at] as number) <= most) continue
        place = row * words + at
        most = gains[place] as number
      }
    }
    if (most === 0) return sum
    sum += most
    rowsTaken |= 1 << Math.floor(place / words)
    wordsTaken |= 1 << (place % words)
  }
}
