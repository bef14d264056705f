// The files of the image, and no others, run under the image's environment as a user that may write nothing but its data.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  chownSync,
  chmodSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { blockingFolder } from '#platform/database/embedded/account.ts'
import { generateMasterKey } from '#platform/encryption/keyring.ts'
import { root } from '../documentation/blocks.ts'
import { dockerEnvironment, dockerInstructions, dockerWords } from '../documentation/deployed.ts'
import { embeddedPostmaster, freePort, statusOf, until } from '../processes.ts'

/** The account that PostgreSQL may run as, too: it has a name on every machine. */
const nobody = 65_534
const folder = mkdtempSync('/tmp/openward-image-')
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))

const program = join(folder, 'opt')
const data = join(folder, 'data')

function build() {
  for (const { name, rest } of dockerInstructions()) {
    if (name !== 'COPY' || rest.startsWith('--from')) continue
    const words = rest.split(/\s+/)
    for (const source of words.slice(0, -1)) {
      const target = words.at(-1) === './' ? join(program, source) : join(program, words.at(-1) ?? '')
      mkdirSync(dirname(target), { recursive: true })
      cpSync(join(root, source), target, { recursive: true, filter: (path) => !/\.(test|testing)\.ts$/.test(path) })
    }
  }
  symlinkSync(join(root, 'node_modules'), join(program, 'node_modules'))
  for (const path of [data, join(folder, 'tmp')]) mkdirSync(path, { mode: 0o700 })
  chmodSync(folder, 0o755)
}

/** Every file of the program, and when it was changed. */
const changes = () =>
  readdirSync(program, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('node_modules'))
    .map((path) => `${path} ${statSync(join(program, path)).mtimeMs}`)

test('the image serves without tests and tools, answers its health check, ends in time and writes nothing but its data', async (t) => {
  build()
  const isRoot = process.getuid?.() === 0
  const blocked = isRoot ? blockingFolder(join(root, 'node_modules/node/bin'), nobody, nobody) : undefined
  if (blocked) t.diagnostic(`it runs as root: another user may not enter ${blocked}`)
  const identity = isRoot && !blocked ? { uid: nobody, gid: nobody } : {}
  if (identity.uid !== undefined) for (const path of [data, join(folder, 'tmp')]) chownSync(path, nobody, nobody)
  const before = changes()

  const port = String(await freePort())
  const { HOST, ...image } = dockerEnvironment()
  const env = {
    ...image,
    HOST,
    PORT: port,
    PATH: '/usr/bin:/bin',
    TMPDIR: join(folder, 'tmp'),
    NODE_COMPILE_CACHE: join(folder, 'tmp/cache'),
    OPENWARD_DATA_DIR: data,
    OPENWARD_MASTER_KEY: generateMasterKey(),
    OPENWARD_PUBLIC_URL: 'https://hospital.example',
    OPENWARD_TRUSTED_PROXIES: '127.0.0.1',
    OPENWARD_ADMIN_EMAIL: 'it@hospital.example',
    OPENWARD_DRAIN_SECONDS: '1',
  }
  const run = ([command = '', ...words]: string[]) =>
    spawn(join(program, command), words, { cwd: program, env, ...identity, stdio: ['ignore', 'pipe', 'pipe'] })
  const server = run([...dockerWords('ENTRYPOINT'), ...dockerWords('CMD')])
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()))
  try {
    await until(
      'it is ready',
      async () => {
        assert.equal(server.exitCode, null, output)
        return (await statusOf({ port: Number(port) }, '/health/ready')) === 200
      },
      240_000,
    ).catch((error: unknown) => {
      throw new Error(output, { cause: error })
    })
    assert.equal(await statusOf({ port: Number(port) }, '/problems/not_found'), 200)
    const check = run(dockerWords('HEALTHCHECK', 'CMD '))
    await once(check, 'close')
    assert.equal(check.exitCode, 0)
    server.kill('SIGTERM')
    await once(server, 'close')
    assert.equal(server.exitCode, 0, output)
    const late = run(dockerWords('HEALTHCHECK', 'CMD '))
    await once(late, 'close')
    assert.equal(late.exitCode, 1)
    await until('the database has ended', () => embeddedPostmaster(data) === undefined)
    assert.deepEqual(changes(), before)
  } finally {
    server.kill('SIGKILL')
  }
})
