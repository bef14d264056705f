// The configuration of nginx that ships: every path of the contracts reaches the service that serves it, and what is away is told.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { serviceNames, type ServiceName } from '#platform/services/variables.ts'
import { buildApp } from '../../server/app.ts'
import { makeCertificate } from '../../server/platform/outbound/tls.testing.ts'
import { startTestApi } from '../../server/testing.ts'
import { send } from '../caller.ts'
import { type Front, nginx, startNginx } from '../nginx-front.ts'
import { fencedBlocks, readDocument } from '../documentation/blocks.ts'
import { freePort, temporaryDirectory, until } from '../processes.ts'
import { shippedPorts } from '../shapes.ts'

const skip = nginx ? false : 'nginx is not installed'
const directory = temporaryDirectory()
/** Each answers with its name and what it was asked. */
const stand_ins = new Map<ServiceName, Server>()
let front: Front
let broken = false

before(async () => {
  if (!nginx) return
  const ports = new Map<number, number>()
  for (const name of serviceNames) {
    const server = createServer((request, response) => {
      if (broken) return void request.socket.destroy()
      response.end(JSON.stringify({ name, url: request.url, headers: request.headers }))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.set(shippedPorts[name], (server.address() as { port: number }).port)
    stand_ins.set(name, server)
  }
  front = await startNginx({ directory: directory.path, servers: 'services.conf', ports })
})
after(async () => {
  await front?.stop()
  for (const server of stand_ins.values()) {
    server.close()
    server.closeAllConnections()
  }
  await directory.remove()
})

type Told = { name: string; url: string; headers: Record<string, string> }
const ask = (url: string, method: 'GET' | 'POST' = 'GET', headers: Record<string, string> = {}) =>
  send(front.port, { method, url, headers })
const toldBy = async (url: string) => JSON.parse((await ask(url)).text) as Told

test('every path of every contract goes to the service that serves it', { skip }, async (t) => {
  await using api = await startTestApi()
  let count = 0
  for (const name of serviceNames) {
    const others = serviceNames.filter((other) => other !== name)
    const service_urls = new Map(others.map((other) => [other, 'http://127.0.0.1:1'] as const))
    const configuration = { ...api.configuration, services: [name], service_urls }
    const app = await buildApp({ ...api.system, configuration })
    for (const { operation } of app.routes) {
      const path = operation.path.replaceAll(/\{\w+\}/g, randomUUID())
      assert.equal((await toldBy(path)).name, name, operation.path)
      count += 1
    }
    await app.stop()
  }
  t.diagnostic(`${count} operations`)
  assert.equal(count, api.app.routes.length)
})

test(
  'the proxy of compose.services.yaml is a configuration that nginx takes, with these same files',
  { skip },
  async () => {
    const deploy = join(import.meta.dirname, '../../deploy')
    const text = readFileSync(join(deploy, 'compose.services.nginx.conf'), 'utf8')
    const path = join(directory.path, 'compose.services.nginx.conf')
    const own = text
      .replaceAll('/etc/nginx/openward/', `${deploy}/nginx/`)
      .replace('/tmp/nginx.pid', join(directory.path, 'compose.pid'))
      // A pipe of the test cannot be opened by that name.
      .replaceAll(/\/dev\/std(?:out|err)/g, join(directory.path, 'compose.log'))
      // Keys are the hospital's.
      .replaceAll(/^ *(ssl_\w+|http2) .*\n/gm, '')
      .replaceAll(/listen (?:443 ssl|80);/g, `listen 127.0.0.1:${await freePort()};`)
    assert.equal(own.split(`${deploy}/nginx/`).length, 4)
    writeFileSync(path, own)
    const { status, stderr } = spawnSync(nginx ?? '', ['-t', '-q', '-p', directory.path, '-c', path], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  },
)

test('what the guide and site.conf show is a configuration that nginx takes, keys and all', { skip }, () => {
  const deploy = join(import.meta.dirname, '../../deploy/nginx')
  const { cert, key } = makeCertificate('hospital.example.org')
  for (const [name, text] of Object.entries({ 'fullchain.pem': cert, 'privkey.pem': key }))
    writeFileSync(join(directory.path, name), text)
  const shown = fencedBlocks(readDocument('docs/operating.md')).filter(({ language }) => language === 'nginx')
  assert.ok(shown.length > 0)
  for (const text of [...shown.map((block) => block.text), readFileSync(join(deploy, 'site.conf'), 'utf8')]) {
    const own = text
      .replaceAll('/etc/ssl/openward/', `${directory.path}/`)
      .replaceAll('/var/log/nginx/', `${directory.path}/`)
      .replaceAll('include openward/', `include ${deploy}/`)
    const path = join(directory.path, 'shown.conf')
    writeFileSync(path, `pid ${directory.path}/shown.pid; error_log stderr; events {} http { ${own} }`)
    const { status, stderr } = spawnSync(nginx ?? '', ['-t', '-q', '-p', directory.path, '-c', path], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  }
})

test('a link to a calendar, whose end is a secret, comes through and is in no log', { skip }, async () => {
  const secret = randomUUID()
  assert.deepEqual((await toldBy(`/api/v1/calendars/${secret}.ics`)).name, 'appointments')
  assert.equal((await toldBy('/api/v1/doctors')).name, 'appointments')
  const log = () => readFileSync(join(directory.path, 'front/access.log'), 'utf8')
  await until('the request after it is in the log', () => log().includes('/api/v1/doctors'))
  assert.ok(!log().includes(secret))
})

test('an address comes through as it was asked, with its query and whatever is encoded in it', { skip }, async () => {
  for (const url of ['/api/v1/patients/search?q=a%2Fb&limit=5', '/api/v1/patients/a%2Fb%20c', '/api/v1/doctors?x=%00'])
    assert.equal((await toldBy(url)).url, url)
})

test('the document of all services stands at the address of each one’s own', { skip }, async () => {
  for (const url of ['/openapi.json', '/api/v1/openapi.json']) {
    const { name, url: asked } = await toldBy(url)
    assert.deepEqual([name, asked], ['records', '/openapi/all.json'])
  }
})

test('whoever asks cannot say where they come from, and does not see the metrics', { skip }, async () => {
  const { headers } = JSON.parse((await ask('/health', 'GET', { 'x-forwarded-for': '10.9.8.7' })).text) as Told
  assert.equal(headers['x-forwarded-for'], '127.0.0.1')
  assert.equal((await ask('/metrics')).status, 404)
})

test(
  'a service that breaks off is told as a problem: a read was not done, of a change nobody knows',
  { skip },
  async () => {
    broken = true
    try {
      for (const [method, code] of [
        ['GET', 'unavailable'],
        ['POST', 'outcome_unknown'],
      ] as const) {
        const answer = await ask('/api/v1/prescriptions', method)
        assert.equal(answer.status, 503)
        assert.equal(answer.headers['content-type'], 'application/problem+json')
        assert.ok(answer.headers['retry-after'])
        const problem = JSON.parse(answer.text) as Record<string, unknown>
        assert.deepEqual([problem['code'], problem['status'], problem['type']], [code, 503, `/problems/${code}`])
        assert.match(String(problem['correlation_id']), /^[0-9a-f]{32}$/)
      }
    } finally {
      broken = false
    }
  },
)

test('a service that is away leaves the others reachable', { skip }, async () => {
  const away = stand_ins.get('prescriptions')
  assert.ok(away)
  away.close()
  away.closeAllConnections()
  await once(away, 'close')
  assert.equal((await ask('/api/v1/prescriptions')).status, 503)
  for (const [name, url] of [
    ['auth', '/api/v1/auth/me'],
    ['appointments', '/api/v1/slots'],
    ['records', '/api/v1/patients'],
  ] as const)
    assert.equal((await toldBy(url)).name, name)
})
