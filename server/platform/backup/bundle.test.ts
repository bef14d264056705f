import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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
    for (const path of ['../outside', '/outside', 'a/../../outside'])
      await assert.rejects(unbundle(bundleText(path, 'x'), join(root, 'out')), /outside of its folder/, path)
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
