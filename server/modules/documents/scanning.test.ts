// The scanner says clean or nobody is given it: away, hanging, closing, old, unable. And it is made good later.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { startClamd } from './clamd.testing.ts'
import { aText, clientOf, storedFiles } from './documents.testing.ts'
import { exportApi } from '../patients/export.contract.ts'
import { insurer } from '../patients/export.testing.ts'
import { scanDue } from './scanning.ts'
import { sql } from '#platform/database/sql.ts'
import { openScanner, verdictOf } from '#platform/scanning/scanner.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

const threat = 'a-threat-that-the-stand-in-knows'

let clamd: Awaited<ReturnType<typeof startClamd>>
let api: TestApi
let client: ReturnType<typeof clientOf>
let admin: Person
let patient_id: string

before(async () => {
  clamd = await startClamd()
  api = await startTestApi({ clamd_url: clamd.url })
  client = clientOf(api)
  admin = await api.person('admin')
  patient_id = await api.patient()
})
beforeEach(() => {
  clamd.behaviour.version = 'ClamAV 1.4.6'
  clamd.behaviour.mood = 'answers'
  clamd.behaviour.judge = (content) => (content.includes(threat) ? 'stream: Test.Threat FOUND' : 'stream: OK')
  // What it failed at is forgotten, as it would be after some seconds.
  api.system.scanner = openScanner(api.configuration)
})
after(async () => {
  await api[Symbol.asyncDispose]()
  await clamd.stop()
})

const upload = (file = aText()) => client.upload(admin, { patient_id, title: 'x' }, file)
const statusOf = async (id: string) => (await client.ask(admin, 'GET', `/api/v1/documents/${id}`)).json['status']
const refusal = async (id: string) => {
  const { status, json, bytes } = await client.content(admin, id)
  assert.ok(!bytes.includes('Blood count'), 'a byte of what was not cleared was given away')
  return [status, json['code']]
}

describe('an upload', () => {
  it('that the scanner clears is clean at once, and is the very content that it was given', async () => {
    const file = aText('x'.repeat(400_000))
    let seen: Buffer | undefined
    clamd.behaviour.judge = (content) => ((seen = content), 'stream: OK')
    const answer = await upload(file)
    assert.deepEqual([answer.status, answer.json['status'], answer.json['unscanned']], [201, 'clean', false])
    assert.ok(seen?.equals(file.bytes))
  })

  it('with a threat in it is refused by name, leaves nothing, and is in the audit log', async () => {
    const stored = storedFiles(api).length
    const answer = await upload(aText(`x ${threat}`))
    assert.deepEqual([answer.status, answer.json['code'], answer.json['threat']], [422, 'infected_file', 'Test.Threat'])
    assert.equal(storedFiles(api).length, stored)
    const [entry] = await api.rows(
      sql<{ outcome: string; details: object; patient_id: string }>`
        select outcome, details, patient_id from audit_logs where action = 'document.upload' and outcome = 'denied' order by id desc limit 1`,
    )
    assert.deepEqual(entry, {
      outcome: 'denied',
      details: { code: 'infected_file', threat: 'Test.Threat' },
      patient_id,
    })
  })

  for (const said of [
    'stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND',
    'stream: Heuristics.Encrypted.PDF FOUND',
    'INSTREAM size limit exceeded. ERROR',
  ]) {
    it(`of which the scanner says “${said}” is not clean, and not kept`, async () => {
      clamd.behaviour.judge = () => said
      const stored = storedFiles(api).length
      const answer = await upload()
      assert.deepEqual([answer.status, answer.json['code']], [422, 'unscannable_file'])
      assert.equal(storedFiles(api).length, stored)
    })
  }

  for (const mood of ['hangs', 'closes'] as const) {
    it(`while the scanner ${mood} waits, is given to nobody, and is cleared when it is back`, async () => {
      clamd.behaviour.mood = mood
      const answer = await upload()
      assert.deepEqual([answer.status, answer.json['status']], [202, 'scanning'], answer.text)
      const id = String(answer.json['id'])
      assert.deepEqual(await refusal(id), [423, 'document_not_scanned'])
      assert.equal((await client.ask(admin, 'POST', `/api/v1/documents/${id}/links`)).status, 423)
      // While it answers others, it is this content that it does not judge: that is tried again later.
      await scanDue(api.system)
      assert.equal(await statusOf(id), mood === 'hangs' ? 'scanning' : 'scan_failed')
      assert.deepEqual(await refusal(id), [423, 'document_not_scanned'])
      await api.rows(sql`update documents set scan_after = now() where id = ${id}`)
      clamd.behaviour.mood = 'answers'
      api.system.scanner = openScanner(api.configuration)
      await scanDue(api.system)
      assert.equal(await statusOf(id), 'clean')
      assert.equal((await client.content(admin, id)).status, 200)
      const [event] = await api.rows(
        sql<{
          payload: object
        }>`select payload from events where type = 'document.scanned' and subject_id = ${id} order by id desc limit 1`,
      )
      assert.deepEqual(event?.payload, { from: mood === 'hangs' ? 'scanning' : 'scan_failed', status: 'clean' })
    })
  }

  it('with signatures that are too old waits, but what they find is refused; readiness says so', async () => {
    const old = Temporal.Now.zonedDateTimeISO('UTC').subtract({ days: 40 })
    const month = old.toLocaleString('en-US', { month: 'short' })
    clamd.behaviour.version = `ClamAV 1.4.6/27000/Mon ${month} ${String(old.day).padStart(2)} 09:12:44 ${old.year}`
    const answer = await upload()
    assert.deepEqual([answer.status, answer.json['status']], [202, 'scanning'])
    assert.deepEqual(await refusal(String(answer.json['id'])), [423, 'document_not_scanned'])
    assert.equal((await upload(aText(threat))).status, 422)
    const check = await api.system.scanner?.check()
    assert.equal(check?.status, 'degraded')
    assert.match(check?.detail ?? '', /40 days old/)
    assert.equal(await scanDue(api.system), 0)
    clamd.behaviour.version = 'ClamAV 1.4.6'
    await scanDue(api.system)
    assert.equal(await statusOf(String(answer.json['id'])), 'clean')
  })

  it('that the scanner cannot judge is tried again later, and later still', async () => {
    clamd.behaviour.judge = () => 'Can’t allocate memory ERROR'
    const answer = await upload()
    assert.equal(answer.status, 202)
    const id = String(answer.json['id'])
    await scanDue(api.system)
    assert.equal(await statusOf(id), 'scan_failed')
    assert.deepEqual(await refusal(id), [423, 'document_not_scanned'])
    assert.equal(await scanDue(api.system), 0, 'not at once')
    await api.rows(sql`update documents set scan_after = now() where id = ${id}`)
    clamd.behaviour.judge = () => 'stream: OK'
    assert.equal(await scanDue(api.system), 1)
    assert.equal(await statusOf(id), 'clean')
  })
})

describe('new signatures', () => {
  it('have everything scanned again, and what they find is shown no more', async () => {
    const [good, bad] = [await upload(), await upload(aText('Blood count that hides what nobody knew'))]
    assert.equal(bad.status, 201)
    await scanDue(api.system)
    assert.equal(await scanDue(api.system), 0, 'nothing is scanned twice with the same signatures')
    clamd.behaviour.version = 'ClamAV 1.4.6/27999/'
    clamd.behaviour.judge = (content) => (content.includes('hides') ? 'stream: Late.Find FOUND' : 'stream: OK')
    assert.ok((await scanDue(api.system)) >= 2)
    assert.equal(await statusOf(String(good.json['id'])), 'clean')
    assert.equal(await statusOf(String(bad.json['id'])), 'infected')
    assert.deepEqual(await refusal(String(bad.json['id'])), [409, 'document_infected'])
    assert.equal(await scanDue(api.system), 0)
  })
})

describe('without a scanner', () => {
  it('documents are taken with a mark in development, and scanned once there is one', async () => {
    api.system.scanner = undefined
    await using bare = await startTestApi()
    const own = clientOf(bare)
    const who = await bare.person('admin')
    const { id, unscanned, status } = await own.add(who, await bare.patient())
    assert.deepEqual([status, unscanned], ['clean', true])
    bare.system.scanner = openScanner({ clamd_url: clamd.url, signature_days: 7 })
    assert.equal(await scanDue(bare.system), 1)
    const { json } = await own.ask(who, 'GET', `/api/v1/documents/${id}`)
    assert.deepEqual([json['status'], json['unscanned']], ['clean', false])
  })

  it('production takes none, and gives none that were taken without', async () => {
    await using bare = await startTestApi({ production: true })
    const own = clientOf(bare)
    const who = await bare.person('admin')
    const patient = await bare.patient()
    const answer = await own.upload(who, { patient_id: patient, title: 'x' }, aText())
    assert.deepEqual([answer.status, answer.json['code']], [503, 'scanner_missing'])
    assert.deepEqual(storedFiles(bare), [])
    // One that a database brings from development.
    const { id } = await client.add(admin, patient_id)
    assert.equal((await client.content(admin, id)).status, 200)
    await api.rows(sql`update documents set unscanned = true, scanned_with = null where id = ${id}`)
    const copy = async () => {
      const { url } = await admin.call(exportApi.make_link, { params: { patient_id }, body: insurer })
      return (await client.ask(admin, 'GET', url)).bytes
    }
    assert.ok((await copy()).includes(id))
    const configuration = api.system.configuration
    api.system.configuration = { ...configuration, production: true }
    assert.deepEqual(await refusal(id), [423, 'document_not_scanned'])
    assert.ok(!(await copy()).includes(id))
    api.system.configuration = configuration
  })
})

describe('what clamd says', () => {
  it('is clean only where it says exactly that', () => {
    for (const said of ['', 'stream: ok', 'stream: OK ', 'OK', 'PONG', 'UNKNOWN COMMAND', 'stream: OK FOUND ERROR'])
      assert.notEqual(verdictOf(said, 'ClamAV').status, 'clean', said)
    assert.equal(verdictOf('stream: OK', 'ClamAV').status, 'clean')
  })
})
