import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { bundleFolder, bundleText, unbundle } from './bundle.ts'

const root = mkdtempSync(join(tmpdir(), 'openward-bundle-'))
after(() => rmSync(root, { recursive: true }))
const from = join(root, 'from')
mkdirSync(join(from, 'base', 'empty'), { recursive: true })
mkdirSync(join(from, 'left-out'))
const files = { 'base/one': 'a\nb\n', 'base/nothing': '', last: 'z'.repeat(200_000), 'left-out/two': 'x' }
for (const [path, text] of Object.entries(files)) writeFileSync(join(from, path), text)

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}
async function* inPieces(whole: Buffer, bytes: number) {
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes)
}
const isWanted = (path: string) => !path.startsWith('left-out')

describe('a bundle', () => {
  it('holds folders, empty ones too, and files to the byte, whatever the pieces that it comes in', async () => {
    const whole = await collect(bundleFolder(from, isWanted, ['last']))
    for (const bytes of [7, 65_536]) {
      const to = join(root, `to-${bytes}`)
      assert.deepEqual(await unbundle(inPieces(whole, bytes), to), { files: 3 })
      const there = readdirSync(to, { recursive: true, encoding: 'utf8' }).toSorted()
      assert.deepEqual(there, ['base', 'base/empty', 'base/nothing', 'base/one', 'last'])
      for (const path of ['base/one', 'base/nothing', 'last'] as const)
        assert.equal(readFileSync(join(to, path), 'utf8'), files[path])
    }
    assert.ok(whole.indexOf('"last"') > whole.indexOf('"base/one"'))
  })

  it('that ends early is refused, and so is one that leads out of its folder', async () => {
    const whole = await collect(bundleFolder(from, isWanted, ['last']))
    await assert.rejects(unbundle(inPieces(whole.subarray(0, -1), 4096), join(root, 'cut')), /in the middle of a file/)
    await assert.rejects(unbundle(inPieces(Buffer.from('{"path":'), 4), join(root, 'cut-head')), /middle of a file/)
    const foreign = Buffer.from('x'.repeat(20_000))
    await assert.rejects(unbundle(inPieces(foreign, 4096), join(root, 'foreign')), /was made by another version/)
    for (const path of ['../outside', '/outside', 'a/../../outside'])
      await assert.rejects(unbundle(bundleText(path, 'x'), join(root, 'out')), /outside of its folder/, path)
  })

  it('of a folder that lives is whole: what goes while it is read is left out or filled, as PostgreSQL expects it', async () => {
    const living = join(root, 'living')
    for (const folder of ['a', 'b']) mkdirSync(join(living, folder), { recursive: true })
    for (const name of ['first', 'gone', 'gone-too', 'last']) writeFileSync(join(living, 'a', name), name)
    writeFileSync(join(living, 'a', 'shorter'), 'x'.repeat(200_000))
    writeFileSync(join(living, 'b', 'inside'), 'x')
    const parts: Buffer[] = []
    for await (const part of bundleFolder(living, isWanted)) {
      parts.push(part)
      const told = part.toString('latin1')
      if (told.startsWith('{"path":"a/first"')) rmSync(join(living, 'a', 'gone'))
      // Behind their heads, which say how long they are.
      if (told.startsWith('{"path":"a/gone-too"')) rmSync(join(living, 'a', 'gone-too'))
      if (told.startsWith('{"path":"a/shorter"')) truncateSync(join(living, 'a', 'shorter'), 1000)
      if (told.startsWith('{"path":"b/"')) rmSync(join(living, 'b'), { recursive: true })
    }
    const to = join(root, 'lived')
    assert.deepEqual(await unbundle(inPieces(Buffer.concat(parts), 4096), to), { files: 4 })
    const there = readdirSync(to, { recursive: true, encoding: 'utf8' }).toSorted()
    assert.deepEqual(there, ['a', 'a/first', 'a/gone-too', 'a/last', 'a/shorter', 'b'])
    assert.ok(readFileSync(join(to, 'a/gone-too')).equals(Buffer.alloc(8)))
    const shorter = readFileSync(join(to, 'a/shorter'))
    assert.ok(shorter.equals(Buffer.concat([Buffer.alloc(1000, 'x'), Buffer.alloc(199_000)])))
  })

  it('of what cannot be read is none', async () => {
    await assert.rejects(collect(bundleFolder(join(from, 'last'), isWanted)), { code: 'ENOTDIR' })
  })

  it('follows no link', async () => {
    symlinkSync('/etc/hostname', join(from, 'link'))
    try {
      await assert.rejects(collect(bundleFolder(from, isWanted)), /link is a link/)
    } finally {
      rmSync(join(from, 'link'))
    }
  })
})
