import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  appendLeaf,
  completeSubtrees,
  consistencyProof,
  consistencyRanges,
  emptyFrontier,
  frontierFromBytes,
  frontierToBytes,
  hashLeaf,
  inclusionProof,
  inclusionRanges,
  isConsistent,
  isIncluded,
  type LeafRange,
  rootOf,
  rootOfFrontier,
} from './merkle.ts'

// The reference inputs, roots and paths of Certificate Transparency (transparency-dev/merkle, testonly).
const referenceInputs = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const referenceRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
].map(hex)
const referencePaths = [
  { index: 0, size: 1, path: [] },
  { index: 0, size: 2, path: ['96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'] },
  { index: 1, size: 2, path: ['6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'] },
  { index: 2, size: 3, path: ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'] },
  {
    index: 1,
    size: 5,
    path: [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  },
  {
    index: 0,
    size: 8,
    path: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
  {
    index: 5,
    size: 8,
    path: [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
]
const referenceConsistency = [
  { from: 1, to: 1, path: [] },
  {
    from: 1,
    to: 8,
    path: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
  {
    from: 2,
    to: 5,
    path: [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  },
  {
    from: 6,
    to: 8,
    path: [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
]
const referenceLeaves = referenceInputs.map((input) => hashLeaf(hex(input)))

test('trees of 0 to 8 reference leaves have the reference roots', () => {
  assert.equal(referenceRoots.length, 9)
  for (const [size, root] of referenceRoots.entries()) {
    assert.deepEqual(rootOf(referenceLeaves.slice(0, size)), root, `size ${size}`)
  }
})

for (const { index, size, path } of referencePaths) {
  test(`leaf ${index} of ${size} reference leaves has the reference path, and it verifies`, () => {
    const proof = inclusionProof(referenceLeaves.slice(0, size), index)
    assert.deepEqual(proof, path.map(hex))
    assert.ok(isIncluded({ index, size, leaf_hash: at(referenceLeaves, index), root_hash: rootAt(size), proof }))
  })
}

for (const { from, to, path } of referenceConsistency) {
  test(`the tree of ${to} reference leaves extends that of ${from} by the reference path`, () => {
    const proof = consistencyProof(referenceLeaves.slice(0, to), from)
    assert.deepEqual(proof, path.map(hex))
    assert.ok(isConsistent({ old_size: from, old_root: rootAt(from), size: to, root_hash: rootAt(to), proof }))
  })
}

test('every tree of up to 200 leaves extends every smaller one, and no other', () => {
  const { leaves, roots, subtree } = grow(200)
  let pairs = 0
  for (let size = 1; size <= leaves.length; size++) {
    for (let old_size = 1; old_size <= size; old_size++) {
      const claim = { old_size, old_root: at(roots, old_size), size, root_hash: at(roots, size) }
      const proof = consistencyRanges(old_size, size).map(subtree)
      assert.ok(isConsistent({ ...claim, proof }), `${old_size} to ${size}`)
      assert.ok(!isConsistent({ ...claim, proof, old_root: at(roots, old_size - 1) }))
      assert.ok(!isConsistent({ ...claim, proof: [...proof, claim.old_root] }))
      if (proof.length > 0) assert.ok(!isConsistent({ ...claim, proof: proof.slice(1) }))
      pairs++
    }
  }
  assert.equal(pairs, 20_100)
})

test('every leaf of every tree of up to 100 leaves is included at its own index only', () => {
  const { leaves, roots, subtree } = grow(100)
  for (let size = 1; size <= leaves.length; size++) {
    for (let index = 0; index < size; index++) {
      const claim = { index, size, leaf_hash: at(leaves, index), root_hash: at(roots, size) }
      const proof = inclusionRanges(index, size).map(subtree)
      assert.ok(isIncluded({ ...claim, proof }), `${index} of ${size}`)
      assert.ok(!isIncluded({ ...claim, proof, index: index + 1 }))
      assert.ok(!isIncluded({ ...claim, proof, leaf_hash: hashLeaf(Buffer.from('another')) }))
      assert.ok(!isIncluded({ ...claim, proof: [...proof, claim.leaf_hash] }))
    }
  }
})

test('altering, removing, repeating or swapping any leaf changes the root', () => {
  const leaves = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 8 }), {
    minLength: 2,
    maxLength: 150,
    selector: (bytes) => Buffer.from(bytes).toString('hex'),
  })
  fc.assert(
    fc.property(leaves, fc.nat(), fc.nat(), (contents, one, other) => {
      const hashes = contents.map((bytes) => hashLeaf(bytes))
      const root = rootOf(hashes)
      const i = one % hashes.length
      const j = other % hashes.length
      assert.notDeepEqual(rootOf(hashes.with(i, hashLeaf(Buffer.from('a longer, altered entry')))), root)
      assert.notDeepEqual(rootOf(hashes.toSpliced(i, 1)), root)
      assert.notDeepEqual(rootOf(hashes.toSpliced(i, 0, at(hashes, i))), root)
      if (i !== j) assert.notDeepEqual(rootOf(hashes.with(i, at(hashes, j)).with(j, at(hashes, i))), root)
    }),
  )
})

test('a flipped bit anywhere in a consistency proof breaks it', () => {
  const { leaves, roots } = grow(64)
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 64 }), fc.nat(), fc.nat(), (size, old, bit) => {
      const old_size = 1 + (old % (size - 1))
      const proof = consistencyProof(leaves.slice(0, size), old_size)
      const flipped = Buffer.concat(proof)
      const byte = Math.floor(bit / 8) % flipped.length
      flipped.writeUInt8(flipped.readUInt8(byte) ^ (1 << (bit % 8)), byte)
      const forged = proof.map((_, index) => flipped.subarray(index * 32, index * 32 + 32))
      const claim = { old_size, old_root: at(roots, old_size), size, root_hash: at(roots, size) }
      assert.ok(isConsistent({ ...claim, proof }))
      assert.ok(!isConsistent({ ...claim, proof: forged }))
    }),
  )
})

test('a tree stored and restored anywhere grows on to the same root', () => {
  const { leaves, roots, subtree } = grow(70)
  for (let stop = 0; stop <= leaves.length; stop++) {
    const frontier = emptyFrontier()
    for (const leaf of leaves.slice(0, stop)) appendLeaf(frontier, leaf)
    assert.deepEqual(frontier.nodes, completeSubtrees(stop).map(subtree))
    const restored = frontierFromBytes(stop, frontierToBytes(frontier))
    for (const leaf of leaves.slice(stop)) appendLeaf(restored, leaf)
    assert.deepEqual(rootOfFrontier(restored), at(roots, leaves.length))
  }
})

test('proofs and frontiers of trees that cannot be are refused', () => {
  assert.throws(() => inclusionRanges(3, 3), RangeError)
  assert.throws(() => inclusionRanges(-1, 3), RangeError)
  assert.throws(() => consistencyRanges(0, 3), RangeError)
  assert.throws(() => consistencyRanges(4, 3), RangeError)
  assert.throws(() => frontierFromBytes(3, Buffer.alloc(32)), RangeError)
  assert.throws(() => appendLeaf({ size: 3, nodes: [Buffer.alloc(32)] }, Buffer.alloc(32)), RangeError)
  for (const size of [-1, 1.5, NaN, 2 ** 53]) assert.throws(() => completeSubtrees(size), RangeError)
  const root_hash = rootAt(3)
  assert.ok(!isConsistent({ old_size: 4, old_root: rootAt(4), size: 3, root_hash, proof: [] }))
  assert.ok(!isConsistent({ old_size: 2, old_root: rootAt(2), size: 3, root_hash, proof: [] }))
  const nothing = { old_size: 0, old_root: rootAt(0), size: 3, root_hash }
  assert.ok(isConsistent({ ...nothing, proof: [] }))
  assert.ok(!isConsistent({ ...nothing, proof: [root_hash] }))
  assert.ok(!isConsistent({ ...nothing, old_root: rootAt(1), proof: [] }))
  assert.ok(!isIncluded({ index: 1.5, size: 3, leaf_hash: root_hash, root_hash, proof: [] }))
})

test('ranges stay right beyond 32 bits', () => {
  const size = 2 ** 40 + 3
  const ranges = completeSubtrees(size)
  assert.deepEqual(ranges, [
    { begin: 0, end: 2 ** 40 },
    { begin: 2 ** 40, end: 2 ** 40 + 2 },
    { begin: 2 ** 40 + 2, end: size },
  ])
  assert.equal(inclusionRanges(2 ** 33, size).length, 41)
})

/** A tree of leaves 0, 1, 2 …, the roots of all its beginnings, and the roots of its ranges, each computed once. */
function grow(size: number) {
  const leaves = Array.from({ length: size }, (_, index) => hashLeaf(Buffer.from(`${index}`)))
  const roots = Array.from({ length: size + 1 }, (_, length) => rootOf(leaves.slice(0, length)))
  const known = new Map<string, Buffer>()
  function subtree({ begin, end }: LeafRange): Buffer {
    const key = `${begin}-${end}`
    const root = known.get(key) ?? rootOf(leaves.slice(begin, end))
    known.set(key, root)
    return root
  }
  return { leaves, roots, subtree }
}

function rootAt(size: number): Buffer {
  return at(referenceRoots, size)
}

function at<Item>(items: Item[], index: number): Item {
  const item = items[index]
  assert.ok(item !== undefined, `nothing at ${index}`)
  return item
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
