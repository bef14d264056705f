// TR-01: the proxy of the guide before a server, and the line to Redis.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls'
import { Redis } from 'ioredis'
import { makeCertificate } from '#platform/outbound/tls.testing.ts'
import { signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { fencedBlocks, readDocument } from '../documentation/blocks.ts'
import { nginx, spawnNginx } from '../nginx-front.ts'
import { freePort, statusOf, until } from '../processes.ts'

const redis_url = process.env['REDIS_TEST_URL']
const host = 'hospital.example.org'
const certificate = makeCertificate(host)
let cluster: Cluster

before(async () => {
  cluster = await startCluster()
})
after(() => cluster?.stop())

const skip = nginx ? false : 'nginx is not installed'
test('the proxy of the guide speaks TLS 1.2 and 1.3, and leads pages to it, but no program', { skip }, async (t) => {
  const server = await cluster.serve({ environment: { OPENWARD_TRUSTED_PROXIES: '127.0.0.1' } })
  const folder = join(cluster.directory, 'nginx')
  mkdirSync(folder)
  writeFileSync(join(folder, 'fullchain.pem'), certificate.cert)
  writeFileSync(join(folder, 'privkey.pem'), certificate.key)
  const [secure, plain] = [await freePort(), await freePort()]
  const shown = fencedBlocks(readDocument('docs/operating.md')).find(({ language }) => language === 'nginx')
  const own = (shown?.text ?? '')
    .replaceAll(/\/etc\/ssl\/openward\/|\/var\/log\/nginx\//g, `${folder}/`)
    .replace(/^ *listen 443 /m, `listen 127.0.0.1:${secure} `)
    .replace('listen 80;', `listen 127.0.0.1:${plain};`)
    .replaceAll('http://127.0.0.1:8000', `http://127.0.0.1:${server.port}`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`)
  const path = join(folder, 'nginx.conf')
  writeFileSync(
    path,
    `pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {} http { ${temporary.join(' ')} ${own} }`,
  )
  const child = spawnNginx(folder, path)
  const ended = once(child, 'exit')
  t.after(() => {
    child.kill('SIGTERM')
    return ended
  })
  await until('nginx answers', async () => (await statusOf({ port: plain }, '/api/')) === 403)

  const speak = async (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3', sent: string) => {
    const socket: TLSSocket = connectTls({
      port: secure,
      host: '127.0.0.1',
      servername: host,
      ca: certificate.cert,
      minVersion: version,
      maxVersion: version,
      // What this side would refuse by itself shows nothing of the other.
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    await once(socket, 'secureConnect')
    socket.write(sent)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    return text
  }
  const request = `GET /health HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    assert.match(await speak(version, request), /^HTTP\/1\.1 200 [\s\S]*strict-transport-security: max-age=\d{8}/i)
  for (const version of ['TLSv1', 'TLSv1.1'] as const)
    await assert.rejects(speak(version, request), (error: Error & { code?: string }) =>
      /ALERT_PROTOCOL_VERSION/.test(error.code ?? ''),
    )
  const page = await fetch(`http://127.0.0.1:${plain}/patients`, { headers: { host }, redirect: 'manual' })
  assert.equal(page.status, 301)
  const program = await fetch(`http://127.0.0.1:${plain}/api/v1/patients`, { headers: { host }, redirect: 'manual' })
  assert.deepEqual([program.status, program.headers.get('location')], [403, null])
  assert.ok(!server.output().includes('"route":"/api/v1/patients"'))
})

test('Redis is spoken to under TLS, and not where nobody vouches for it', { skip: !redis_url }, async (t) => {
  const { hostname, port, pathname } = new URL(redis_url ?? '')
  const redis = new Redis(redis_url ?? '')
  const front = createServer(certificate, (socket) => {
    const real = connect({ host: hostname, port: Number(port) || 6379 })
    socket.on('error', () => real.destroy()).pipe(real)
    real.on('error', () => socket.destroy()).pipe(socket)
  })
  front.on('tlsClientError', () => undefined)
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  t.after(() => {
    redis.disconnect()
    front.close()
  })
  await redis.flushdb()
  const environment = {
    REDIS_URL: `rediss://127.0.0.1:${(front.address() as AddressInfo).port}${pathname}`,
    OPENWARD_RATE_LIMIT: 'on',
  }

  const stranger = await cluster.serve({ environment })
  await signIn(stranger.port)
  assert.equal(await redis.dbsize(), 0)
  await until('the log says why', () => /"code":"[A-Z_]*CERT[A-Z_]*","msg":"redis is away/.test(stranger.output()))

  const authority = join(cluster.directory, 'authority.crt')
  writeFileSync(authority, certificate.cert)
  const trusting = await cluster.serve({ environment: { ...environment, NODE_EXTRA_CA_CERTS: authority } })
  await until('Redis counts', async () => {
    await statusOf(trusting, '/api/v1/doctors')
    return (await redis.dbsize()) > 0
  })
})
