// What is refused on the way in, and that nothing is left of it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { deflateSync } from 'node:zlib'
import {
  aDicom,
  aPdf,
  aText,
  clientOf,
  formOf,
  formType,
  type GivenFile,
  readMaterial,
  statusesOf,
  storedFiles,
} from './documents.testing.ts'
import { sql } from '#platform/database/sql.ts'
import { listen } from '../live-events/streams.testing.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let client: ReturnType<typeof clientOf>
let admin: Person
let patient_id: string

before(async () => {
  api = await startTestApi({
    upload_bytes: 1_048_576,
    document_limits: { patient_count: 4, patient_bytes: 3_000_000, user_day_count: 500, user_day_bytes: 60_000_000 },
  })
  client = clientOf(api)
  admin = await api.person('admin')
  patient_id = await api.patient()
})
after(async () => api[Symbol.asyncDispose]())

async function traces() {
  const [counted] = await api.rows(
    sql<{ documents: number; files: number }>`
      select (select count(*)::int from documents) as documents, (select count(*)::int from document_files) as files`,
  )
  return { ...counted, stored: storedFiles(api).length }
}

async function refused(
  file: GivenFile | undefined,
  status: number,
  code: string,
  reason?: string,
  fields: Record<string, string> = {},
) {
  const had = await traces()
  const answer = await client.upload(admin, { patient_id, title: 'x', ...fields }, file)
  assert.deepEqual([answer.status, answer.json['code'], answer.json['reason']], [status, code, reason], answer.text)
  assert.deepEqual(await traces(), had)
  return answer
}

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))
const zeros = (length: number) => Array.from({ length }, () => 0)
const jpeg = bytes([0xff, 0xd8, 0xff, 0xe0], 'JFIF and so on'.repeat(100), [0xff, 0xd9])
const png = bytes([0x89], 'PNG\r\n', [0x1a, 0x0a], 'IHDR'.repeat(300))
const archive = bytes('PK\x03\x04 something PK\x05\x06', zeros(18))

describe('a file', () => {
  it('of each kind that is taken is known by its content', async () => {
    const someone = await api.patient()
    const taken = [
      [{ bytes: jpeg, name: 'a.JPG', type: 'image/jpeg' }, 'image/jpeg'],
      [{ bytes: png, name: 'a.png', type: 'application/octet-stream' }, 'image/png'],
      [{ bytes: bytes('II*\0', 'x'.repeat(50)), name: 'a.tif', type: 'image/tiff' }, 'image/tiff'],
      [{ bytes: Buffer.from('Größe 検査, fine'), name: 'a.txt' }, 'text/plain'],
    ] as const
    for (const [file, media_type] of taken)
      assert.equal((await client.add(admin, someone, file)).media_type, media_type)
  })

  const strange: [what: string, file: GivenFile, reason: string][] = [
    [
      'a program named as a PDF',
      { bytes: bytes('MZ', [0x90, 0, 3, 0]), name: 'a.pdf', type: 'application/pdf' },
      'unknown_content',
    ],
    ['a page', { bytes: Buffer.from('<!DOCTYPE html><p>x'), name: 'a.txt', type: 'text/plain' }, 'unknown_content'],
    ['an SVG', { bytes: Buffer.from('<svg onload="x"/>'), name: 'a.svg', type: 'image/svg+xml' }, 'unknown_content'],
    ['a script', { bytes: Buffer.from('#!/bin/sh\n'), name: 'a.txt', type: 'text/plain' }, 'unknown_content'],
    [
      'a GIF that is JavaScript',
      { bytes: Buffer.from('GIF89a=1;alert(1)'), name: 'a.gif', type: 'image/gif' },
      'unknown_content',
    ],
    ['an archive', { bytes: archive, name: 'a.zip', type: 'application/zip' }, 'unknown_content'],
    ['a PDF with two endings', { ...aPdf(), name: 'x.pdf.html' }, 'named_otherwise'],
    ['a name with a zero byte', { ...aPdf(), name: 'x.pdf%00.exe' }, 'named_otherwise'],
    ['a picture named as a PDF', { bytes: jpeg, name: 'a.pdf', type: 'image/jpeg' }, 'named_otherwise'],
    ['a picture declared as a PDF', { bytes: jpeg, name: 'a.jpg', type: 'application/pdf' }, 'declared_otherwise'],
    ['a picture with an archive behind it', { bytes: Buffer.concat([jpeg, archive]), name: 'a.jpg' }, 'archive_inside'],
    ['a PDF with an archive behind it', { ...aPdf(), bytes: Buffer.concat([aPdf().bytes, archive]) }, 'archive_inside'],
    [
      'a picture with a page inside',
      { bytes: bytes([...jpeg], '<script>x</script>'), name: 'a.jpg' },
      'active_content',
    ],
    ['a picture that is a PDF as well', { bytes: bytes([...png], '%PDF-1.7'), name: 'a.png' }, 'active_content'],
    ['text with a page further down', { ...aText(`${'fine\n'.repeat(900)}<script>x`) }, 'active_content'],
    ['text with bytes further down', { ...aText(`${'fine\n'.repeat(900)}\0`) }, 'not_text'],
    ['text that ends amid a letter', { bytes: bytes('x'.repeat(2000), [0xe6, 0xa4]), name: 'a.txt' }, 'not_text'],
    ['a PDF without an end', { ...aPdf(), bytes: aPdf().bytes.subarray(0, -8) }, 'cut_off'],
    ['DICOM with a program in front', { bytes: bytes('MZ', zeros(126), 'DICM'), name: 'a.dcm' }, 'unknown_content'],
    [
      'DICOM that says nothing',
      { bytes: bytes(zeros(128), 'DICM garbage of all kinds'), name: 'a.dcm' },
      'not_readable',
    ],
  ]
  for (const [what, file, reason] of strange) {
    it(`that is ${what} is refused, and leaves nothing`, () =>
      refused(file, 415, 'content_refused', reason).then(() => undefined))
  }

  const objects = (text: string) => {
    const inner = deflateSync(Buffer.from(`1 0 2 30 ${' '.repeat(40)}${text}`))
    return bytes(
      '3 0 obj << /Type /ObjStm /N 2 /First 8 /Filter /FlateDecode >>\nstream\r\n',
      [...inner],
      '\nendstream endobj\n',
    )
  }
  const withBytes = (inside: Buffer): GivenFile => {
    const { bytes: whole, ...rest } = aPdf()
    return { ...rest, bytes: Buffer.concat([whole.subarray(0, 9), inside, whole.subarray(9)]) }
  }
  const pdfs: [what: string, file: GivenFile, reason: string][] = [
    ['a script', aPdf('/OpenAction << /S /JavaScript /JS (app.alert(1)) >>'), 'script'],
    ['a script in disguise', aPdf('/OpenAction << /S /J#61v#61Script >>'), 'script'],
    ['an embedded file', aPdf('/Names << /EmbeddedFiles 5 0 R >>'), 'embedded_file'],
    ['a program to start', aPdf('/OpenAction << /S /Launch /F (cmd.exe) >>'), 'program'],
    ['a password', aPdf('/Encrypt 9 0 R'), 'encrypted'],
    ['a form with code', aPdf('/AcroForm << /XFA [1 0 R] >>'), 'script'],
    ['a script in a packed list of objects', withBytes(objects('<< /S /JavaScript >>')), 'script'],
    [
      'a script in a packed list far into the file',
      withBytes(
        Buffer.concat([
          Buffer.from(`%${'x'.repeat(65_400)}\n`),
          objects(`${'<< /A (b) >> '.repeat(9000)}<< /S /JavaScript >>`),
        ]),
      ),
      'script',
    ],
  ]
  for (const [what, file, reason] of pdfs) {
    it(`that is a PDF with ${what} is refused, and leaves nothing`, () =>
      refused(file, 415, 'content_refused', reason).then(() => undefined))
  }

  it('that is an ordinary PDF with packed objects is taken', async () => {
    const file = withBytes(objects('<< /Type /Page /Contents (JavaScript is a word) >>'))
    assert.equal((await client.add(admin, await api.patient(), file)).media_type, 'application/pdf')
  })

  it('that is empty or missing is told so', async () => {
    await refused({ bytes: Buffer.alloc(0), name: 'a.txt' }, 422, 'empty_file')
    const answer = await client.upload(admin, { patient_id, title: 'x' }, undefined)
    assert.equal(answer.status, 422)
    assert.match(answer.text, /\/body\/file/)
  })

  it('whose name is turned around, or hides something, is refused', async () => {
    for (const name of ['result\u202Etxt.exe', 'a\u2066b.txt', 'a\u200Bb.txt', 'a\u0001.txt']) {
      const answer = await refused({ ...aText(), name }, 422, 'invalid_request')
      assert.match(answer.text, /"path":"\/body\/file","code":"misleading_name"/)
      assert.doesNotMatch(answer.text, /result/)
    }
  })

  it('keeps of its name what can be shown, and of that nothing that leads anywhere', async () => {
    const someone = await api.patient()
    const names = [
      ['../../etc/passwd.txt', 'passwd.txt'],
      ['..\\..\\boot.txt', 'boot.txt'],
      ['/data/docs-evil/a.txt', 'a.txt'],
      [`${'long'.repeat(900)}.txt`, `${'long'.repeat(38).slice(0, 150)}.txt`],
    ] as const
    for (const [given, shown] of names.slice(0, 4)) {
      await api.rows(sql`delete from documents where patient_id = ${someone}`)
      const { id, file_name } = await client.add(admin, someone, { ...aText(), name: given })
      assert.equal(file_name, shown)
      const { headers } = await client.content(admin, id)
      assert.match(
        String(headers['content-disposition']),
        /^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''[\w.%-]+$/,
      )
    }
    for (const id of ['..%2f..%2fetc%2fpasswd', '%2e%2e', 'passwd'])
      assert.ok([404, 422].includes((await client.ask(admin, 'DELETE', `/api/v1/documents/${id}`)).status))
  })

  it('whose form names a part twice is refused and not kept, and the connection goes on', async () => {
    const port = await listen(api.app.http)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    // The file first: by the second title all of the form has come, and the file is kept.
    const once_each = formOf({ patient_id, title: 'x' }, aText(), true)
    const again = formOf({ title: 'y' }, undefined)
    const twice = Buffer.concat([once_each.subarray(0, once_each.lastIndexOf('--a-boundary')), again])
    const had = await traces()
    const ask = async (body: Buffer) => {
      const headers = {
        authorization: `Bearer ${admin.token}`,
        'content-type': formType,
        'content-length': body.length,
      }
      const sent = request({ port, agent, method: 'POST', path: '/api/v1/documents', headers }).end(body)
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      return { status: answer.statusCode, problem: (await json(answer)) as object, is_kept: sent.reusedSocket }
    }
    const { status, problem } = await ask(twice)
    assert.deepEqual([status, 'detail' in problem && problem.detail], [400, 'A form names each of its parts once'])
    assert.deepEqual(await traces(), had)
    const next = await ask(twice)
    assert.deepEqual([next.status, next.is_kept], [400, true])
    agent.destroy()
  })

  it('cannot be named by a path or an address in place of its bytes', async () => {
    for (const value of ['/etc/passwd', 'file:///etc/passwd', 'http://169.254.169.254/']) {
      const had = await traces()
      const answer = await client.upload(admin, { patient_id, title: 'x', file: value }, undefined)
      assert.equal(answer.status, 422, answer.text)
      for (const name of ['path', 'url', 'storage_key'])
        assert.equal((await client.upload(admin, { patient_id, title: 'x', [name]: value }, aText())).status, 422)
      assert.deepEqual(await traces(), had)
    }
  })
})

describe('a limit', () => {
  it('of the size is held to the byte', async () => {
    const someone = await api.patient()
    const exact = { bytes: Buffer.alloc(1_048_576, 'a'), name: 'a.txt' }
    assert.equal((await client.add(admin, someone, exact)).size_bytes, 1_048_576)
    await refused({ bytes: Buffer.alloc(1_048_577, 'a'), name: 'a.txt' }, 413, 'too_large')
    await refused({ bytes: Buffer.alloc(3_000_000, 'a'), name: 'a.txt' }, 413, 'too_large')
  })

  it('of a record counts every document, whoever adds them at the same moment', async () => {
    const someone = await api.patient()
    const [one, two] = [await api.person('admin'), await api.person('staff')]
    const answers = await Promise.all(
      [one, two, one, two, one, two, one, two].map((who) =>
        client.upload(who, { patient_id: someone, title: 'x' }, aText()),
      ),
    )
    assert.deepEqual(statusesOf(answers), [201, 201, 201, 201, 507, 507, 507, 507])
    const large = { bytes: Buffer.alloc(1_000_000, 'a'), name: 'a.txt' }
    const another = await api.patient()
    for (let count = 0; count < 2; count += 1) await client.add(one, another, large)
    const third = await client.upload(
      one,
      { patient_id: another, title: 'x' },
      { ...large, bytes: Buffer.alloc(1_040_000, 'b') },
    )
    assert.deepEqual([third.status, third.json['code']], [507, 'document_quota'])
    const { documents = 0, files = 0, stored } = await traces()
    assert.equal(stored, documents + files)
  })

  it('of a user counts a day, over all records', async () => {
    const who = await api.person('admin')
    await client.add(who, await api.patient())
    await api.rows(sql`update documents set size_bytes = 60_000_000 where uploaded_by = ${who.user_id}`)
    const answer = await client.upload(who, { patient_id: await api.patient(), title: 'x' }, aText())
    assert.deepEqual([answer.status, answer.json['code'], answer.headers['retry-after']], [429, 'upload_quota', '3600'])
    await api.rows(
      sql`update documents set uploaded_at = now() - interval '25 hours' where uploaded_by = ${who.user_id}`,
    )
    await client.add(who, await api.patient())
  })
})

describe('a DICOM file', () => {
  const registered = async (members: object = {}) => {
    const body = {
      first_name: 'Zoë',
      last_name: 'Müller-Lindqvist',
      date_of_birth: '1961-04-30',
      gender: 'FEMALE',
      phone_primary: '+14155550177',
      ...members,
      force: true,
    }
    const answer = await client.ask(
      admin,
      'POST',
      '/api/v1/patients',
      { 'content-type': 'application/json' },
      Buffer.from(JSON.stringify(body)),
    )
    assert.equal(answer.status, 201, answer.text)
    return answer.json as { id: string; patient_number: string }
  }
  const study = (name: string, id: string, born: string, more: Parameters<typeof aDicom>[0] = []) =>
    aDicom([
      [8, 5, 'CS', 'ISO_IR 192'],
      [8, 0x20, 'DA', '20240102'],
      [8, 0x60, 'CS', 'CT'],
      [0x10, 0x10, 'PN', name],
      [0x10, 0x20, 'LO', id],
      [0x10, 0x30, 'DA', born],
      ...more,
      [0x20, 0xd, 'UI', '1.2.840.99.1'],
    ])

  it('of the patient of the record is taken, and its study is told', async () => {
    const { id, patient_number } = await registered()
    const document = await client.add(
      admin,
      id,
      study('MUELLER LINDQVIST^ZOE=Müller-Lindqvist^Zoë', patient_number, '19610430'),
      { study_instance_uid: '1.2.840.99.1' },
    )
    assert.deepEqual(document.study, { study_instance_uid: '1.2.840.99.1', study_date: '2024-01-02', modality: 'CT' })
    const foreign = await client.add(admin, id, study('Muller^Zoe', 'MRN-77', '19610430'))
    assert.equal(foreign.media_type, 'application/dicom')
  })

  it('of somebody else, or of another study, is refused with what differs', async () => {
    const { id, patient_number } = await registered()
    const cases = [
      [study('Muller^Anna', patient_number, '19610430'), ['name']],
      [study('Lindqvist^Zoe', patient_number, '19610429'), ['birth_date']],
      [study('Lindqvist^Zoe', 'PT-20200101-0001', '19610430'), ['patient_id']],
      [study('Doe^Jane', 'PT-20200101-0001', '19810430'), ['name', 'birth_date', 'patient_id']],
      [study('', '', ''), ['nobody']],
    ] as const
    for (const [file, mismatches] of cases) {
      const had = await traces()
      const answer = await client.upload(admin, { patient_id: id, title: 'CT' }, file)
      assert.deepEqual(
        [answer.status, answer.json['code'], answer.json['mismatches']],
        [422, 'wrong_patient', mismatches],
        answer.text,
      )
      assert.ok(!answer.text.includes('Lindqvist'))
      assert.deepEqual(await traces(), had)
    }
    const named = await api.rows(
      sql`select outcome from audit_logs where patient_id = ${id} and details->>'code' = 'wrong_patient'`,
    )
    assert.deepEqual(
      named,
      cases.map(() => ({ outcome: 'denied' })),
    )
    const other = await client.upload(
      admin,
      { patient_id: id, title: 'CT', study_instance_uid: '1.2.3' },
      study('Lindqvist^Zoe', '', '19610430'),
    )
    assert.deepEqual(other.json['mismatches'], ['study'])
    const early = await client.upload(
      admin,
      { patient_id: id, title: 'CT' },
      aDicom([
        [8, 0x20, 'DA', '19600101'],
        [0x10, 0x10, 'PN', 'Lindqvist^Zoe'],
        [0x10, 0x30, 'DA', '19610430'],
      ]),
    )
    assert.deepEqual(early.json['mismatches'], ['study_date'])
  })

  const samples = ['CT_small', 'MR_small', 'rtplan', 'test-SR', 'badVR', 'MR_truncated', 'SC_rgb_small_odd']
  it(
    'as scanners write them is read: whose it is, or that it says nothing',
    { skip: readMaterial('dicom/CT_small.dcm') === undefined && 'the DICOM files are not at hand' },
    async (t) => {
      const ct = await registered({ first_name: 'CT1', last_name: 'CompressedSamples', date_of_birth: '1970-01-01' })
      for (const name of samples) {
        const file = {
          bytes: readMaterial(`dicom/${name}.dcm`) ?? Buffer.alloc(0),
          name: `${name}.dcm`,
          type: 'application/dicom',
        }
        const answer = await client.upload(admin, { patient_id: ct.id, title: name }, file)
        t.diagnostic(
          `${name}: ${answer.status} ${String(answer.json['code'] ?? answer.json['media_type'])} ${JSON.stringify(answer.json['mismatches'] ?? '')}`,
        )
        assert.equal(
          answer.status,
          name === 'CT_small' ? 201 : name === 'badVR' ? answer.status : 422,
          `${name}: ${answer.text}`,
        )
        assert.ok([201, 415, 422].includes(answer.status))
      }
    },
  )
})
