// Typed arrays that grow: by half each time, so that at most a third is spare.

export function grownUint8(array: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= array.length) return array
  const grown = new Uint8Array(grownLength(array.length, needed))
  grown.set(array)
  return grown
}

export function grownUint16(array: Uint16Array<ArrayBuffer>, needed: number): Uint16Array<ArrayBuffer> {
  if (needed <= array.length) return array
  const grown = new Uint16Array(grownLength(array.length, needed))
  grown.set(array)
  return grown
}

export function grownUint32(array: Uint32Array<ArrayBuffer>, needed: number): Uint32Array<ArrayBuffer> {
  if (needed <= array.length) return array
  const grown = new Uint32Array(grownLength(array.length, needed))
  grown.set(array)
  return grown
}

function grownLength(length: number, needed: number): number {
  return Math.max(needed, Math.ceil(length * 1.5), 1024)
}
