// FI-02, FI-09 and rows 5, 6 and 28: uploads that are too large, cut off, killed on their way, or meet a full disk.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Caller, signIn } from '../caller.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { expectStatus, nextPerson } from '../hospital.ts'
import { type ServerProcess, stopServer, until } from '../processes.ts'

const mebibyte = 1_048_576
const boundary = 'a-boundary-of-the-test'
const head = (patient_id: string) =>
  `--${boundary}\r\ncontent-disposition: form-data; name="patient_id"\r\n\r\n${patient_id}\r\n` +
  `--${boundary}\r\ncontent-disposition: form-data; name="title"\r\n\r\nx\r\n` +
  `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n`

let cluster: Cluster
let store: string
let server: ServerProcess
let caller: Caller
let patient_id: string

before(async () => {
  cluster = await startCluster()
  store = mkdtempSync(join(tmpdir(), 'openward-store-'))
  server = await cluster.serve({ environment: { STORAGE_URL: `file:${store}` } })
  caller = await signIn(server.port)
  patient_id = (expectStatus(201, await caller.ask('POST', '/api/v1/patients', nextPerson())) as { id: string }).id
})
after(async () => {
  await cluster?.stop()
  rmSync(store, { recursive: true, force: true })
})

type Sent = { status: number | undefined; code: string | undefined; sent_bytes: number }
/** Sends so many bytes of a file without saying how many they are, as long as nobody answers; `meanwhile` once half are out. */
async function send(to: Caller, patient: string, bytes: number, meanwhile?: () => void): Promise<Sent> {
  const answer = Promise.withResolvers<{ status: number | undefined; text: string }>()
  const going = request({
    port: to.port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/api/v1/documents',
    headers: {
      authorization: `Bearer ${to.tokens.access_token}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
    },
  })
  let isAnswered = false
  let sent_bytes = 0
  const end = (status?: number, text = '') => {
    isAnswered = true
    answer.resolve({ status, text })
  }
  going.on('response', (reply) => {
    let text = ''
    reply.on('data', (part: Buffer) => (text += part.toString()))
    reply.on('close', () => end(reply.statusCode, text))
    isAnswered = true
  })
  going.on('error', () => end())
  going.write(head(patient))
  const piece = Buffer.alloc(65_536, 'a')
  let told = false
  while (sent_bytes < bytes && !isAnswered) {
    sent_bytes += piece.length
    if (!going.write(piece))
      await Promise.race([new Promise((resolve) => going.once('drain', resolve)), answer.promise])
    if (!told && sent_bytes >= bytes / 2) {
      told = true
      meanwhile?.()
    }
  }
  if (!isAnswered) going.end(`\r\n--${boundary}--\r\n`)
  const { status, text } = await answer.promise
  const code = text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined
  return { status, code, sent_bytes }
}

const residentMebibytes = ({ pid }: ServerProcess) =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
const files = (folder = store) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
async function counts() {
  const [row] = await cluster.rows<{ documents: number; files: number }>(
    'select (select count(*)::int from documents) as documents, (select count(*)::int from document_files) as files',
  )
  return { ...row, stored: files() }
}

test('a gibibyte is refused early, and the memory of the server stays flat', async (t) => {
  assert.equal((await send(caller, patient_id, 20 * mebibyte)).status, 201)
  const had = await counts()
  const before_mebibytes = residentMebibytes(server)
  let highest = 0
  const watch = setInterval(() => (highest = Math.max(highest, residentMebibytes(server))), 20)
  const { status, code, sent_bytes } = await send(caller, patient_id, 1024 * mebibyte)
  clearInterval(watch)
  t.diagnostic(
    `${status} after ${Math.round(sent_bytes / mebibyte)} MiB, memory ${Math.round(before_mebibytes)} to ${Math.round(highest)} MiB`,
  )
  assert.deepEqual([status, code], [413, 'too_large'])
  assert.ok(sent_bytes < 256 * mebibyte)
  assert.ok(highest - before_mebibytes < 64)
  assert.deepEqual(await counts(), had)
})

test('an upload that is cut off leaves no row, no file and no use of the quota', async () => {
  const had = await counts()
  const going = request({
    port: caller.port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/api/v1/documents',
    headers: {
      authorization: `Bearer ${caller.tokens.access_token}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': 10 * mebibyte,
    },
  })
  going.on('error', () => undefined)
  going.write(head(patient_id))
  going.write(Buffer.alloc(5 * mebibyte, 'a'))
  await until('half of it is there', () => files() > had.stored)
  going.destroy()
  await until('nothing of it is left', async () => JSON.stringify(await counts()) === JSON.stringify(had))
})

test('a server that is killed during an upload leaves a file that another one sweeps away within a minute', async () => {
  const had = await counts()
  const doomed = await cluster.serve({ environment: { STORAGE_URL: `file:${store}` } })
  const sent = send(caller.at(doomed.port), patient_id, 20 * mebibyte, () => doomed.kill('SIGKILL'))
  assert.equal((await sent).status, undefined)
  const left = await counts()
  assert.deepEqual([left.documents, left.files], [had.documents, 1])
  const took = await until(
    'nothing of it is left',
    async () => JSON.stringify(await counts()) === JSON.stringify(had),
    90_000,
  )
  assert.ok(took < 60_000)
})

const isRoot = process.getuid?.() === 0
test(
  'a full disk under the documents refuses uploads and nothing else, and is made good by room',
  { skip: !isRoot && 'only root can mount a small disk' },
  async (t) => {
    const disk = mkdtempSync(join(tmpdir(), 'openward-disk-'))
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status !== 0) {
      t.diagnostic('no disk can be mounted here')
      rmSync(disk, { recursive: true })
      return
    }
    let full: ServerProcess | undefined
    try {
      full = await cluster.serve({ environment: { STORAGE_URL: `file:${disk}` } })
      const there = caller.at(full.port)
      const refused = await send(there, patient_id, 8 * mebibyte)
      assert.deepEqual([refused.status, refused.code], [507, 'storage_full'])
      assert.equal(files(disk), 0)
      assert.equal((await there.ask('GET', `/api/v1/patients/${patient_id}`)).status, 200)
      assert.equal((await send(there, patient_id, mebibyte)).status, 201)
    } finally {
      await stopServer(full)
      spawnSync('umount', [disk])
      rmSync(disk, { recursive: true, force: true })
    }
  },
)
