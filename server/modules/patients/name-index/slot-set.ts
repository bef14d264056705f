// A set of slots, a bit for each: of a million people it is 125 kB, and stays in the processor's own memory while a long list is gone through.
import { grownUint32 } from './growable.ts'

export type SlotSet = {
  /** Makes room for slots below this. */
  reserve: (slotCount: number) => void
  add: (slot: number) => void
  addAll: (slots: Uint32Array, from: number, end: number) => void
  has: (slot: number) => boolean
  /** Copies those of `slots[from .. end)` that are in the set to the beginning of `into`, and says how many they are. */
  among: (slots: Uint32Array, from: number, end: number, into: Uint32Array) => number
  /** Takes out whoever was put in. */
  clear: () => void
  memory_bytes: () => number
}

export function createSlotSet(): SlotSet {
  let bits = new Uint32Array(1024)
  return {
    reserve: (slotCount) => {
      bits = grownUint32(bits, (slotCount >>> 5) + 1)
    },
    add: (slot) => {
      bits[slot >>> 5] = (bits[slot >>> 5] as number) | (1 << (slot & 31))
    },
    addAll: (slots, from, end) => {
      // Here and below: a constant is read once, the variable for each slot.
      const held = bits
      for (let at = from; at < end; at++) {
        const slot = slots[at] as number
        held[slot >>> 5] = (held[slot >>> 5] as number) | (1 << (slot & 31))
      }
    },
    has: (slot) => ((bits[slot >>> 5] as number) & (1 << (slot & 31))) !== 0,
    among: (slots, from, end, into) => {
      const held = bits
      let kept = 0
      for (let at = from; at < end; at++) {
        const slot = slots[at] as number
        if ((((held[slot >>> 5] as number) >>> (slot & 31)) & 1) !== 0) into[kept++] = slot
      }
      return kept
    },
    clear: () => {
      bits.fill(0)
    },
    memory_bytes: () => bits.byteLength,
  }
}
