// TR-01: the line to PostgreSQL is encrypted to whom it is meant for, or the start fails and says what to do.
import assert from 'node:assert/strict'
import { chownSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeCertificate } from '#platform/outbound/tls.testing.ts'
import { signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, nextPerson } from '../hospital.ts'
import { runOpenward, until } from '../processes.ts'

/** For 127.0.0.1 and no name. */
const certificate = makeCertificate()
let cluster: Cluster
let authority: string
let stranger: string

before(async () => {
  cluster = await startCluster()
  const write = (name: string, text: string) => {
    const path = join(cluster.directory, name)
    writeFileSync(path, text)
    return path
  }
  authority = write('authority.crt', certificate.cert)
  stranger = write('stranger.crt', makeCertificate().cert)
})
after(() => cluster?.stop())

const addressWith = (parameters: Record<string, string>, host = '127.0.0.1') => {
  const url = new URL(cluster.url)
  url.hostname = host
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.toString()
}

async function refused(database_url: string, code: number, remedy: RegExp) {
  const environment = { ...cluster.environment, DATABASE_URL: database_url }
  const ended = await runOpenward({ data_directory: cluster.directory, environment }, 'migrate')
  assert.match(ended.output, remedy)
  assert.equal(ended.code, code, ended.output)
  assert.ok(!ended.output.includes(new URL(cluster.url).password))
  assert.ok(!/^\s+at /m.test(ended.output), ended.output)
}

test('where TLS is asked for and not offered, nothing is sent in the clear', async () => {
  await refused(addressWith({ sslmode: 'verify-full' }), 78, /offers no TLS/)
  await refused(addressWith({ sslmode: 'require' }), 78, /offers no TLS/)
})

test('what was taken for encrypted and verifies nobody is refused', async () => {
  for (const parameters of [
    { sslmode: 'no-verify' },
    { sslmode: 'allow' },
    { ssl: 'true' },
    { uselibpqcompat: 'true' },
  ])
    await refused(addressWith(parameters as Record<string, string>), 78, /DATABASE_URL must say sslmode=verify-full/)
  await refused(
    addressWith({ sslmode: 'verify-full', sslrootcert: join(cluster.directory, 'none.crt') }),
    78,
    /DATABASE_URL must name a file in sslrootcert that this user can read/,
  )
})

test('nobody but whom the authority vouches for is spoken to', async () => {
  const [shown] = await cluster.rows<{ data_directory: string }>('show data_directory')
  const data_directory = shown?.data_directory ?? ''
  const { uid, gid } = statSync(data_directory)
  for (const [name, text] of [
    ['server.crt', certificate.cert],
    ['server.key', certificate.key],
  ] as const) {
    const path = join(data_directory, name)
    writeFileSync(path, text, { mode: 0o600 })
    chownSync(path, uid, gid)
  }
  await cluster.rows('alter system set ssl = on')
  await cluster.rows('select pg_reload_conf()')
  await until('TLS is offered', async () => (await cluster.rows<{ ssl: string }>('show ssl'))[0]?.ssl === 'on')

  await refused(addressWith({ sslmode: 'verify-full' }), 78, /its certificate is not trusted/)
  await refused(addressWith({ sslmode: 'require' }), 78, /its certificate is not trusted/)
  await refused(addressWith({ sslmode: 'verify-full', sslrootcert: stranger }), 78, /its certificate is not trusted/)
  await refused(
    addressWith({ sslmode: 'verify-full', sslrootcert: authority }, 'localhost'),
    78,
    /its certificate is of another host/,
  )
})

test('every connection of a server is encrypted where its address says so', async () => {
  const database_url = addressWith({ sslmode: 'verify-full', sslrootcert: authority })
  const server = await cluster.serve({ database_url, environment: { DATABASE_REPLICA_URL: database_url } })
  const caller = await signIn(server.port)
  assertStatus(await caller.ask('POST', '/api/v1/patients', nextPerson()), 201)
  assertStatus(await caller.ask('GET', '/api/v1/analytics/appointment-trends?from=2025-01-01&to=2025-01-02'), 200)
  const lines = await cluster.rows<{ application_name: string; ssl: boolean }>(`
    select application_name, ssl from pg_stat_activity join pg_stat_ssl using (pid)
     where application_name like 'openward%'`)
  assert.ok(lines.length > 3, JSON.stringify(lines))
  assert.deepEqual(
    lines.filter(({ ssl }) => !ssl),
    [],
  )
})

test('a database that is away, or lets nobody in, is told in a sentence', async () => {
  const away = new URL(cluster.url)
  away.port = '9'
  await refused(away.toString(), 75, /the PostgreSQL at 127\.0\.0\.1: it does not answer.*ECONNREFUSED/)
  const other = new URL(cluster.url)
  other.pathname = '/nowhere'
  await refused(other.toString(), 78, /it has no such database/)
  const wrong = new URL(cluster.url)
  wrong.password = 'wrong'
  await refused(wrong.toString(), 78, /it refuses the user or the password/)
})
