// Four services as four processes over one database: each stands by itself, and what one does holds at all of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TOTP } from 'otpauth'
import { startCollector } from '#platform/tracing/collector.testing.ts'
import { serviceNames, type ServiceName } from '#platform/services/variables.ts'
import type { Gateway } from '../../server/gateway.ts'
import { type Caller, send, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import {
  assertStatus,
  createColleague,
  createDepartment,
  createDoctor,
  expectStatus,
  freeStarts,
  nextPerson,
} from '../hospital.ts'
import { freePort, runOpenward, spawnServer, statusOf, stopServer, until, untilReady } from '../processes.ts'
import { type Services, startDevelopmentGateway, startService, startServices } from '../shapes.ts'

let cluster: Cluster
let services: Services
let gateway: Gateway
let administrator: Caller
let collector: Awaited<ReturnType<typeof startCollector>>
let addresses: Record<ServiceName, number>

before(async () => {
  cluster = await startCluster()
  collector = await startCollector()
  services = await startServices(cluster, {
    OPENWARD_TRUSTED_PROXIES: '127.0.0.1',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  })
  addresses = {
    auth: services.auth.port,
    appointments: services.appointments.port,
    prescriptions: services.prescriptions.port,
    records: services.records.port,
  }
  gateway = await startDevelopmentGateway(services)
  administrator = await signIn(gateway.port)
})
after(async () => {
  await gateway?.close()
  await cluster?.stop()
  await collector?.[Symbol.asyncDispose]()
})

/** An address of each service that somebody who may everything reads. */
const reads: Record<ServiceName, string> = {
  auth: '/api/v1/auth/me',
  appointments: '/api/v1/appointments',
  prescriptions: '/api/v1/prescriptions',
  records: '/api/v1/departments',
}
type Document = { paths: Record<string, Record<string, { operationId: string }>>; tags: { name: string }[] }
const documentAt = async (port: number) => {
  const answer = await send(port, { method: 'GET', url: '/openapi.json', headers: {} })
  return expectStatus(200, answer) as Document
}
const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))

test('each service answers for its own addresses alone, and all of them behind one', async () => {
  const { caller } = await createColleague(administrator, 'doctor')
  for (const name of serviceNames) {
    for (const [of, path] of Object.entries(reads)) {
      const { status, text } = await caller.at(addresses[name]).ask('GET', path)
      assert.equal(status, of === name ? 200 : 404, `${path} at ${name}: ${text}`)
    }
    assertStatus(await caller.ask('GET', reads[name]), 200)
  }
})

test('one document tells of every operation of all services, and that of each of its own', async () => {
  const documents = await Promise.all(serviceNames.map((name) => documentAt(addresses[name])))
  const parts = documents.flatMap(operationsOf)
  const whole = await documentAt(gateway.port)
  assert.ok(parts.length > 150, `${parts.length} operations`)
  assert.deepEqual(operationsOf(whole).toSorted(), parts.toSorted())
  assert.equal(new Set(parts).size, parts.length)
  assert.equal(new Set(whole.tags.map(({ name }) => name)).size, whole.tags.length)
})

test('a patient is booked and prescribed for through all of them as through one', async () => {
  const department_id = await createDepartment(administrator)
  const doctor = await createDoctor(administrator, { department_id })
  const person = nextPerson()
  const patient = expectStatus(201, await administrator.ask('POST', '/api/v1/patients', person)) as { id: string }
  const [appointment_time] = await freeStarts(administrator, doctor.doctor_id)
  const booking = { doctor_id: doctor.doctor_id, patient_id: patient.id, appointment_time }
  const booked = expectStatus(201, await administrator.ask('POST', '/api/v1/appointments', booking)) as { id: string }
  // What appointments wrote gives the doctor reach at records, with the next request.
  assertStatus(await doctor.caller.ask('GET', `/api/v1/patients/${patient.id}`), 200)
  const list = await doctor.caller.ask('GET', `/api/v1/patients/${patient.id}/appointments`)
  assert.deepEqual(
    (expectStatus(200, list) as { items: { id: string }[] }).items.map(({ id }) => id),
    [booked.id],
  )
  // Prescriptions knows the patient of records and the booking of appointments; what it signs is read at both.
  const medicine = { name: 'Paracetamol', dosage: '500 mg', route: 'oral', frequency: 'every 8 hours' }
  const draft = {
    appointment_id: booked.id,
    medicines: [{ ...medicine, duration_days: 5, quantity: 15 }],
  }
  const { id } = expectStatus(201, await doctor.caller.ask('POST', '/api/v1/prescriptions', draft)) as { id: string }
  assertStatus(await doctor.caller.ask('POST', `/api/v1/prescriptions/${id}/sign`, {}), 200)
  const prescribed = await doctor.caller.ask('GET', `/api/v1/patients/${patient.id}/prescriptions`)
  assert.deepEqual(
    (expectStatus(200, prescribed) as { items: { id: string; status: string }[] }).items.map((one) => [
      one.id,
      one.status,
    ]),
    [[id, 'signed']],
  )
  const timeline = await doctor.caller.at(addresses.records).ask('GET', `/api/v1/patients/${patient.id}/timeline`)
  assert.ok(expectStatus(200, timeline) && timeline.text.includes(id))
})

test('a call from one service goes on at the other in the same trace, which a caller has begun', async () => {
  const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  const headers = {
    traceparent: `00-${trace}-${parent}-01`,
    authorization: `Bearer ${administrator.tokens.access_token}`,
  }
  for (const name of ['appointments', 'records'] as const)
    assertStatus(await send(addresses[name], { method: 'GET', url: reads[name], headers }), 200)
  const asked = () => collector.spans.filter(({ traceId }) => traceId === trace)
  await until('both services have sent what they did', () => asked().filter(({ kind }) => kind === 2).length === 2)
  assert.ok(asked().some(({ kind, parentSpanId }) => kind === 2 && parentSpanId === parent))

  // Each service reads the public keys of auth.
  const calls = () =>
    collector.spans.flatMap((call) => {
      if (call.attributes['openward.service'] !== 'auth') return []
      const answered = collector.spans.find(({ kind, parentSpanId }) => kind === 2 && parentSpanId === call.spanId)
      return answered ? [{ call, answered }] : []
    })
  await until('auth has sent what it was asked', () => calls().length > 0)
  for (const { call, answered } of calls()) {
    assert.equal(answered.traceId, call.traceId)
    assert.match(String(answered.attributes['http.route']), /jwks/)
  }
  assert.ok(!collector.text().includes(administrator.tokens.access_token))
})

test('whoever signs out at auth is signed out at every service with the very next request', async () => {
  const { caller } = await createColleague(administrator, 'doctor')
  for (const name of serviceNames) assertStatus(await caller.at(addresses[name]).ask('GET', reads[name]), 200)
  assert.ok((await caller.at(addresses.auth).ask('POST', '/api/v1/auth/logout')).status < 300)
  for (const name of serviceNames) assertStatus(await caller.at(addresses[name]).ask('GET', reads[name]), 401)
})

test('the service auth asks for both factors by each of its ways in', async () => {
  const { email, password, caller } = await createColleague(administrator, 'doctor')
  const at = caller.at(addresses.auth)
  const codeOf = (secret: string, shift_ms = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + shift_ms })
  const { secret } = expectStatus(200, await at.ask('POST', '/api/v1/auth/mfa/enroll')) as { secret: string }
  assertStatus(await at.ask('POST', '/api/v1/auth/mfa/confirm', { code: codeOf(secret) }), 200)
  const login = (given: { password: string; otp?: string }) =>
    send(addresses.auth, {
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: email, ...given }),
    })
  const form = (given: { password: string; otp?: string }) =>
    send(addresses.auth, {
      method: 'POST',
      url: '/api/v1/auth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'password', username: email, ...given }).toString(),
    })
  const later = codeOf(secret, 30_000)
  assertStatus(await login({ password }), 401)
  assertStatus(await login({ password: 'not the password', otp: later }), 401)
  assertStatus(await form({ password }), 400)
  assertStatus(await form({ password: 'not the password', otp: later }), 400)
  assertStatus(await form({ password, otp: later }), 200)
})

test('a role that is taken away at auth gives nothing at the others with the very next request', async () => {
  const { user_id, caller } = await createColleague(administrator, 'staff')
  const search = () => caller.at(addresses.records).ask('GET', '/api/v1/patients/search?q=nobody')
  assertStatus(await search(), 200)
  assertStatus(await administrator.ask('PATCH', `/api/v1/users/${user_id}`, { role: 'patient' }), 200)
  assertStatus(await search(), 403)
})

test('a new key for tokens is known at every service with the first token that it signs', async () => {
  const installation = { data_directory: `${cluster.directory}/server-1`, environment: cluster.environment }
  const before_it = await createColleague(administrator, 'doctor')
  const { code, output } = await runOpenward(installation, 'keys', 'rotate', '--tokens')
  assert.equal(code, 0, output)
  // The next process of auth signs with it at once.
  await stopServer(services.auth)
  services.auth = await startService(cluster, 'auth', addresses, { OPENWARD_TRUSTED_PROXIES: '127.0.0.1' })
  const fresh = await signIn(addresses.auth, before_it)
  for (const caller of [fresh, before_it.caller])
    for (const name of serviceNames) assertStatus(await caller.at(addresses[name]).ask('GET', reads[name]), 200)
})

test('a service that is stopped takes its own addresses with it, and nothing else; started again, it is back', async () => {
  const { caller } = await createColleague(administrator, 'doctor')
  await stopServer(services.prescriptions)
  const away = await caller.ask('GET', reads.prescriptions)
  const { code } = expectStatus(503, away) as { code: string }
  assert.equal(code, 'unavailable')
  assert.equal(away.headers['content-type'], 'application/problem+json; charset=utf-8')
  for (const name of ['auth', 'appointments', 'records'] as const)
    assertStatus(await caller.ask('GET', reads[name]), 200)
  // It is told of, and the others are ready all the same.
  const ready = await send(addresses.records, { method: 'GET', url: '/health/ready', headers: {} })
  const { parts } = expectStatus(200, ready) as { parts: Record<string, { status: string }> }
  assert.equal(parts['service_prescriptions']?.status, 'degraded')
  assert.equal(parts['service_auth']?.status, 'ok')
  services.prescriptions = await startService(cluster, 'prescriptions', addresses, {
    OPENWARD_TRUSTED_PROXIES: '127.0.0.1',
  })
  assertStatus(await caller.ask('GET', reads.prescriptions), 200)
})

test('with auth away everyone who is signed in works on; a service that starts meanwhile waits for it', async () => {
  const { caller } = await createColleague(administrator, 'doctor')
  await stopServer(services.auth)
  for (const name of ['appointments', 'prescriptions', 'records'] as const)
    assertStatus(await caller.ask('GET', reads[name]), 200)
  assertStatus(await caller.ask('GET', reads.auth), 503)

  const second = await freePort()
  const late = spawnServer({
    data_directory: `${cluster.directory}/server-1`,
    port: second,
    environment: {
      ...cluster.environment,
      OPENWARD_SERVICES: 'appointments',
      OPENWARD_SERVICE_URLS: `auth=http://127.0.0.1:${addresses.auth}`,
    },
  })
  try {
    await until('it listens', async () => (await statusOf(late, '/health/live')) === 200, 60_000)
    assert.equal(await statusOf(late, '/health/ready'), 503)
    assertStatus(await caller.at(second).ask('GET', reads.appointments), 503)
    services.auth = await startService(cluster, 'auth', addresses, { OPENWARD_TRUSTED_PROXIES: '127.0.0.1' })
    await untilReady(late)
    assertStatus(await caller.at(second).ask('GET', reads.appointments), 200)
  } finally {
    await stopServer(late)
  }
})

test('work by the clock has had one run in each period, whichever process did it', async () => {
  const done = () =>
    cluster.rows<{ name: string; runs: number; periods: number }>(
      `select name, count(*)::int as runs, count(distinct singleton_on)::int as periods
         from pgboss.job_common where singleton_key = 'run' and state = 'completed' group by name`,
    )
  // One of each service: holds, expiry of prescriptions, mails and accounts, documents.
  const names = ['appointments', 'prescriptions', 'identity', 'documents']
  await until(
    'each service has done some',
    async () => {
      const rows = await done()
      return names.every((of) => rows.some(({ name }) => name.startsWith(`${of}.`)))
    },
    90_000,
  )
  const all = await done()
  assert.deepEqual(
    all.filter(({ runs, periods }) => runs !== periods),
    [],
  )
})
