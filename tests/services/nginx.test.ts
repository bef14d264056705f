// TR-04 and TR-06 behind a real proxy: a cache that keeps whatever it may, and connections that it shares among everyone.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { brokenRequests, postOf } from '../hostile/broken-requests.ts'
import { exchange } from '../hostile/probe.ts'
import { assertStatus } from '../hospital.ts'
import { nginx, spawnNginx } from '../nginx-front.ts'
import { freePort, type ServerProcess, statusOf, until } from '../processes.ts'

const skip = nginx ? false : 'nginx is not installed'
const canary = 'Zyxwvut-Canary'

let cluster: Cluster
let server: ServerProcess
let caller: Caller
let port: number
let folder: string
let stop = async () => undefined as unknown

before(async () => {
  if (!nginx) return
  cluster = await startCluster()
  server = await cluster.serve({ environment: { OPENWARD_TRUSTED_PROXIES: '127.0.0.1' } })
  port = await freePort()
  folder = join(cluster.directory, 'nginx')
  mkdirSync(join(folder, 'cache'), { recursive: true })
  const path = join(folder, 'nginx.conf')
  writeFileSync(path, configurationOf(port, server.port))
  const child = spawnNginx(folder, path)
  const ended = once(child, 'exit')
  stop = () => {
    child.kill('SIGTERM')
    return ended
  }
  await until('nginx answers', async () => (await statusOf({ port }, '/health')) === 200)
  caller = (await signIn(server.port)).at(port)
})
after(async () => {
  await stop()
  await cluster?.stop()
})

/** Everything is cached that its server does not keep from it; below /kept/ everything whatever the server says. */
function configurationOf(listens: number, serves: number): string {
  const pass = 'proxy_set_header X-Forwarded-For $remote_addr; proxy_http_version 1.1; proxy_set_header Connection "";'
  return `
    pid ${folder}/nginx.pid; error_log ${folder}/error.log; worker_processes 1; events { worker_connections 256; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
      uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      proxy_cache_path ${folder}/cache keys_zone=shared:1m;
      upstream openward { server 127.0.0.1:${serves}; keepalive 2; }
      server {
        listen 127.0.0.1:${listens};
        proxy_cache shared; proxy_cache_valid any 10m; add_header x-cache $upstream_cache_status always;
        location / { ${pass} proxy_pass http://openward; }
        location /kept/ { ${pass} proxy_ignore_headers Cache-Control Vary Expires; proxy_pass http://openward/; }
      }
    }`
}

const cached = () =>
  readdirSync(join(folder, 'cache'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, 'cache', name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))

test('a cache between keeps nothing about a person, and keeps what is for everyone', { skip }, async () => {
  const body = {
    first_name: 'Ada',
    last_name: canary,
    date_of_birth: '1984-02-29',
    gender: 'OTHER',
    phone_primary: '(415) 555-2671',
    force: true,
  }
  const made = await caller.ask('POST', '/api/v1/patients', body)
  assertStatus(made, 201)
  const { id } = JSON.parse(made.text) as { id: string }
  for (const path of [
    `/api/v1/patients/${id}`,
    '/api/v1/patients',
    `/api/v1/patients/search?name=${canary}`,
    '/api/v1/auth/me',
  ]) {
    for (let time = 0; time < 2; time += 1) {
      const { status, headers } = await caller.ask('GET', path)
      assert.deepEqual([status, headers['x-cache']], [200, 'MISS'], path)
    }
    // Nobody is given what another has just read.
    const stranger = await fetch(`http://127.0.0.1:${port}${path}`)
    assert.equal(stranger.status, 401)
  }
  assert.equal(cached().filter((text) => text.includes(canary)).length, 0)

  const keys = () => fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`)
  await keys()
  assert.equal((await keys()).headers.get('x-cache'), 'HIT')
  // The cache does work: told not to listen to the server, it keeps the person.
  const kept = () => caller.ask('GET', `/kept/api/v1/patients/${id}`)
  await kept()
  assert.equal((await kept()).headers['x-cache'], 'HIT')
  assert.ok(cached().some((text) => text.includes(canary)))
})

test('no request is smuggled past a proxy that shares its connections', { skip }, async (t) => {
  const target = { path: '/api/v1/departments', token: caller.tokens.access_token, body: '' }
  let made = 0
  const next = () => JSON.stringify({ name: 'W', code: `NGX-${(made += 1)}` })
  const answersOf = async (bytes: string) => {
    const had = server.output().split('"route":"/health"').length
    const { statuses, text } = await exchange(port, bytes)
    // Whoever comes next over the same connection is answered what they asked.
    const me = await caller.ask('GET', '/api/v1/auth/me')
    assert.ok(me.status === 200 && me.text.includes('permissions'), me.text)
    return { statuses, text, smuggled: server.output().split('"route":"/health"').length - had }
  }
  const good = next()
  const sound = postOf({ ...target, body: good }, `connection: close\r\ncontent-length: ${good.length}\r\n`)
  assert.deepEqual((await answersOf(sound)).statuses, [201])
  let tried = 0
  for (const [name, bytes] of Object.entries(brokenRequests)) {
    const { statuses, text, smuggled } = await answersOf(bytes({ ...target, body: next() }))
    tried += 1
    assert.equal(smuggled, 0, `${name}: a request was smuggled: ${text}`)
    assert.doesNotMatch(text, /"status":"ok"/, name)
    // What nginx itself mends, such as a header too many, is one good request to the server.
    assert.ok(
      statuses.length <= 1 && statuses.every((status) => status < 500 || status === 501 || status === 505),
      `${name}: ${text}`,
    )
  }
  for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'BREW']) {
    const { statuses, text } = await answersOf(
      `${method} /api/v1/departments HTTP/1.1\r\nhost: x\r\nx-secret: ${canary}\r\nconnection: close\r\n\r\n`,
    )
    assert.ok(
      statuses.every((status) => [400, 404, 405, 501].includes(status)),
      text,
    )
    assert.doesNotMatch(text, new RegExp(canary))
  }
  t.diagnostic(`${tried} broken requests`)
  assert.ok(tried >= 15)
})
