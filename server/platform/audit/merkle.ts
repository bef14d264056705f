// The Merkle tree of RFC 6962 over leaf hashes: its root, grown leaf by leaf, and the proofs of RFC 9162 (2.1.3, 2.1.4).
// Sizes and indexes are safe integers, so halving is arithmetic: bit operators would cut them to 32 bits.
import { hash } from 'node:crypto'

export const hashBytes = 32

/**
 * What must be kept of a tree to append to it: the roots of its complete subtrees, largest first, one for each
 * binary one of its size.
 */
export type Frontier = { size: number; nodes: Buffer[] }

/** Leaves `begin` to `end` (not included), counted from 0. A proof is the roots of such ranges. */
export type LeafRange = { begin: number; end: number }

const leafPrefix = Buffer.of(0x00)
const nodePrefix = Buffer.of(0x01)

export function hashLeaf(bytes: Uint8Array): Buffer {
  return sha256(Buffer.concat([leafPrefix, bytes]))
}

export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(Buffer.concat([nodePrefix, left, right]))
}

export function emptyFrontier(): Frontier {
  return { size: 0, nodes: [] }
}

/** Appends one leaf in place, in amortised constant time. */
export function appendLeaf(frontier: Frontier, leafHash: Buffer): void {
  let node = leafHash
  for (let size = frontier.size; size % 2 === 1; size = (size - 1) / 2) {
    const left = frontier.nodes.pop()
    if (left === undefined) throw new RangeError('the frontier has fewer nodes than its size asks for')
    node = hashNode(left, node)
  }
  frontier.nodes.push(node)
  frontier.size += 1
}

/** The root of the tree that a frontier stands for; of the empty tree the hash of nothing. */
export function rootOfFrontier({ nodes }: Frontier): Buffer {
  return nodes.length === 0 ? sha256(Buffer.alloc(0)) : nodes.reduceRight((right, left) => hashNode(left, right))
}

export function frontierToBytes({ nodes }: Frontier): Buffer {
  return Buffer.concat(nodes)
}

/** @throws RangeError when the bytes cannot be the frontier of a tree of that size. */
export function frontierFromBytes(size: number, bytes: Buffer): Frontier {
  if (bytes.length !== completeSubtrees(size).length * hashBytes) {
    throw new RangeError(`a tree of ${size} leaves has no frontier of ${bytes.length} bytes`)
  }
  const nodes: Buffer[] = []
  for (let at = 0; at < bytes.length; at += hashBytes) nodes.push(bytes.subarray(at, at + hashBytes))
  return { size, nodes }
}

/** The ranges whose roots are the frontier of a tree of that size. */
export function completeSubtrees(size: number): LeafRange[] {
  requireSize(size)
  const ranges: LeafRange[] = []
  for (let begin = 0; begin < size;) {
    const end = begin + largestPowerOfTwoUpTo(size - begin)
    ranges.push({ begin, end })
    begin = end
  }
  return ranges
}

export function rootOf(leafHashes: Iterable<Buffer>): Buffer {
  const frontier = emptyFrontier()
  for (const leafHash of leafHashes) appendLeaf(frontier, leafHash)
  return rootOfFrontier(frontier)
}

/**
 * The ranges whose roots prove that leaf `index` is in the tree of `size` leaves, from the leaf upwards.
 * @throws RangeError when there is no such leaf.
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  requireSize(size)
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError(`no leaf ${index} of ${size}`)
  const ranges: LeafRange[] = []
  let begin = 0
  let end = size
  while (end - begin > 1) {
    const middle = begin + splitPoint(end - begin)
    if (index < middle) {
      ranges.push({ begin: middle, end })
      end = middle
    } else {
      ranges.push({ begin, end: middle })
      begin = middle
    }
  }
  return ranges.reverse()
}

/**
 * The ranges whose roots prove that the tree of `size` leaves extends the tree of its first `oldSize` leaves.
 * @throws RangeError unless 0 < oldSize <= size.
 */
export function consistencyRanges(oldSize: number, size: number): LeafRange[] {
  requireSize(size)
  if (!Number.isSafeInteger(oldSize) || oldSize < 1 || oldSize > size) {
    throw new RangeError(`a tree of ${size} leaves cannot extend one of ${oldSize}`)
  }
  const ranges: LeafRange[] = []
  let begin = 0
  let end = size
  while (oldSize !== end) {
    const middle = begin + splitPoint(end - begin)
    if (oldSize <= middle) {
      ranges.push({ begin: middle, end })
      end = middle
    } else {
      ranges.push({ begin, end: middle })
      begin = middle
    }
  }
  // A subtree that begins at 0 is the old tree itself, whose root the verifier already has.
  if (begin > 0) ranges.push({ begin, end })
  return ranges.reverse()
}

export function inclusionProof(leafHashes: Buffer[], index: number): Buffer[] {
  return inclusionRanges(index, leafHashes.length).map(({ begin, end }) => rootOf(leafHashes.slice(begin, end)))
}

export function consistencyProof(leafHashes: Buffer[], oldSize: number): Buffer[] {
  return consistencyRanges(oldSize, leafHashes.length).map(({ begin, end }) => rootOf(leafHashes.slice(begin, end)))
}

type Inclusion = { index: number; size: number; leaf_hash: Buffer; root_hash: Buffer; proof: Buffer[] }

/** RFC 9162, 2.1.3.2. Malformed proofs are simply not true. */
export function isIncluded({ index, size, leaf_hash, root_hash, proof }: Inclusion): boolean {
  if (!isSize(size) || !isSize(index) || index >= size) return false
  let node = index
  let last = size - 1
  let root = leaf_hash
  for (const sibling of proof) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      root = hashNode(sibling, root)
      while (!isOdd(node) && node !== 0) {
        node /= 2
        last = half(last)
      }
    } else {
      root = hashNode(root, sibling)
    }
    node = half(node)
    last = half(last)
  }
  return last === 0 && root.equals(root_hash)
}

type Consistency = { old_size: number; old_root: Buffer; size: number; root_hash: Buffer; proof: Buffer[] }

/** RFC 9162, 2.1.4.2. Malformed proofs are simply not true. */
export function isConsistent({ old_size, old_root, size, root_hash, proof }: Consistency): boolean {
  if (!isSize(old_size) || !isSize(size) || old_size > size) return false
  if (old_size === 0) return proof.length === 0 && old_root.equals(rootOf([]))
  if (old_size === size) return proof.length === 0 && old_root.equals(root_hash)
  const isComplete = largestPowerOfTwoUpTo(old_size) === old_size
  const [first, ...rest] = isComplete && proof.length > 0 ? [old_root, ...proof] : proof
  if (first === undefined) return false
  let node = old_size - 1
  let last = size - 1
  while (isOdd(node)) {
    node = half(node)
    last = half(last)
  }
  let oldRoot = first
  let root = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      oldRoot = hashNode(sibling, oldRoot)
      root = hashNode(sibling, root)
      while (!isOdd(node) && node !== 0) {
        node /= 2
        last = half(last)
      }
    } else {
      root = hashNode(root, sibling)
    }
    node = half(node)
    last = half(last)
  }
  return last === 0 && oldRoot.equals(old_root) && root.equals(root_hash)
}

function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer')
}

function largestPowerOfTwoUpTo(size: number): number {
  let power = 1
  while (power * 2 <= size) power *= 2
  return power
}

/** RFC 6962's k: the largest power of two smaller than the size. */
function splitPoint(size: number): number {
  return largestPowerOfTwoUpTo(size - 1)
}

function requireSize(size: number): void {
  if (!isSize(size)) throw new RangeError(`${size} is not a number of leaves`)
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function half(value: number): number {
  return Math.floor(value / 2)
}
