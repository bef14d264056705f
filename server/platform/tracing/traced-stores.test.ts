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
import { runNow } from '#modules/warehouse'
import { createLog } from '#platform/logging.ts'
import { startTestApi } from '../../testing.ts'
import { type CollectedSpan, startCollector } from './collector.testing.ts'
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
    const tracing = await openTracing(
      { trace_endpoint: collector.url, trace_share: 1, services: [] },
      '1.2.3',
      createLog('silent'),
    )
    assert.ok(tracing)
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
