// Looks for thousands of texts in any number of bytes at once.

export type Needles = { size: number; findIn: (bytes: Buffer) => string[] }

const start_bytes = 4
const filter_bits = 20

/** Only texts of `least_bytes` or more: shorter ones stand in random bytes by chance. */
export function compileNeedles(texts: Iterable<string>, least_bytes: number): Needles {
  const unique = [...new Set(texts)].filter((text) => Buffer.byteLength(text) >= Math.max(least_bytes, start_bytes))
  // Most places are told from the start of every needle by one look into a small table.
  const filter = new Uint8Array(1 << filter_bits)
  const by_start = new Map<number, Buffer[]>()
  for (const text of unique) {
    const needle = Buffer.from(text)
    const start = needle.readUInt32LE(0)
    filter[slotOf(start)] = 1
    const known = by_start.get(start)
    if (known) known.push(needle)
    else by_start.set(start, [needle])
  }
  return {
    size: unique.length,
    findIn(bytes) {
      const found = new Set<string>()
      let window = 0
      for (let at = 0; at < bytes.length; at += 1) {
        window = (window >>> 8) | ((bytes[at] ?? 0) << 24)
        if (filter[slotOf(window >>> 0)] === 0 || at < start_bytes - 1) continue
        const from = at - start_bytes + 1
        for (const needle of by_start.get(window >>> 0) ?? []) {
          const until = from + needle.length
          if (bytes.length < until || needle.compare(bytes, from, until) !== 0) continue
          // Eight digits of a date stand by chance within the digits of longer numbers.
          if (isDate(needle) && (isDigit(bytes[from - 1]) || isDigit(bytes[until]))) continue
          found.add(needle.toString())
        }
      }
      return [...found]
    },
  }
}

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39
const isDate = (needle: Buffer) => needle.length === 8 && needle.every(isDigit)

function slotOf(start: number): number {
  return Math.imul(start, 0x9e_37_79_b1) >>> (32 - filter_bits)
}
