// FI-03, FI-04 and row 21 against a real clamd, with signatures of our own: what it finds, and what becomes of documents while it is away.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ZipFile } from 'yazl'
import { openScanner } from '#platform/scanning/scanner.ts'
import { aPdf, aText, clientOf, storedFiles } from '../../server/modules/documents/documents.testing.ts'
import { scanDue } from '../../server/modules/documents/scanning.ts'
import { type Person, startTestApi, type TestApi } from '../../server/testing.ts'
import { freePort, until } from '../processes.ts'

const skip = spawnSync('clamd', ['--version']).status === 0 ? false : 'clamd is not installed'
/** The EICAR test file, as a signature of clamd writes it: the text itself would have this file taken for infected. */
const eicar_hex =
  '58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d5354414e444152442d414e544956495255532d544553542d46494c452124482b482a'
const eicar = Buffer.from(eicar_hex, 'hex')

let directory: string
let port: number
let clamd: ChildProcess
let api: TestApi
let client: ReturnType<typeof clientOf>
let admin: Person
let patient_id: string

async function startClamd() {
  clamd = spawn('clamd', ['--config-file', join(directory, 'clamd.conf')], { stdio: 'ignore' })
  const scanner = openScanner({ clamd_url: `tcp://127.0.0.1:${port}`, signature_days: 7 })
  await until('clamd answers', async () => (await scanner?.check())?.status === 'ok', 60_000)
}

async function stopClamd(signal: NodeJS.Signals = 'SIGKILL') {
  clamd.kill('SIGCONT')
  clamd.kill(signal)
  if (clamd.exitCode === null && clamd.signalCode === null) await once(clamd, 'close')
}

/** A scanner that has forgotten how clamd failed, as the one of a server does after some seconds. */
const renew = () => void (api.system.scanner = openScanner(api.configuration))

before(async () => {
  if (skip) return
  directory = mkdtempSync(join(tmpdir(), 'openward-clamd-'))
  port = await freePort()
  mkdirSync(join(directory, 'signatures'))
  writeFileSync(join(directory, 'signatures', 'openward.ndb'), `OpenWard.Test.EICAR:0:*:${eicar_hex}\n`)
  const lines = [
    `TCPSocket ${port}`,
    'TCPAddr 127.0.0.1',
    `DatabaseDirectory ${directory}/signatures`,
    'Foreground yes',
    'OfficialDatabaseOnly no',
    'StreamMaxLength 2M',
    'AlertEncrypted yes',
    'AlertExceedsMax yes',
    'MaxThreads 4',
  ]
  writeFileSync(join(directory, 'clamd.conf'), `${lines.join('\n')}\n`)
  await startClamd()
  api = await startTestApi({ clamd_url: `tcp://127.0.0.1:${port}` })
  client = clientOf(api)
  admin = await api.person('admin')
  patient_id = await api.patient()
})
after(async () => {
  if (skip) return
  await stopClamd()
  await api[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const upload = (file = aText()) => client.upload(admin, { patient_id, title: 'x' }, file)

async function zipped(name: string, content: Buffer): Promise<Buffer> {
  const archive = new ZipFile()
  archive.addBuffer(content, name)
  archive.end()
  const parts: Buffer[] = []
  for await (const part of archive.outputStream) parts.push(part as unknown as Buffer)
  return Buffer.concat(parts)
}

test('EICAR is found plain and renamed, refused zipped, and leaves nothing', { skip }, async () => {
  const had = storedFiles(api).length
  for (const name of ['eicar.txt', 'discharge letter.txt']) {
    const answer = await upload({ bytes: eicar, name, type: 'text/plain' })
    assert.deepEqual([answer.status, answer.json['code']], [422, 'infected_file'], answer.text)
    assert.match(String(answer.json['threat']), /EICAR/)
  }
  const hidden = await upload({ ...aPdf(), bytes: Buffer.concat([aPdf().bytes, eicar, Buffer.from('\n%%EOF\n')]) })
  assert.deepEqual([hidden.status, hidden.json['code']], [422, 'infected_file'])
  assert.equal((await upload({ bytes: eicar, name: 'letter.pdf', type: 'application/pdf' })).status, 415)
  const zip = await zipped('letter.txt', eicar)
  for (const name of ['a.zip', 'a.pdf', 'a.txt']) assert.equal((await upload({ bytes: zip, name })).status, 415)
  assert.equal(storedFiles(api).length, had)
  const verdict = await api.system.scanner?.scan(async function* () {
    yield zip
  })
  assert.equal(verdict?.status, 'infected')
})

test('what clamd cannot look at to its end is not clean', { skip }, async () => {
  const large = await upload({ bytes: Buffer.alloc(3_000_000, 'a'), name: 'a.txt', type: 'text/plain' })
  // clamd hangs up on it, and its word about why may be lost with the connection: refused, or kept and never shown.
  assert.ok(large.json['code'] === 'unscannable_file' || large.json['status'] === 'scanning', large.text)
  if (large.status === 202) {
    await scanDue(api.system)
    const url = `/api/v1/documents/${String(large.json['id'])}`
    assert.equal((await client.ask(admin, 'GET', url)).json['status'], 'scan_failed')
    assert.equal((await client.ask(admin, 'GET', `${url}/content`)).status, 423)
  }
  let nested: Buffer = Buffer.from('the innermost')
  for (let depth = 0; depth < 25; depth += 1) nested = await zipped('a.zip', nested)
  const verdict = await api.system.scanner?.scan(async function* () {
    yield nested
  })
  assert.equal(verdict?.status, 'unscannable')
})

for (const [how, away] of [
  ['stopped', () => stopClamd()],
  ['hung', async () => void clamd.kill('SIGSTOP')],
] as const) {
  test(
    `with clamd ${how} uploads wait and nobody is given them; once it is back all are scanned`,
    { skip },
    async () => {
      await away()
      renew()
      const waiting: string[] = []
      for (let count = 0; count < 3; count += 1) {
        const answer = await upload()
        assert.deepEqual([answer.status, answer.json['status']], [202, 'scanning'], answer.text)
        waiting.push(String(answer.json['id']))
      }
      const bad = await upload({ bytes: eicar, name: 'a.txt', type: 'text/plain' })
      assert.equal(bad.status, 202)
      for (const id of [...waiting, String(bad.json['id'])]) {
        const { status, bytes } = await client.content(admin, id)
        assert.equal(status, 423)
        assert.ok(!bytes.includes('Blood count') && !bytes.includes(eicar))
      }
      assert.equal((await api.system.scanner?.check())?.status, 'degraded')
      if (how === 'hung') clamd.kill('SIGCONT')
      else await startClamd()
      renew()
      await scanDue(api.system)
      for (const id of waiting) assert.equal((await client.content(admin, id)).status, 200)
      const found = await client.content(admin, String(bad.json['id']))
      assert.deepEqual([found.status, found.json['code']], [409, 'document_infected'])
      assert.ok(!found.bytes.includes(eicar))
    },
  )
}
