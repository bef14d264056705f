import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { assertFree, isInstalled } from './processes.ts'

test('what cannot be started, or lacks what it is asked to load, is not installed', async () => {
  const node = (text: string) => isInstalled(process.execPath, ['-e', text])
  assert.equal(await node('0'), true)
  assert.equal(await node('import("no-such-package-anywhere")'), false)
  assert.equal(await isInstalled('no-such-command-anywhere', []), false)
  assert.equal(await isInstalled(process.execPath, ['-e', 'process.exit(1)'], 1), true)
})

test('a port where something listens is told before anything is measured', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await assert.rejects(assertFree([port]), new RegExp(`port ${port} is taken`))
  server.close()
  await once(server, 'close')
  await assertFree([port])
})
