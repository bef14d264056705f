// Rows 9 and 32: a server ends while it imports a file that it has accepted, and another one goes on with it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { importApi, PatientImport } from '../../server/modules/patients/import.contract.ts'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

let cluster: Cluster
let staying: ServerProcess
let caller: Caller
before(async () => {
  cluster = await startCluster()
  staying = await cluster.serve()
  caller = await signIn(staying.port)
})
after(() => cluster?.stop())

const columns = ['first_name', 'last_name', 'date_of_birth', 'gender', 'phone_primary'] as const
const rows = 10_000
let files = 0
function aFile(): string {
  files += 1
  const lines = Array.from({ length: rows }, (_, at) => {
    const person = nextPerson()
    return `F${files}-${at},${columns.map((name) => person[name]).join(',')}`
  })
  return [`external_id,${columns.join(',')}`, ...lines].join('\n')
}

async function begin(at: ServerProcess): Promise<string> {
  const boundary = 'a-boundary-of-the-test'
  const answer = await caller.at(at.port).send({
    method: 'POST',
    url: importApi.import.path,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="p.csv"\r\n\r\n${aFile()}\r\n--${boundary}--\r\n`,
  })
  assertStatus(answer, 202)
  return PatientImport.parse(JSON.parse(answer.text)).id
}
const read = (import_id: string) => caller.call(importApi.read, { params: { import_id }, query: {} })

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`an import that was accepted by a server that ends by ${signal} is done by another, each person once`, async () => {
    const leaving = await cluster.serve()
    const id = await begin(leaving)
    await until('some rows are done', async () => (await read(id)).rows_total > 0)
    leaving.kill(signal)
    await leaving.ended
    const { status, rows_total } = await read(id)
    assert.equal(status, 'running')
    assert.ok(rows_total < rows, `${rows_total} were done before it ended`)
    await until('it has ended', async () => (await read(id)).status !== 'running', 120_000)
    const ended = await read(id)
    assert.deepEqual([ended.status, ended.rows_total, ended.rows_accepted], ['finished', rows, rows])
    const [registered] = await cluster.rows<{ entries: number; people: number }>(
      `select count(*)::int as entries, count(distinct patient_id)::int as people from audit_logs
        where action = 'patient.register' and details ->> 'import_id' = $1`,
      [id],
    )
    assert.deepEqual(registered, { entries: rows, people: rows })
    assert.deepEqual(await cluster.rows('select from patient_import_pieces'), [])
  })
}
