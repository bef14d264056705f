// The scanner against a stand-in for clamd that fails in the middle of it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { startClamd } from '../../modules/documents/clamd.testing.ts'
import { certain } from '#platform/certain.ts'
import { openScanner } from './scanner.ts'

let clamd: Awaited<ReturnType<typeof startClamd>>
const open = ({ url } = clamd) => certain(openScanner({ clamd_url: url, signature_days: 7 }), 'scanner')
const part = Buffer.from('a piece of a document')

beforeEach(async () => void (clamd = await startClamd()))
afterEach(() => clamd.stop())

describe('a scanner', () => {
  it('is none where none is configured', () => {
    assert.equal(openScanner({ clamd_url: undefined, signature_days: 7 }), undefined)
  })

  it('listens on a socket of this machine too', { skip: process.platform === 'win32' }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'openward-clamd-'))
    const here = await startClamd(join(directory, 'clamd.sock'))
    try {
      here.behaviour.judge = (content) => (content.equals(part) ? 'stream: OK' : 'stream: Other FOUND')
      const verdict = await open(here).scan(async function* () {
        yield part
      })
      assert.deepEqual(verdict, { status: 'clean', scanned_with: 'ClamAV 1.4.6' })
    } finally {
      await here.stop()
      rmSync(directory, { recursive: true })
    }
  })

  it('that has enough of a content is sent no more of it', async () => {
    clamd.behaviour.mood = 'enough'
    let is_left = false
    const verdict = await open().scan(async function* () {
      try {
        for (;;) {
          yield part
          await turn()
        }
      } finally {
        is_left = true
      }
    })
    assert.deepEqual([verdict, is_left], [{ status: 'unscannable', reason: 'StreamMaxLength' }, true])
  })

  it('that goes away amid a content has not judged it', async () => {
    const scanner = open()
    const verdict = await scanner.scan(async function* () {
      yield part
      await clamd.stop()
      yield part
    })
    assert.deepEqual(verdict, { status: 'waiting' })
    clamd = await startClamd()
  })

  it('is not to blame for a content that cannot be read, and knows nothing of it', async () => {
    const failure = new Error('the store is away')
    const scanning = open().scan(async function* () {
      yield part
      throw failure
    })
    await assert.rejects(scanning, (error) => error === failure)
    assert.equal(clamd.scans(), 0)
  })

  it('that answers what nobody asked is one that does not answer', async () => {
    clamd.behaviour.version = 'x'.repeat(2_000_000)
    const scanner = open()
    assert.equal(await scanner.scansWith(), undefined)
    assert.match(certain((await scanner.check()).detail, 'detail'), /^clamd does not answer/)
  })
})
