// Many lists of 32-bit numbers in one array. A list is a chain of blocks, each twice its predecessor up to 4,096
// words: a list of one costs 16 bytes, a list of thousands 4 bytes an entry. Removing keeps no order.
import { grownUint16, grownUint32 } from './growable.ts'

export type PostingLists = {
  append: (list: number, value: number) => void
  /** Removes one occurrence; the last entry of the list takes its place. */
  remove: (list: number, value: number) => void
  count: (list: number) => number
  /** Gives the entries of a list in pieces of at most MOST_ENTRIES, each as `entries[from .. end)`. */
  each: (list: number, use: (entries: Uint32Array, from: number, end: number) => void) => void
  memory_bytes: () => number
}

/** A block: the offset of the block before it (0: none), its size class, then its entries. */
const HEADER = 2
const SMALLEST_BLOCK = 4
const LARGEST_CLASS = 10
export const MOST_ENTRIES = (SMALLEST_BLOCK << LARGEST_CLASS) - HEADER

export function createPostingLists(): PostingLists {
  let data = new Uint32Array(1024)
  /** Offset 0 stays unused, so that 0 can say "none". */
  let dataEnd = SMALLEST_BLOCK
  let lastBlock = new Uint32Array(1024)
  let usedInLast = new Uint16Array(1024)
  let counts = new Uint32Array(1024)
  /** By size class: a chain of freed blocks through their first word. */
  const freed = new Uint32Array(LARGEST_CLASS + 1)

  const blockWords = (sizeClass: number) => SMALLEST_BLOCK << sizeClass

  function allocate(sizeClass: number, previous: number): number {
    let block = freed[sizeClass] as number
    if (block === 0) {
      block = dataEnd
      dataEnd += blockWords(sizeClass)
      data = grownUint32(data, dataEnd)
    } else {
      freed[sizeClass] = data[block] as number
    }
    data[block] = previous
    data[block + 1] = sizeClass
    return block
  }

  function append(list: number, value: number): void {
    if (list >= counts.length) {
      counts = grownUint32(counts, list + 1)
      lastBlock = grownUint32(lastBlock, list + 1)
      usedInLast = grownUint16(usedInLast, list + 1)
    }
    let block = lastBlock[list] as number
    let used = usedInLast[list] as number
    const sizeClass = block === 0 ? -1 : (data[block + 1] as number)
    if (block === 0 || used === blockWords(sizeClass) - HEADER) {
      block = allocate(Math.min(sizeClass + 1, LARGEST_CLASS), block)
      lastBlock[list] = block
      used = 0
    }
    data[block + HEADER + used] = value
    usedInLast[list] = used + 1
    counts[list] = (counts[list] as number) + 1
  }

  function remove(list: number, value: number): void {
    const last = lastBlock[list] as number
    const usedOfLast = usedInLast[list] as number
    let block = last
    let used = usedOfLast
    while (block !== 0) {
      const at = data.subarray(block + HEADER, block + HEADER + used).indexOf(value)
      if (at !== -1) {
        data[block + HEADER + at] = data[last + HEADER + usedOfLast - 1] as number
        dropLast(list, last, usedOfLast)
        return
      }
      block = data[block] as number
      used = block === 0 ? 0 : blockWords(data[block + 1] as number) - HEADER
    }
  }

  function dropLast(list: number, last: number, used: number): void {
    counts[list] = (counts[list] as number) - 1
    if (used > 1) {
      usedInLast[list] = used - 1
      return
    }
    const previous = data[last] as number
    const sizeClass = data[last + 1] as number
    data[last] = freed[sizeClass] as number
    freed[sizeClass] = last
    lastBlock[list] = previous
    usedInLast[list] = previous === 0 ? 0 : blockWords(data[previous + 1] as number) - HEADER
  }

  function each(list: number, use: (entries: Uint32Array, from: number, end: number) => void): void {
    let block = lastBlock[list] ?? 0
    let used = usedInLast[list] ?? 0
    while (block !== 0) {
      use(data, block + HEADER, block + HEADER + used)
      block = data[block] as number
      used = block === 0 ? 0 : blockWords(data[block + 1] as number) - HEADER
    }
  }

  return {
    append,
    remove,
    each,
    count: (list) => counts[list] ?? 0,
    memory_bytes: () => data.byteLength + lastBlock.byteLength + usedInLast.byteLength + counts.byteLength,
  }
}
