import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { type AuditEntry, type AuditRecorder, createAuditRecorder } from './record.ts'
import { openSpool, type Spool, withSpool } from './spool.ts'

describe('the spool', () => {
  let api: TestApi
  let directory: string
  let log: AuditRecorder
  let spool: Spool
  let meanwhile: (() => void) | undefined
  before(async () => {
    api = await startTestApi()
    directory = join(api.configuration.data_directory, 'spool')
    const recorder = createAuditRecorder(api.system.reserve)
    log = {
      async record(entry) {
        await recorder.record(entry)
        meanwhile?.()
      },
    }
    const { keys } = api.system
    spool = openSpool({ directory, keys, log: api.system.log, recorder: log })
  })
  after(() => api[Symbol.asyncDispose]())
  beforeEach(() => {
    meanwhile = undefined
    rmSync(directory, { recursive: true, force: true })
  })

  const names = () => readdirSync(directory)
  const entry = (): AuditEntry & { correlation_id: string } => ({
    action: 'patient.read',
    resource_type: 'patient',
    purpose: 'BTG',
    details: { count: 2 },
    correlation_id: randomUUIDv7(),
  })
  const entriesOf = (correlation_id: string) =>
    api.rows<{ id: string; details: Record<string, unknown> }>(
      sql`select id, details from audit_logs where correlation_id = ${correlation_id}`,
    )
  const full: AuditRecorder = { record: () => Promise.reject(new Error('full')) }

  it('has nothing before anything was kept', async () => {
    assert.equal(await spool.count(), 0)
    await spool.enter()
  })

  it('enters what was kept under the id that it had, with the time of the read and what was noted of it', async () => {
    const [id, read_at, kept] = [randomUUIDv7(), '2026-02-03T04:05:06Z', entry()]
    await spool.keep({ ...kept, id }, read_at)
    assert.equal(await spool.count(), 1)
    await spool.enter()
    assert.deepEqual(await entriesOf(kept.correlation_id), [{ id, details: { count: 2, spooled: true, read_at } }])
    assert.deepEqual(names(), [])
  })

  it('enters in the order of the reads', async () => {
    const ids = Array.from({ length: 8 }, (_, at) => `0198c0de-0000-7000-8000-00000000000${at}`)
    for (const at of [5, 2, 7, 0, 4, 1, 6, 3])
      await spool.keep({ ...entry(), id: ids[at] ?? '' }, '2026-02-03T04:05:06Z')
    const entered: unknown[] = []
    const recorder = { record: async ({ id }: AuditEntry) => void entered.push(id) }
    await openSpool({ directory, keys: api.system.keys, log: api.system.log, recorder }).enter()
    assert.deepEqual(entered, ids)
  })

  it('leaves alone what another server of the same folder has entered first', async () => {
    const kept = entry()
    await spool.keep({ ...kept, id: randomUUIDv7() }, '2026-02-03T04:05:06Z')
    meanwhile = () => rmSync(join(directory, names()[0] ?? ''))
    await spool.enter()
    assert.equal((await entriesOf(kept.correlation_id)).length, 1)
  })

  it('stays where it cannot be entered or removed, which is told, and is in the log once', async () => {
    const kept = entry()
    await spool.keep({ ...kept, id: randomUUIDv7() }, '2026-02-03T04:05:06Z')
    const { keys } = api.system
    await assert.rejects(openSpool({ directory, keys, log: api.system.log, recorder: full }).enter(), /full/)
    assert.deepEqual([await spool.count(), await entriesOf(kept.correlation_id)], [1, []])
    const path = join(directory, names()[0] ?? '')
    const file = readFileSync(path)
    meanwhile = () => {
      rmSync(path)
      mkdirSync(path)
    }
    await assert.rejects(spool.enter(), { code: 'EISDIR' })
    meanwhile = undefined
    rmSync(path, { recursive: true })
    writeFileSync(path, file)
    await spool.enter()
    assert.deepEqual([await spool.count(), (await entriesOf(kept.correlation_id)).length], [0, 1])
  })

  it('tells of a file that holds no entry, and enters those after it', async () => {
    for (const text of ['cut o', '{}']) {
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, '0.entry'), text)
      const kept = entry()
      await spool.keep({ ...kept, id: randomUUIDv7() }, '2026-02-03T04:05:06Z')
      await assert.rejects(spool.enter(), /was altered and cannot be entered/)
      assert.deepEqual([names(), (await entriesOf(kept.correlation_id)).length], [['0.entry'], 1])
    }
  })

  it('does not take a folder that cannot be read for an empty one', async () => {
    writeFileSync(directory, '')
    await assert.rejects(spool.count(), { code: 'ENOTDIR' })
    const recorder = withSpool(full, spool, api.system.log)
    await assert.rejects(recorder.record(entry()), /full/, 'what can be kept nowhere is refused')
  })

  it('clears what a killed process had not finished, and not what another one is writing', async () => {
    mkdirSync(directory)
    for (const name of ['old.part', 'new.part']) writeFileSync(join(directory, name), '{')
    utimesSync(join(directory, 'old.part'), 0, 0)
    await spool.enter()
    assert.deepEqual(names(), ['new.part'])
    assert.equal(await spool.count(), 0)
  })

  it('is for what succeeded by emergency access alone', async () => {
    const recorder = withSpool(full, spool, api.system.log)
    for (const refused of [
      { ...entry(), purpose: undefined },
      { ...entry(), outcome: 'denied' as const },
    ])
      await assert.rejects(recorder.record(refused), /full/)
    assert.equal(await spool.count(), 0)
    await recorder.record(entry())
    assert.equal(await spool.count(), 1)
  })

  it('keeps one entry in the log when the first attempt at it was written after all', async () => {
    const kept = entry()
    const lost: AuditRecorder = { record: async (one) => log.record(one).then(() => full.record(one)) }
    await withSpool(lost, spool, api.system.log).record(kept)
    assert.equal(await spool.count(), 1)
    await spool.enter()
    assert.deepEqual(
      (await entriesOf(kept.correlation_id)).map(({ details }) => details),
      [{ count: 2 }],
    )
  })
})
