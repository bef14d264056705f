// What documents, the scanner and the warehouse ask of others is in the traces, and nothing of whose or what.
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startClamd } from '../../modules/documents/clamd.testing.ts'
import { aText, clientOf } from '../../modules/documents/documents.testing.ts'
import { scanDue } from '../../modules/documents/scanning.ts'
import { ContentMissing, StorageUnavailable } from '#platform/storage/failures.ts'
import type { Storage } from '#platform/storage/storage.ts'
import { postTo } from '#platform/outbound/post.ts'
import { makeCertificate, startTlsReceiver } from '#platform/outbound/tls.testing.ts'
import { openScanner } from '#platform/scanning/scanner.ts'
import { runNow } from '#modules/warehouse'
import { createLog } from '#platform/logging.ts'
import { startTestApi } from '../../testing.ts'
import { type CollectedSpan, startCollector } from './collector.testing.ts'
import { withinPost } from './traced-post.ts'
import { tracedScanner } from './traced-scanner.ts'
import { tracedStorage } from './traced-storage.ts'
import { openTracedTree } from './traced-tree.ts'
import { openTracing } from './tracing.ts'

const namesUnder = (spans: readonly CollectedSpan[], above: CollectedSpan | undefined) =>
  spans.filter(({ parentSpanId }) => above && parentSpanId === above.spanId).map(({ name }) => name)
const isStore = (name: string) => /^(documents|clamd|warehouse) /.test(name)

describe('a server with traces', () => {
  it('has what a document asks of the store and of clamd under its request', async () => {
    await using collector = await startCollector()
    const clamd = await startClamd()
    const canary = `Xochitl${randomUUID().replaceAll('-', '')}`
    const file = { ...aText(canary), name: `${canary}.txt` }
    let ids: string[] = []
    try {
      await using api = await startTestApi({ trace_endpoint: collector.url, trace_share: 1, clamd_url: clamd.url })
      const client = clientOf(api)
      const admin = await api.person('admin')
      const patient_id = await api.patient()
      const { id } = await client.add(admin, patient_id, file)
      assert.equal((await client.content(admin, id)).status, 200)
      clamd.behaviour.judge = () => 'stream: Test.Threat-4711 FOUND'
      assert.equal((await client.upload(admin, { patient_id, title: canary }, file)).status, 422)
      await scanDue(api.system)
      await api.system.tracing?.close()
      const sha256 = createHash('sha256').update(file.bytes).digest('hex')
      ids = [canary, id, patient_id, sha256, 'Threat-4711']
    } finally {
      await clamd.stop()
    }
    const requests = collector.spans.filter(({ kind }) => kind === 2)
    const [upload, content, refused] = requests.map((request) => namesUnder(collector.spans, request).filter(isStore))
    assert.deepEqual(upload?.toSorted(), ['clamd scan', 'documents read', 'documents write'])
    // Read to its end before the first byte leaves.
    assert.deepEqual(content, ['documents read', 'documents read'])
    assert.ok(refused?.includes('clamd scan'))
    const scans = collector.spans.filter(({ name }) => name === 'clamd scan')
    assert.deepEqual(
      scans.map(({ attributes }) => attributes['openward.verdict']),
      ['clean', 'infected'],
    )
    // What is no request's is its own: what was refused is removed, and a job asks clamd what it scans with.
    const own = collector.spans.filter(({ parentSpanId, name }) => parentSpanId === undefined && isStore(name))
    assert.deepEqual(new Set(own.map(({ name }) => name)), new Set(['documents remove', 'clamd version']))
    assert.ok(collector.spans.filter(({ name }) => isStore(name)).every(({ kind }) => kind === 3))
    assert.deepEqual(
      ids.filter((id) => collector.text().includes(id)),
      [],
    )
  })

  it('has what is written of the warehouse', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'openward-warehouse-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    await using collector = await startCollector()
    await using api = await startTestApi({ trace_endpoint: collector.url, trace_share: 1 })
    const tree = openTracedTree({ folder }, api.system.tracing)
    const { status } = await runNow(api.system, tree, {
      full: true,
      new_key: false,
      signal: new AbortController().signal,
    })
    assert.equal(status, 'finished')
    await api.system.tracing?.close()
    const asked = new Set(collector.spans.map(({ name }) => name).filter(isStore))
    for (const name of ['warehouse list', 'warehouse put', 'warehouse create']) assert.ok(asked.has(name), name)
    assert.ok(!/parquet|manifest/.test(collector.text()))
  })
})

describe('the store with traces', () => {
  it('tells failures by their kind, of what is read to its end as well', async () => {
    await using collector = await startCollector()
    const tracing = await openTraces(collector.url)
    const broken: Storage = {
      write: () => Promise.reject(new StorageUnavailable('canary')),
      async read(name) {
        if (name === 'gone') throw new ContentMissing('canary')
        return (async function* () {
          yield Buffer.from('begun')
          throw new StorageUnavailable('canary')
        })()
      },
      remove: async () => undefined,
      async *list() {
        yield* ['one', 'two']
      },
      check: async () => ({ status: 'ok' }),
    }
    const once = tracedStorage(broken, (name) => tracing.begin(name, 'client'))
    // Traced once more it is traced once, under the other span.
    const above = tracing.begin('above', 'inside')
    const storage = tracedStorage(once, (name) => above.child(name, 'client'))
    await assert.rejects(storage.write('x', (async function* () {})()), StorageUnavailable)
    await assert.rejects(storage.read('gone'), ContentMissing)
    const reading = await storage.read('x')
    await assert.rejects(Array.fromAsync(reading), StorageUnavailable)
    for await (const name of storage.list()) if (name === 'one') break
    await storage.remove('x')
    await storage.check()
    above.end()
    await tracing.close()
    const told = collector.spans.filter(({ name }) => name !== 'above')
    assert.deepEqual(
      told.map(({ name, attributes }) => [name, attributes['error.type']]),
      [
        ['documents write', 'StorageUnavailable'],
        ['documents read', 'ContentMissing'],
        ['documents read', 'StorageUnavailable'],
        ['documents list', undefined],
        ['documents remove', undefined],
      ],
    )
    const [root] = collector.spans.filter(({ name }) => name === 'above')
    assert.ok(told.every(({ parentSpanId }) => parentSpanId === root?.spanId))
    assert.ok(!collector.text().includes('canary'))
  })
})

async function openTraces(url: string) {
  const tracing = await openTracing({ trace_endpoint: url, trace_share: 1, services: [] }, '1.2.3', createLog('silent'))
  assert.ok(tracing)
  return tracing
}

describe('a scanner with traces', () => {
  it('tells how a scan ended: what it could not judge, and what could not be read', async () => {
    await using collector = await startCollector()
    const tracing = await openTraces(collector.url)
    const clamd = await startClamd()
    const own = openScanner({ clamd_url: clamd.url, signature_days: 7 })
    assert.ok(own)
    const scanner = tracedScanner(own, (name) => tracing.begin(name, 'client'))
    async function* content() {
      yield Buffer.from('canary')
    }
    async function* unreadable() {
      yield Buffer.from('begun')
      throw new ContentMissing('canary')
    }
    assert.equal((await scanner.scan(content)).status, 'clean')
    await assert.rejects(Promise.resolve(scanner.scan(unreadable)), ContentMissing)
    clamd.behaviour.mood = 'closes'
    assert.equal((await scanner.scan(content)).status, 'failed')
    await clamd.stop()
    assert.equal((await scanner.scan(content)).status, 'waiting')
    assert.equal((await scanner.check()).status, 'degraded')
    await tracing.close()
    assert.deepEqual(
      collector.spans.map(({ name, attributes }) => [name, attributes['openward.verdict'], attributes['error.type']]),
      [
        ['clamd scan', 'clean', undefined],
        ['clamd scan', undefined, 'ContentMissing'],
        ['clamd scan', 'failed', 'failed'],
        ['clamd scan', 'waiting', 'waiting'],
      ],
    )
    assert.ok(!collector.text().includes('canary'))
  })
})

describe('a post with traces', () => {
  it('tells its status or why there is none, and never its address', async () => {
    await using collector = await startCollector()
    const tracing = await openTraces(collector.url)
    const certificate = makeCertificate('canary.hospital.example')
    let status = 204
    await using receiver = await startTlsReceiver(certificate, (_, reply) => void reply.writeHead(status).end())
    const host = `canary.hospital.example:${receiver.port}`
    const post = (allowed_hosts: string[]) =>
      withinPost(tracing.begin('webhook POST', 'client'), () =>
        postTo({
          url: `https://${host}/in`,
          headers: {},
          body: '{}',
          rules: { production: true, allowed_hosts },
          ca: certificate.cert,
          resolve: async () => [{ address: '127.0.0.1', family: 4 }],
        }),
      )
    assert.deepEqual(await post([host]), { status: 204 })
    status = 503
    assert.deepEqual(await post([host]), { status: 503 })
    const { failure } = await post([])
    assert.ok(failure)
    await tracing.close()
    assert.deepEqual(
      collector.spans.map(({ attributes }) => attributes),
      [
        { 'http.response.status_code': 204 },
        { 'http.response.status_code': 503, 'error.type': '503' },
        { 'error.type': failure },
      ],
    )
    assert.ok(!collector.text().includes('canary'))
    assert.ok(receiver.received.every(({ headers }) => headers['traceparent'] === undefined))
  })
})
