import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { analyticsApi } from '../../modules/analytics/analytics.contract.ts'
import { patientApi } from '../../modules/patients/patient.contract.ts'
import { patientSearchApi } from '../../modules/patients/patient-search.contract.ts'
import { sql } from '#platform/database/sql.ts'
import { createLog } from '#platform/logging.ts'
import { readConfiguration } from '#platform/configuration.ts'
import { startTestApi } from '../../testing.ts'
import { startCollector } from './collector.testing.ts'
import { failureOf, openTracing, within } from './tracing.ts'

const log = createLog('silent')
const configured = (OTEL_EXPORTER_OTLP_ENDPOINT: string, more: Record<string, string> = {}) =>
  readConfiguration({ OPENWARD_TIMEZONE: 'UTC', OTEL_EXPORTER_OTLP_ENDPOINT, ...more })
async function opened(url: string, more?: Record<string, string>) {
  const tracing = await openTracing(configured(url, more), '1.2.3', log)
  assert.ok(tracing)
  return tracing
}
const theirs = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('a trace', () => {
  it('is none, and costs no library, where no endpoint is configured', async () => {
    assert.equal(await openTracing(readConfiguration({ OPENWARD_TIMEZONE: 'UTC' }), '1.2.3', log), undefined)
  })

  it('goes to /v1/traces of the endpoint, with spans under those that they belong to', async () => {
    await using collector = await startCollector()
    const tracing = await opened(`${collector.url}/`)
    const request = tracing.begin('GET /x', 'server', { attributes: { 'http.route': '/x' } })
    const read = request.child('database read', 'client')
    read.end()
    request.end({ failure: '503', attributes: { 'http.response.status_code': 503 } })
    await tracing.close()
    assert.deepEqual([...collector.paths], ['POST /v1/traces'])
    const [inner, outer] = collector.spans
    assert.deepEqual(
      [outer?.service, outer?.name, outer?.kind, outer?.parentSpanId, outer?.status.code],
      ['openward', 'GET /x', 2, undefined, 2],
    )
    assert.deepEqual(outer?.attributes, {
      'http.route': '/x',
      'http.response.status_code': 503,
      'error.type': '503',
    })
    assert.deepEqual([inner?.parentSpanId, inner?.traceId, inner?.kind], [outer?.spanId, outer?.traceId, 3])
    assert.equal(request.traceparent, `00-${outer?.traceId}-${outer?.spanId}-01`)
  })

  it('goes on with that of a caller, and begins anew where theirs is none', async () => {
    await using collector = await startCollector()
    const tracing = await opened(collector.url)
    const invalid = [
      undefined,
      '',
      '00-00000000000000000000000000000000-b7ad6b7169203331-01',
      '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
      'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
      `${theirs}x`,
    ]
    for (const traceparent of [theirs, ...invalid]) tracing.begin('GET /x', 'server', { traceparent }).end()
    await tracing.close()
    const [joined, ...own] = collector.spans
    assert.deepEqual([joined?.traceId, joined?.parentSpanId], ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'])
    assert.equal(own.length, invalid.length)
    assert.ok(own.every(({ traceId, parentSpanId }) => traceId !== joined?.traceId && parentSpanId === undefined))
  })

  it('is kept for a share of what begins here, and for what a caller has decided to keep', async () => {
    await using collector = await startCollector()
    const tracing = await opened(collector.url, { OPENWARD_TRACE_SHARE: '0' })
    tracing.begin('of ours', 'server').child('inside', 'inside').end()
    tracing.begin('kept', 'server', { traceparent: theirs }).end()
    tracing.begin('not kept', 'server', { traceparent: theirs.replace(/01$/, '00') }).end()
    await tracing.close()
    assert.deepEqual(
      collector.spans.map(({ name }) => name),
      ['kept'],
    )
  })

  it('that cannot be sent is told of once, and once more when it can be again', async () => {
    const { port, url, ...gone } = await startCollector()
    await gone[Symbol.asyncDispose]()
    const lines: string[] = []
    const lost = Promise.withResolvers<void>()
    const sent = Promise.withResolvers<void>()
    const telling = createLog('info', {
      write(line) {
        lines.push(line)
        if (line.includes('could not be sent')) lost.resolve()
        if (line.includes('are sent again')) sent.resolve()
      },
    })
    const tracing = await openTracing(configured(url), '1.2.3', telling)
    /** A full batch is sent at once. */
    const work = () => {
      for (let count = 0; count < 512; count += 1) tracing?.begin('x', 'inside').end()
    }
    work()
    await lost.promise
    await using collector = await startCollector(port)
    work()
    await sent.promise
    await tracing?.close()
    assert.equal(collector.spans.length, 512)
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { level: string }).level),
      ['warn', 'info'],
    )
  })

  it('names failures by code or class, never by what they say', async () => {
    assert.deepEqual(
      [
        Object.assign(new Error('Amalia Testperson'), { code: '23505' }),
        new TypeError('Amalia'),
        'Amalia',
        null,
        Object.assign(new Error('x'), { name: 'Amalia Testperson' }),
      ].map(failureOf),
      ['23505', 'TypeError', 'unknown', 'unknown', 'unknown'],
    )
    await using collector = await startCollector()
    const tracing = await opened(collector.url)
    const failing = within(tracing.begin('x', 'client'), () => Promise.reject(new RangeError('canary-4711')))
    await assert.rejects(failing, RangeError)
    assert.equal(await within(undefined, async () => 7), 7)
    await tracing.close()
    assert.equal(collector.spans[0]?.attributes['error.type'], 'RangeError')
    assert.ok(!collector.text().includes('canary'))
  })
})

describe('a server with traces', () => {
  const traced = (url: string) => ({ trace_endpoint: url, trace_share: 1 })

  it('sends one span a request by its route, with the database under it, and nothing of anybody', async () => {
    await using collector = await startCollector()
    const canary = `Xochitl${randomUUID().replaceAll('-', '')}`
    {
      await using api = await startTestApi(traced(collector.url))
      const admin = await api.person('admin')
      const patient_id = await api.patient({ last_name: canary })
      await admin.call(patientApi.read, { params: { patient_id } }, { traceparent: theirs })
      await admin.call(patientSearchApi.search, { body: { name: canary } })
      await admin.send({ method: 'GET', url: `/api/v1/patients?search=${canary}`, headers: {} })
      await admin.send({ method: 'GET', url: '/health/ready', headers: {} })
      await api.send({ method: 'GET', url: `/api/v1/${canary}`, headers: {} })
      await api.system.tracing?.close()
      const ids = [canary, patient_id, admin.user_id, admin.session_id, admin.token]
      assert.deepEqual(
        ids.filter((id) => collector.text().includes(id)),
        [],
      )
    }
    const requests = collector.spans.filter(({ kind }) => kind === 2)
    assert.deepEqual(
      requests.map(({ name, attributes }) => [name, attributes['http.response.status_code'], attributes['http.route']]),
      [
        ['GET /api/v1/patients/:patient_id', 200, '/api/v1/patients/:patient_id'],
        ['POST /api/v1/patients/search', 200, '/api/v1/patients/search'],
        ['GET /api/v1/patients', 200, '/api/v1/patients'],
      ],
    )
    const [read] = requests
    assert.deepEqual(
      [read?.traceId, read?.parentSpanId, read?.attributes['openward.operation']],
      ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 'patients.read'],
    )
    const under = collector.spans.filter(({ parentSpanId }) => parentSpanId === read?.spanId).map(({ name }) => name)
    assert.ok(under.includes('audit record'))
    assert.ok(under.some((name) => name.startsWith('database ')))
  })

  it('has what is counted under its request, and says which requests failed', async () => {
    await using collector = await startCollector()
    await using api = await startTestApi(traced(collector.url))
    const admin = await api.person('admin')
    const query = { from: '2025-03-03', to: '2025-03-09' }
    await admin.call(analyticsApi.doctor_utilization, { query })
    await api.rows(sql`alter table departments rename to departments_of_before`)
    assert.equal((await admin.send({ method: 'GET', url: '/api/v1/departments', headers: {} })).status, 500)
    assert.equal((await admin.send({ method: 'GET', url: '/api/v1/doctors/none', headers: {} })).status, 422)
    await api.system.tracing?.close()
    const requests = collector.spans.filter(({ kind }) => kind === 2)
    assert.deepEqual(
      requests.map(({ attributes, status }) => [
        attributes['openward.operation'],
        attributes['error.type'],
        status.code,
      ]),
      [
        ['analytics.doctor_utilization', undefined, requests[0]?.status.code],
        ['departments.list', '500', 2],
        ['doctors.get', undefined, requests[0]?.status.code],
      ],
    )
    const under = collector.spans.filter(({ parentSpanId }) => parentSpanId === requests[0]?.spanId)
    assert.ok(under.some(({ name }) => name === 'database figures'))
  })

  it('has what figures ask of the database under the request that wants them', async () => {
    await using collector = await startCollector()
    {
      await using api = await startTestApi(traced(collector.url))
      const admin = await api.person('admin')
      await admin.call(analyticsApi.resource_usage, { query: {} })
      await admin.call(analyticsApi.admin, { query: {} })
      await api.system.tracing?.close()
    }
    const requests = collector.spans.filter(({ kind }) => kind === 2)
    assert.equal(requests.length, 2)
    for (const { spanId } of requests) {
      const figures = collector.spans.filter(
        ({ parentSpanId, name }) => parentSpanId === spanId && name === 'database figures',
      )
      assert.deepEqual(
        figures.map(({ kind, attributes }) => [kind, attributes]),
        [[3, { 'db.system.name': 'postgresql' }]],
      )
    }
  })

  it('sends a span for each run of a job', async () => {
    await using collector = await startCollector()
    {
      await using api = await startTestApi(traced(collector.url))
      await api.app.start()
      const deadline = performance.now() + 40_000
      const done = async () =>
        (await api.send({ method: 'GET', url: '/health/ready', headers: {} })).status === 200 &&
        (
          await api.rows({
            text: `select from pgboss.job where name = 'identity.purge' and state = 'completed'`,
            name: '',
            values: [],
            strings: [],
          })
        ).length > 0
      while (!(await done())) if (performance.now() > deadline) throw new Error('no job was done')
    }
    const run = collector.spans.find(({ name }) => name === 'job identity.purge')
    assert.deepEqual([run?.kind, run?.attributes['openward.attempt']], [5, 1])
  })

  it('serves as ever while nobody takes them', async () => {
    const gone = await startCollector()
    await gone[Symbol.asyncDispose]()
    await using api = await startTestApi(traced(gone.url))
    const admin = await api.person('admin')
    const patient_id = await api.patient()
    assert.equal((await admin.call(patientApi.read, { params: { patient_id } })).id, patient_id)
    await api.system.tracing?.close()
  })
})
