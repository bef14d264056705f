// Who may start and stop the embedded database: one at a time, and nobody waits for the dead.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { claim, exclusively, isAlive, releaseClaim } from './claims.ts'

function folder(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'openward-claims-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
const gone = () => spawnSync(process.execPath, ['--version']).pid

test('a lock whose owner died, or that names nobody, keeps no one out', async (t) => {
  const directory = folder(t)
  // The last one names this process by its pid alone: one that lived before it had the same.
  for (const content of [`${gone()} 4711`, 'no pid', '0 4711', `${process.pid} 4711`]) {
    writeFileSync(join(directory, 'lock'), content)
    assert.equal(await exclusively(directory, async () => 'done'), 'done', content)
    assert.deepEqual(readdirSync(directory), [])
  }
})

test('a lock that cannot be read is nobody else’s to remove, and is waited for', async (t) => {
  const directory = folder(t)
  const lock = join(directory, 'lock')
  mkdirSync(lock)
  let isDone = false
  const work = exclusively(directory, async () => void (isDone = true))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([isDone, existsSync(lock)], [false, true])
  rmdirSync(lock)
  await work
  assert.equal(isDone, true)
})

test('who waits for a lock gives up when the folder is taken away', async (t) => {
  const directory = folder(t)
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const first = exclusively(directory, () => held)
  const second = exclusively(directory, async () => assert.fail('it has no folder'))
  rmSync(directory, { recursive: true })
  await assert.rejects(second, { code: 'ENOENT' })
  release()
  await first
})

test('a claim of a process that is gone counts no more', (t) => {
  const directory = folder(t)
  claim(directory)
  const dead = gone()
  writeFileSync(join(directory, 'claims', String(dead)), '4711')
  assert.deepEqual([isAlive(process.pid), isAlive(dead), isAlive(Number.NaN)], [true, false, false])
  assert.deepEqual(releaseClaim(directory), [])
  assert.deepEqual(readdirSync(join(directory, 'claims')), [])
})
