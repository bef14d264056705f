// Row 31: the copy of one person's record is larger than what the server could hold, or a part of it is lost on the way.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { after, before, test } from 'node:test'
import yauzl from 'yauzl'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { assertStatus, expectStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, until } from '../processes.ts'

const accesses = Number(process.env['FAULT_ROWS'] ?? 100_000)
/** What a server needs to begin, and some pages of rows. */
const heap_mebibytes = 160

let cluster: Cluster
let server: ServerProcess
let caller: Caller
let folder: string
let patient_id: string

before(async () => {
  cluster = await startCluster()
  folder = mkdtempSync(join(tmpdir(), 'openward-copy-'))
  server = await cluster.serve({
    node_options: [`--max-old-space-size=${heap_mebibytes}`],
    environment: { STORAGE_URL: `file:${join(folder, 'store')}` },
  })
  caller = await signIn(server.port)
  patient_id = (expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }).id
})
after(async () => {
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const residentMebibytes = ({ pid }: ServerProcess) =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** A copy for an insurer, as it comes. */
async function beginCopy(): Promise<IncomingMessage> {
  const body = { recipient: { name: 'Harbour Insurance', address: '12 Quay Street' }, purpose: 'Claim 17' }
  const { url } = expectStatus(201, await caller.ask('POST', `/api/v1/patients/${patient_id}/exports`, body)) as {
    url: string
  }
  const headers = { authorization: `Bearer ${caller.tokens.access_token}` }
  return new Promise((resolve, reject) =>
    get({ port: server.port, host: '127.0.0.1', path: url, headers }, resolve).once('error', reject),
  )
}

/** How often a line of a file in a ZIP begins so; the file is never whole in memory here either. */
async function countLines(zip: string, name: string, beginning: string): Promise<number> {
  const archive = await yauzl.openPromise(zip, { lazyEntries: true, autoClose: false })
  try {
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName !== name) continue
      let count = 0
      for await (const line of createInterface({ input: await archive.openReadStreamPromise(entry) }))
        if (line.startsWith(beginning)) count += 1
      return count
    }
    throw new Error(`there is no ${name}`)
  } finally {
    archive.close()
  }
}

test(`a copy with ${accesses} accesses is sent within a heap of ${heap_mebibytes} MiB, and others are served meanwhile`, async (t) => {
  // Straight into the log: looking into a record so often is not what is tried.
  await cluster.owner.query(`
    insert into audit_logs (user_id, role, action, resource_type, patient_id, outcome, correlation_id)
    select (select id from users limit 1), 'admin', 'patient.read', 'patient', '${patient_id}', 'success', 'large-copy'
      from generate_series(1, ${accesses}) n`)
  const before_mebibytes = residentMebibytes(server)
  let highest = 0
  const watch = setInterval(() => (highest = Math.max(highest, residentMebibytes(server))), 20)
  const file = join(folder, 'copy.zip')
  let isSent = false
  let served = 0
  try {
    const sending = beginCopy()
      .then(async (answer) => {
        assert.equal(answer.statusCode, 200)
        await pipeline(answer, createWriteStream(file))
      })
      .finally(() => (isSent = true))
    await until(
      'the copy is sent',
      async () => {
        if (isSent) return true
        assertStatus(await caller.ask('GET', '/api/v1/auth/me'), 200)
        served += 1
        return false
      },
      300_000,
    )
    await sending
  } finally {
    clearInterval(watch)
  }
  t.diagnostic(`memory ${Math.round(before_mebibytes)} to ${Math.round(highest)} MiB; ${served} answers meanwhile`)
  const counted = await countLines(file, 'access_log.json', '    "action": "patient.read"')
  assert.equal(counted, accesses)
  assert.ok(served > 0)
  assert.ok(highest - before_mebibytes < 128)
  assert.equal(server.hasEnded(), false)
})

test('a copy of which a document is lost while it is sent breaks off, and the server serves on', async () => {
  const form = new FormData()
  form.set('patient_id', patient_id)
  form.set('title', 'Scan')
  // What cannot be compressed, and is more than lies between the two ends of a connection.
  const lines = Array.from({ length: 200_000 }, () => randomBytes(60).toString('base64'))
  form.set('file', new Blob([lines.join('\n')], { type: 'text/plain' }), 'scan.txt')
  const headers = { authorization: `Bearer ${caller.tokens.access_token}` }
  const upload = await fetch(`http://127.0.0.1:${server.port}/api/v1/documents`, {
    method: 'POST',
    headers,
    body: form,
  })
  assert.equal(upload.status, 201, await upload.clone().text())
  await cluster.owner.query("delete from audit_logs where correlation_id = 'large-copy'")
  const answer = await beginCopy()
  assert.equal(answer.statusCode, 200)
  // Read as far as the headers only: the rest waits until the store has lost its files.
  rmSync(join(folder, 'store'), { recursive: true })
  await assert.rejects(pipeline(answer, createWriteStream(join(folder, 'broken.zip'))))
  assertStatus(await caller.ask('GET', '/api/v1/auth/me'), 200)
  assert.equal(server.hasEnded(), false)
  assert.ok(readdirSync(folder).includes('broken.zip'))
})
