// `openward services`: the four of them and one address, with nothing but a data directory.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { startCollector } from '#platform/tracing/collector.testing.ts'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { send, signIn } from '../caller.ts'
import { assertStatus, createDepartment, expectStatus, nextPerson } from '../hospital.ts'
import { administrator, childrenOf, freePort, isAlive, temporaryDirectory, until } from '../processes.ts'

const program = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'server/cli/main.ts')
const directory = temporaryDirectory()
after(() => directory.remove())

/** The first of four ports in a row that are free now. */
async function fourPorts(): Promise<number> {
  for (let tried = 0; tried < 50; tried += 1) {
    const first = await freePort()
    const servers = [0, 1, 2, 3].map((at) => createServer().listen(first + at, '127.0.0.1'))
    const listening = await Promise.all(
      servers.map((server) =>
        once(server, 'listening').then(
          () => true,
          () => false,
        ),
      ),
    )
    for (const server of servers) server.close()
    if (listening.every(Boolean)) return first
  }
  throw new Error('there are no four ports in a row')
}

test('starts four services over one database, serves all of them at one address, in the trace of the caller, and ends them', async () => {
  await using collector = await startCollector()
  const [first, gateway] = [await fourPorts(), await freePort()]
  const child = spawn(process.execPath, [program, 'services', '--gateway', String(gateway)], {
    cwd: directory.path,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: directory.path,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      PORT: String(first),
      OPENWARD_DATA_DIR: directory.path,
      OPENWARD_RATE_LIMIT: 'off',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OPENWARD_ADMIN_EMAIL: administrator.email,
      OPENWARD_ADMIN_PASSWORD: administrator.password,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  const ended = once(child, 'exit')
  try {
    await until(
      'the address for all answers',
      () => {
        if (child.exitCode !== null) throw new Error(output.slice(-1500))
        return output.includes('by four services')
      },
      200_000,
    )
    const caller = await signIn(gateway)
    await createDepartment(caller)
    assertStatus(await caller.ask('POST', '/api/v1/patients', nextPerson()), 201)
    for (const path of ['/api/v1/appointments', '/api/v1/prescriptions', '/api/v1/auth/me'])
      assertStatus(await caller.ask('GET', path), 200)
    const trace_id = '0af7651916cd43dd8448eb211c80319c'
    const headers = {
      authorization: `Bearer ${caller.tokens.access_token}`,
      traceparent: `00-${trace_id}-b7ad6b7169203331-01`,
    }
    for (const url of ['/api/v1/patients', '/api/v1/appointments', '/api/v1/prescriptions', '/api/v1/auth/me'])
      assertStatus(await send(gateway, { method: 'GET', url, headers }), 200)
    // Records first, then auth.
    assertStatus(await caller.at(first).ask('GET', '/api/v1/patients'), 200)
    assertStatus(await caller.at(first + 1).ask('GET', '/api/v1/auth/me'), 200)
    assertStatus(await caller.at(first + 1).ask('GET', '/api/v1/patients'), 404)
    const answer = await send(gateway, { method: 'GET', url: '/openapi.json', headers: {} })
    const { paths } = expectStatus(200, answer) as { paths: Record<string, unknown> }
    assert.ok(paths['/api/v1/auth/login'] && paths['/api/v1/prescriptions'] && paths['/api/v1/patients'])
    const services = childrenOf(child.pid ?? 0)
    assert.ok(services.length >= 4)
    child.kill('SIGTERM')
    await ended
    const joined = collector.spans.filter(({ traceId, kind }) => traceId === trace_id && kind === 2)
    assert.deepEqual(joined.map(({ service, name }) => `${service}: ${name}`).sort(), [
      'openward-appointments: GET /api/v1/appointments',
      'openward-auth: GET /api/v1/auth/me',
      'openward-prescriptions: GET /api/v1/prescriptions',
      'openward-records: GET /api/v1/patients',
    ])
    assert.equal(child.exitCode, 0, output.slice(-1500))
    assert.deepEqual(services.filter(isAlive), [])
  } catch (error) {
    throw new Error(`it said: ${output.slice(-1500)}`, { cause: error })
  } finally {
    child.kill('SIGTERM')
    await ended
  }
})
