// An import whose server ends is gone on with by another, behind the rows that are done.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { importApi, PatientImport } from './import.contract.ts'
import { importPatients, type Imports, openImports } from './import.service.ts'
import { nextPerson } from './people.testing.ts'
import { type Sql, sql } from '#platform/database/sql.ts'
import { buildApp } from '../../app.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(async () => api[Symbol.asyncDispose]())

const columns = ['first_name', 'last_name', 'date_of_birth', 'gender', 'phone_primary'] as const
const header = `external_id,${columns.join(',')}`
let ids = 0
function row(more: Partial<Record<(typeof columns)[number], string>> = {}): string {
  const person = { ...nextPerson(), ...more }
  return `H${(ids += 1)},${columns.map((name) => person[name]).join(',')}`
}
/** Many batches; the last row of each hundred is refused. */
const longFile = (rows = 3000) =>
  [header, ...Array.from({ length: rows }, (_, at) => row(at % 100 === 99 ? { gender: 'x' } : {}))].join('\n')

const boundary = 'a-boundary-of-the-test'
const part = (head: string, text: string) =>
  `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`
const formOf = (file: string, dry_run: boolean) =>
  `${part('name="dry_run"', String(dry_run))}${part('name="file"; filename="p.csv"\r\ncontent-type: text/csv', file)}--${boundary}--\r\n`

/** Begins at a server of its own, which is told to stop when the import has come so far. */
async function beginAndStop(file: string, { dry_run = false, rows = 1 } = {}): Promise<string> {
  const app = await buildApp(api.system)
  const headers = {
    authorization: `Bearer ${staff.token}`,
    'content-type': `multipart/form-data; boundary=${boundary}`,
  }
  const payload = formOf(file, dry_run)
  const reply = await app.http.inject({ method: 'POST', url: importApi.import.path, headers, payload })
  const { id } = PatientImport.parse(reply.json())
  while ((await read(id)).rows_total < rows);
  await app.stop()
  return id
}
const read = (import_id: string) => staff.call(importApi.read, { params: { import_id }, query: {} })

/** Another server looks for imports that nobody runs. */
async function goOn(imports: Imports = openImports(api.system)): Promise<void> {
  await imports.goOn()
  await imports.stop()
}
async function goOnToTheEnd(id: string): Promise<PatientImport> {
  const imports = openImports(api.system)
  await imports.goOn()
  for (;;) {
    const state = await read(id)
    if (state.status !== 'running') {
      await imports.stop()
      return state
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const counts = ({ status, rows_total, rows_accepted, rows_known, rows_refused }: PatientImport) => [
  status,
  rows_total,
  rows_accepted,
  rows_known,
  rows_refused,
]
const count = async (from: Sql) =>
  (await api.rows(sql<{ count: number }>`select count(*)::int as count from ${from}`))[0]?.count
const pieces = () => count(sql`patient_import_pieces`)

describe('an import whose server stops', () => {
  it('is handed back, and whoever goes on registers the rest once, under the same name', async () => {
    const before = (await count(sql`patients`)) ?? 0
    const id = await beginAndStop(longFile())
    const stopped = await read(id)
    assert.equal(stopped.status, 'running')
    assert.ok(stopped.rows_total > 0 && stopped.rows_total < 3000, `${stopped.rows_total} of 3000`)
    assert.equal(await count(sql`patients`), before + stopped.rows_accepted)
    assert.ok(((await pieces()) ?? 0) > 0)
    const ended = await goOnToTheEnd(id)
    assert.deepEqual(counts(ended), ['finished', 3000, 2970, 0, 30])
    assert.deepEqual(
      ended.report.map(({ line }) => line),
      Array.from({ length: 30 }, (_, at) => (at + 1) * 100 + 1),
    )
    assert.equal(await count(sql`patients`), before + 2970)
    assert.equal(await pieces(), 0)
    const entries = await api.rows(sql<{ action: string; user_id: string; entries: number; correlations: number }>`
      select action, user_id, count(*)::int as entries, count(distinct (session_id, correlation_id))::int as correlations from audit_logs
       where resource_id = ${id} or details ->> 'import_id' = ${id} group by 1, 2 order by 1`)
    assert.deepEqual(entries, [
      { action: 'patient.import', user_id: staff.user_id, entries: 1, correlations: 1 },
      { action: 'patient.register', user_id: staff.user_id, entries: 2970, correlations: 1 },
    ])
  })

  it('begins again where it is a dry run', async () => {
    const before = await count(sql`patients`)
    const file = longFile()
    const id = await beginAndStop(file, { dry_run: true })
    assert.equal((await read(id)).status, 'running')
    const ended = await goOnToTheEnd(id)
    assert.deepEqual(counts(ended), ['finished', 3000, 2970, 0, 30])
    assert.equal(ended.report.length, 30)
    assert.equal(await count(sql`patients`), before)
  })

  it('lies sealed meanwhile, and has failed where what lies there was altered', async () => {
    const file = longFile()
    const id = await beginAndStop(file)
    const [piece] = await api.rows(sql<{ sealed_piece: Buffer }>`select sealed_piece from patient_import_pieces`)
    assert.ok(piece && !piece.sealed_piece.includes('FEMALE') && piece.sealed_piece.length > file.length)
    await api.rows(sql`
      update patient_import_pieces set sealed_piece = set_byte(sealed_piece, 30, get_byte(sealed_piece, 30) # 1)`)
    const { status, failure, rows_total } = await goOnToTheEnd(id)
    assert.equal(status, 'failed')
    assert.match(failure ?? '', /Something went wrong on our side.*run the same file again/)
    assert.ok(rows_total > 0)
    assert.equal(await pieces(), 0)
  })

  it('is given up when it was taken over again and again and got no further', async () => {
    const id = await beginAndStop(longFile())
    await api.rows(sql`update patient_imports set attempts = 10 where id = ${id}`)
    assert.equal((await goOnToTheEnd(id)).status, 'failed')
    assert.equal(await pieces(), 0)
  })
})

describe('an import that runs', () => {
  it('is left alone by the others', async () => {
    const app = await buildApp(api.system)
    const headers = {
      authorization: `Bearer ${staff.token}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
    }
    const payload = formOf(longFile(), false)
    const reply = await app.http.inject({ method: 'POST', url: importApi.import.path, headers, payload })
    const { id } = PatientImport.parse(reply.json())
    await goOn()
    assert.equal((await read(id)).status, 'running')
    const attempts = sql<{ attempts: number }>`select attempts from patient_imports where id = ${id}`
    assert.deepEqual(await api.rows(attempts), [{ attempts: 0 }])
    await app.stop()
    assert.equal((await goOnToTheEnd(id)).status, 'finished')
  })

  it('ends without a word where another process counts on with it', async () => {
    const file = Readable.from([Buffer.from(longFile())])
    const importing = importPatients(api.system, file, {
      dry_run: false,
      onFinding: () => undefined,
      onProgress: () => undefined,
    })
    const running = sql<{ id: string; rows_total: number }>`
      select id, rows_total from patient_imports where status = 'running'`
    let state: { id: string; rows_total: number } | undefined
    while (!state?.rows_total) [state] = await api.rows(running)
    await api.rows(sql`update patient_imports set rows_total = rows_total + 1 where id = ${state.id}`)
    const before = await count(sql`patients`)
    await assert.rejects(importing)
    assert.equal(await count(sql`patients`), before)
  })

  it('has failed where its process is gone and its file is nowhere', async () => {
    const [lost] = await api.rows(
      sql<{ id: string }>`insert into patient_imports (dry_run, status) values (false, 'running') returning id`,
    )
    const { status, failure } = await goOnToTheEnd(lost?.id ?? '')
    assert.equal(status, 'failed')
    assert.match(failure ?? '', /run the same file again/)
  })

  it('is begun without losing connections where its lock cannot be had', async () => {
    await api.rows(sql`revoke execute on function pg_try_advisory_lock(bigint) from public`)
    const send = (file: string) =>
      staff.send({
        method: 'POST',
        url: importApi.import.path,
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
        body: formOf(file, false),
      })
    // As many as the pool has connections.
    for (let count_of = 0; count_of < 12; count_of += 1) assert.equal((await send(longFile(1))).status, 500)
    await api.rows(sql`grant execute on function pg_try_advisory_lock(bigint) to public`)
    assert.equal((await send(longFile(1))).status, 202)
  })
})
