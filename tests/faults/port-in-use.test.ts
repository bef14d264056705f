// Somebody else listens where the server was to: it says so in one sentence, and leaves nothing running.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { assertFree } from '../../server/listening.ts'
import { embeddedPostmaster, freePort, runOpenward, spawnServer, temporaryDirectory, until } from '../processes.ts'

const directory = temporaryDirectory()
const other: Server[] = []
before(() => mkdirSync(directory.path, { recursive: true }))
afterEach(() => other.splice(0).forEach((server) => server.close()))
after(() => directory.remove())

async function take(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  other.push(server)
}
/** The first of four that are free. */
async function freeFour(): Promise<number> {
  for (;;) {
    const first = await freePort()
    const address = (at: number) => ({ host: '127.0.0.1', port: first + at, named: 'PORT' })
    const isFree = await Promise.all([1, 2, 3].map((at) => assertFree(address(at)))).then(
      () => true,
      () => false,
    )
    if (isFree) return first
  }
}
const sentence = (command: string, port: number, named: string) =>
  `openward ${command}: port ${port} of 127.0.0.1 is in use: end the program that listens there, or set ${named} to a port that is free\n`

test('a port that is in use is told in one sentence, and no database is started', async () => {
  const port = await freePort()
  await take(port)
  const options = { data_directory: directory.path, environment: { PORT: String(port) } }
  assert.deepEqual(await runOpenward(options, 'serve'), { code: 75, output: sentence('serve', port, 'PORT') })
  assert.equal(existsSync(join(directory.path, 'postgres')), false)
})

test('so is an address that the machine does not have', async () => {
  const options = { data_directory: directory.path, environment: { PORT: '8000', HOST: '192.0.2.7' } }
  assert.deepEqual(await runOpenward(options, 'serve'), {
    code: 78,
    output:
      'openward serve: 192.0.2.7 is no address of this machine: set HOST to one that is, or to 0.0.0.0 for all of them\n',
  })
})

test('and a port of the four services, or of the address before them', async () => {
  const port = await freeFour()
  const gateway = await freePort()
  const options = { data_directory: directory.path, environment: { PORT: String(port) } }
  await take(gateway)
  assert.deepEqual(await runOpenward(options, 'services', '--gateway', String(gateway)), {
    code: 75,
    output: sentence('services', gateway, '--gateway'),
  })
  await take(port)
  assert.deepEqual(await runOpenward(options, 'services', '--gateway', '0'), {
    code: 75,
    output: sentence('services', port, 'PORT (which is the first of four)'),
  })
  assert.equal(existsSync(join(directory.path, 'postgres')), false)
})

test('a port that is taken while the server begins ends it, its database too, and the first password is not lost', async () => {
  const port = await freePort()
  const environment = { OPENWARD_ADMIN_EMAIL: '', OPENWARD_ADMIN_PASSWORD: '' }
  const server = spawnServer({ data_directory: directory.path, port, environment })
  await until('the database begins', () => existsSync(join(directory.path, 'postgres')) || server.hasEnded())
  await take(port)
  assert.deepEqual(await server.ended, { code: 75, signal: null })
  const told = server.output()
  assert.ok(told.endsWith(sentence('serve', port, 'PORT')), told)
  assert.doesNotMatch(told, /\n +at /)
  assert.match(told, /First administrator: .*\n +One-time password: +\S+\n/)
  assert.equal(embeddedPostmaster(directory.path), undefined)
})
