// Lines of text for paper: words broken to a width, and those of Arabic, Hebrew and other scripts that run from right to left put
// in the order in which they are seen. Within a word the font does it.

export type PlacedWord = { word: string; gap: number }

const leftwards = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u

/** Each line as words from left to right, and the space behind each. */
export function brokenIntoLines(text: string, width: number, widthOf: (word: string) => number): PlacedWord[][] {
  const gap = widthOf(' ')
  const lines: string[][] = []
  let line: string[] = []
  let used = 0
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    for (const part of fitting(word, width, widthOf)) {
      const wide = widthOf(part)
      if (line.length > 0 && used + gap + wide > width) {
        lines.push(line)
        line = []
        used = 0
      }
      used += (line.length > 0 ? gap : 0) + wide
      line.push(part)
    }
  }
  if (line.length > 0) lines.push(line)
  return lines.map((words) => inSight(words).map((word) => ({ word, gap })))
}

/** A word that is wider than a line, in parts that are not. */
function fitting(word: string, width: number, widthOf: (word: string) => number): string[] {
  if (widthOf(word) <= width) return [word]
  const parts: string[] = []
  let part = ''
  for (const character of Array.from(word)) {
    if (part !== '' && widthOf(part + character) > width) {
      parts.push(part)
      part = ''
    }
    part += character
  }
  return [...parts, part]
}

/**
 * Words that run to the left change places among themselves, with the numbers and signs between them; the line itself runs to the
 * right (UAX #9 at two levels: no embedding, which no member of a record has).
 */
function inSight(words: readonly string[]): string[] {
  const seen: string[] = []
  for (let index = 0; index < words.length;) {
    const word = words[index] ?? ''
    let end = index + 1
    if (leftwards.test(word)) {
      for (let next = end; next < words.length; next += 1) {
        const other = words[next] ?? ''
        if (leftwards.test(other)) end = next + 1
        else if (/\p{L}/u.test(other)) break
      }
    }
    seen.push(...words.slice(index, end).toReversed())
    index = end
  }
  return seen
}
