import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isInstalled } from './processes.ts'

test('what cannot be started, or lacks what it is asked to load, is not installed', async () => {
  const node = (text: string) => isInstalled(process.execPath, ['-e', text])
  assert.equal(await node('0'), true)
  assert.equal(await node('import("no-such-package-anywhere")'), false)
  assert.equal(await isInstalled('no-such-command-anywhere', []), false)
  assert.equal(await isInstalled(process.execPath, ['-e', 'process.exit(1)'], 1), true)
})
