import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { publishToFile, readLastRoots, readPublishedRoots } from './publish.ts'
import { formatRoot, hashOfRoot, type SignedRoot, signRoot } from './root.ts'
import { createTestSigner } from './testing.ts'

const { signer } = createTestSigner()
const roots = chain(40)

test('roots are appended and read back', async () => {
  await using file = await startFile()
  const publisher = publishToFile(file.path)
  assert.equal(await publisher.last(), undefined)
  await publisher.publish(roots.slice(0, 2))
  await publisher.publish(roots.slice(2))
  assert.deepEqual(await publisher.last(), roots.at(-1))
  assert.deepEqual(await readPublishedRoots(file.path), roots)
})

test('a root that was published already is not written twice', async () => {
  await using file = await startFile()
  await publishToFile(file.path).publish(roots.slice(0, 3))
  await publishToFile(file.path).publish(roots.slice(1, 4))
  assert.deepEqual(await readPublishedRoots(file.path), roots.slice(0, 4))
})

test('wherever a crash cuts the last root off, the whole roots before it stay and the next goes behind them', async () => {
  await using file = await startFile()
  const publisher = publishToFile(file.path)
  await publisher.publish(roots.slice(0, 20))
  const whole = await readFile(file.path)
  const shorter = Buffer.byteLength(roots.slice(0, 19).map(formatRoot).join(''))
  for (let length = whole.length - 1; length >= shorter; length--) {
    await truncate(file.path, length)
    assert.deepEqual(await publisher.last(), roots[18])
  }
  await appendFile(file.path, whole.subarray(shorter, shorter + 100))
  await publisher.publish(roots.slice(19, 21))
  assert.deepEqual(await readPublishedRoots(file.path), roots.slice(0, 21))
})

test('a first root that was cut off is written again', async () => {
  await using file = await startFile()
  for (const length of [1, 14, 15, 50]) {
    await writeFile(file.path, formatRoot(at(0)).slice(0, length))
    await publishToFile(file.path).publish([at(0)])
    assert.deepEqual(await readPublishedRoots(file.path), [at(0)])
  }
})

test('a file that has grown for months is read in pieces: the newest roots all, of those before ever fewer', async () => {
  await using file = await startFile()
  const many = chain(7000)
  await publishToFile(file.path).publish(many)
  assert.ok((await readFile(file.path)).length > 1_500_000, 'more than one piece')
  assert.deepEqual(await readPublishedRoots(file.path), many)
  const kept = await readPublishedRoots(file.path, 100)
  assert.ok(kept.length <= 100)
  assert.deepEqual(kept.slice(-50), many.slice(-50))
  const sizes = kept.map(({ tree_size }) => tree_size)
  assert.equal(sizes[0], many[0]?.tree_size)
  assert.deepEqual(
    sizes,
    sizes.toSorted((one, other) => one - other),
  )
  assert.deepEqual(await readLastRoots(file.path, 100), many.slice(-100))
  assert.deepEqual(await readLastRoots(file.path, 9000), many)
})

test('a file of something else is refused and left alone', async () => {
  await using file = await startFile()
  for (const text of ['a diary\n', 'x'.repeat(10_000)]) {
    await writeFile(file.path, text)
    await assert.rejects(publishToFile(file.path).last(), /not a file of published roots/)
    await assert.rejects(publishToFile(file.path).publish([at(0)]), /not a file of published roots/)
    assert.equal(await readFile(file.path, 'utf8'), text)
  }
})

async function startFile() {
  const directory = await mkdtemp(join(tmpdir(), 'audit-roots-'))
  return {
    path: join(directory, 'audit-roots.txt'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}

function chain(length: number): SignedRoot[] {
  const chained: SignedRoot[] = []
  for (let index = 1; index <= length; index++) {
    const last = chained.at(-1)
    const previous_hash = last === undefined ? null : hashOfRoot(last)
    const root = { tree_size: index * 10, root_hash: Buffer.alloc(32, index), sealed_at: '2026-12-01T14:00:00Z' }
    chained.push(signRoot({ ...root, previous_hash }, signer))
  }
  return chained
}

function at(index: number): SignedRoot {
  const root = roots[index]
  assert.ok(root !== undefined)
  return root
}
