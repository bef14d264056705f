import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { generateMasterKey, parseMasterKeys } from '#platform/encryption/keyring.ts'
import { BackupFailed } from './failures.ts'
import { ofText, readSealed, readSealedText, writeSealed } from './sealed-file.ts'

const root = mkdtempSync(join(tmpdir(), 'openward-sealed-'))
after(() => rmSync(root, { recursive: true }))

const keyring = parseMasterKeys(generateMasterKey())
const place = { root, name: 'backups/one/cluster' }
const path = join(root, place.name)
/** Does not become smaller, so that it has several pieces. */
const content = randomBytes(300_000)

async function* parts() {
  for (let at = 0; at < content.length; at += 70_000) yield content.subarray(at, at + 70_000)
}
async function read(from = place, by = keyring): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const part of readSealed(by, from)) all.push(part)
  return Buffer.concat(all)
}
const refused = (words: RegExp) => (error: unknown) => error instanceof BackupFailed && words.test(error.message)

describe('a sealed file', () => {
  beforeEach(() => writeSealed(keyring, place, parts()))

  it('opens to what was written, however long, and holds nothing of it in the clear', async () => {
    assert.ok((await read()).equals(content))
    const [text, empty] = ['A canary in the mine, '.repeat(100), '']
    for (const written of [text, empty]) {
      const other = { root, name: 'other' }
      await writeSealed(keyring, other, ofText(written))
      assert.ok(!readFileSync(join(root, 'other')).includes('canary'))
      assert.equal(await readSealedText(keyring, other), written)
    }
  })

  it('is refused by name when any byte of it is another', async () => {
    const whole = readFileSync(path)
    for (const at of [5, 20, 40, 100, 70_000, whole.length - 1]) {
      const altered = Buffer.from(whole)
      altered[at] = (altered[at] ?? 0) ^ 1
      writeFileSync(path, altered)
      await assert.rejects(read(), refused(/backups\/one\/cluster|no file of a backup/), `byte ${at}`)
    }
  })

  it('is refused when it is cut off, anywhere', async () => {
    const { length } = readFileSync(path)
    for (const left of [length - 1, length - 65_536 - 29, 65_536 + 29 + 95, 95, 50, 0]) {
      await writeSealed(keyring, place, parts())
      truncateSync(path, left)
      await assert.rejects(read(), refused(/altered or cut off|no file of a backup/), `${left} of ${length}`)
    }
  })

  it('does not stand for another file, and does not open with another key, which is told by its id', async () => {
    const elsewhere = { root, name: 'backups/one/audit' }
    renameSync(path, join(root, elsewhere.name))
    await assert.rejects(read(elsewhere), refused(/audit was altered/))
    await assert.rejects(read(), refused(/cluster is missing/))
    const stranger = parseMasterKeys(generateMasterKey())
    await assert.rejects(
      read(elsewhere, stranger),
      refused(new RegExp(`under the backup key ${keyring.keks[0].id}.*${stranger.keks[0].id}`)),
    )
  })

  it('that the disk does not give is told by what the disk says', async () => {
    await assert.rejects(read({ root, name: `${place.name}/log` }), { code: 'ENOTDIR' })
    await assert.rejects(read({ root, name: 'backups/one' }), { code: 'EISDIR' })
  })

  it('is as it was before when writing fails, and leaves nothing of the new one', async () => {
    async function* broken() {
      yield randomBytes(200_000)
      throw new Error('the disk is full')
    }
    await assert.rejects(writeSealed(keyring, place, broken()), /the disk is full/)
    assert.ok((await read()).equals(content))
    assert.ok(!existsSync(`${path}.unfinished`))
  })
})
