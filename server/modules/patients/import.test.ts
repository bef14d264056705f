import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { erasePatient } from './erasure.service.ts'
import { importApi, largestImportBytes, PatientImport } from './import.contract.ts'
import { importPatients } from './import.service.ts'
import { patientApi } from './patient.contract.ts'
import { patientSearchApi } from './patient-search.contract.ts'
import { matchValue } from './patient-tokens.ts'
import { nextPerson } from './people.testing.ts'
import { forbidden, invalidRequest, malformed, notFound, tooLarge } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { newDataKey } from '#platform/encryption/data-key.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let staff: Person
before(async () => {
  api = await startTestApi()
  staff = await api.person('staff')
})
after(async () => api[Symbol.asyncDispose]())

const header = 'external_id,first_name,last_name,date_of_birth,gender,phone_primary'
let ids = 0
/** A row of the file above; nobody resembles an earlier one. */
function row(
  more: Partial<
    Record<'external_id' | 'first_name' | 'last_name' | 'date_of_birth' | 'gender' | 'phone_primary', string>
  > = {},
): string {
  const { first_name, last_name, date_of_birth, gender, phone_primary } = nextPerson()
  const cells = { external_id: `E${++ids}`, first_name, last_name, date_of_birth, gender, phone_primary, ...more }
  return Object.values(cells).join(',')
}

async function send(file: string | undefined, fields: Record<string, string> = {}, who = staff) {
  const boundary = 'a-boundary-of-the-test'
  const part = (head: string, text: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`
  const parts = [
    ...Object.entries(fields).map(([name, value]) => part(`name="${name}"`, value)),
    ...(file === undefined ? [] : [part('name="file"; filename="patients.csv"\r\ncontent-type: text/csv', file)]),
  ]
  return who.send({
    method: 'POST',
    url: importApi.import.path,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: `${parts.join('')}--${boundary}--\r\n`,
  })
}

async function ended(import_id: string, who = staff): Promise<PatientImport> {
  for (;;) {
    const state = await who.call(importApi.read, { params: { import_id }, query: {} })
    if (state.status !== 'running') return state
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function importFile(file: string, fields: Record<string, string> = {}): Promise<PatientImport> {
  const answer = await send(file, fields)
  assert.equal(answer.status, 202, answer.text)
  const { id } = PatientImport.parse(JSON.parse(answer.text))
  assert.equal(answer.headers.location, `/api/v1/patients/import/${id}`)
  return ended(id)
}

const counts = ({ status, rows_total, rows_accepted, rows_known, rows_refused }: PatientImport) => [
  status,
  rows_total,
  rows_accepted,
  rows_known,
  rows_refused,
]
const told = ({ report }: PatientImport) => report.map(({ line, field, code }) => [line, field, code])
const patientCount = async () =>
  (await api.rows(sql<{ count: number }>`select count(*)::int as count from patients`))[0]?.count

describe('an import of patients', () => {
  it('registers what is right, and says of the rest which line and column is wrong and why', async () => {
    const file = [
      header,
      row(),
      row({ date_of_birth: '2999-01-01', phone_primary: '12' }),
      row({ gender: 'woman' }),
      row({ first_name: '' }),
      'too,few',
      row(),
    ].join('\n')
    const report = await importFile(file)
    assert.deepEqual(counts(report), ['finished', 6, 2, 0, 4])
    assert.deepEqual(told(report), [
      [3, 'date_of_birth', 'date_in_future'],
      [3, 'phone_primary', 'phone_length'],
      [4, 'gender', 'invalid_value'],
      [5, 'first_name', 'required'],
      [6, null, 'column_count'],
    ])
    assert.ok(!JSON.stringify(report).includes('2999'))
  })

  it('is counted in the list, each person once, also where a file brings nobody new', async () => {
    const total = async () => (await staff.call(patientSearchApi.list, { query: { limit: '1' } })).total
    const before = await total()
    const file = [header, row(), row(), row()].join('\n')
    await importFile(file)
    await importFile(file)
    assert.equal(await total(), before + 3)
  })

  it('is safe to run again: rows that were registered are known, with or without an id of their own', async () => {
    const lines = [row(), row()]
    const unnamed = lines.map((line) => line.split(',').slice(1).join(','))
    const file = [header, ...lines].join('\n')
    const other = [header.split(',').slice(1).join(','), nextRow(unnamed[0]), nextRow(unnamed[0])].join('\n')
    assert.deepEqual(counts(await importFile(file)), ['finished', 2, 2, 0, 0])
    assert.deepEqual(counts(await importFile(`${file}\n${row()}`)), ['finished', 3, 1, 2, 0])
    assert.deepEqual(counts(await importFile(other)), ['finished', 2, 1, 1, 0])
    assert.deepEqual(counts(await importFile(other)), ['finished', 2, 0, 2, 0])
  })

  it('knows a row that came before word for word, whatever its person is called today', async () => {
    const file = [header, row()].map((line) => line.split(',').slice(1).join(',')).join('\n')
    assert.deepEqual(counts(await importFile(file)), ['finished', 1, 1, 0, 0])
    const { items } = await staff.call(patientSearchApi.list, { query: { limit: '1' } })
    const params = { patient_id: items[0]?.id ?? '' }
    await staff.call(patientApi.change, { params, body: { last_name: 'Otherwise' } })
    assert.deepEqual(counts(await importFile(file)), ['finished', 1, 0, 1, 0])
  })

  it('knows its rows also when the system keys were rotated since', async () => {
    const lines = [row(), row()]
    const file = [header, ...lines].join('\n')
    assert.deepEqual(counts(await importFile(file)), ['finished', 2, 2, 0, 0])
    await api.rows(sql`update system_keys set retired_at = now() where purpose = 'imports' and retired_at is null`)
    const { id, kek_id, wrapped } = newDataKey(api.system.keys.keyring)
    await api.rows(
      sql`insert into system_keys (id, purpose, kek_id, wrapped) values (${id}, 'imports', ${kek_id}, ${wrapped})`,
    )
    await api.system.keys.reload()
    assert.deepEqual(counts(await importFile(`${file}\n${row()}`)), ['finished', 3, 1, 2, 0])
    assert.deepEqual(counts(await importFile(file)), ['finished', 2, 0, 2, 0])
  })

  it('registers nobody again who was erased since, and says so', async () => {
    const lines = [header, row(), row()]
    const unnamed = [header, row()].map((line) => line.split(',').slice(1).join(','))
    const files = [lines.join('\n'), unnamed.join('\n')]
    const before = await patientCount()
    for (const file of files) assert.equal((await importFile(file)).rows_refused, 0)
    const [erased, , other] = await api.rows<{ id: string; patient_number: string }>(
      sql`select id, patient_number from patients order by patient_number desc limit 3`,
    )
    await api.rows(
      sql`update patients set created_at = now() - interval '30 years', updated_at = now() - interval '30 years'`,
    )
    for (const one of [erased, other]) await erasePatient(api.system, one?.patient_number ?? '', 'Asked for')
    const [again, unnamedAgain] = [await importFile(lines.join('\n')), await importFile(unnamed.join('\n'))]
    assert.deepEqual(
      [counts(again), counts(unnamedAgain)],
      [
        ['finished', 2, 0, 1, 1],
        ['finished', 1, 0, 0, 1],
      ],
    )
    assert.deepEqual(told(again), [[2, null, 'person_erased']])
    assert.deepEqual(told(unnamedAgain), [[2, null, 'person_erased']])
    assert.equal((await importFile(lines.join('\n'), { dry_run: 'true' })).rows_refused, 1)
    assert.equal(await patientCount(), (before ?? 0) + 3)
  })

  it('takes an id of another person for what it is', async () => {
    const [first, second] = [row({ external_id: 'SAME' }), row({ external_id: 'SAME' })]
    assert.deepEqual(told(await importFile([header, first, second].join('\n'))), [
      [3, 'external_id', 'external_id_of_another'],
    ])
    assert.deepEqual(told(await importFile([header, second].join('\n'))), [
      [2, 'external_id', 'external_id_of_another'],
    ])
  })

  it('refuses a row with an identifier that somebody has, in the file or in the hospital', async () => {
    const known = await staff.call(patientApi.register, { body: nextPerson() })
    const [row_of] = await api.rows(sql`select from patients where id = ${known.id}`)
    assert.ok(row_of)
    const ssn = nextPerson().ssn
    const admin = await api.person('admin')
    const full = await admin.call(patientApi.read, { params: { patient_id: known.id } })
    const file = [
      `${header},ssn`,
      `${row()},${ssn}`,
      `${row()},${ssn.replaceAll('-', '')}`,
      `${row()},${full.ssn ?? ''}`,
    ].join('\n')
    const dry = await importFile(file, { dry_run: 'true' })
    const report = await importFile(file)
    const expected = [
      [3, 'ssn', 'duplicate_identifier'],
      [4, 'ssn', 'duplicate_identifier'],
    ]
    assert.deepEqual([told(dry), told(report)], [expected, expected])
  })

  it('registers who may be here already, and warns', async () => {
    const { first_name, last_name, date_of_birth } = await staff.call(patientApi.register, { body: nextPerson() })
    const likely = row({ first_name: first_name ?? '', last_name: last_name ?? '', date_of_birth: date_of_birth ?? '' })
    const report = await importFile([header, likely].join('\n'))
    assert.deepEqual(counts(report), ['finished', 1, 1, 0, 0])
    assert.deepEqual(
      report.report.map(({ line, code, refused }) => [line, code, refused]),
      [[2, 'likely_duplicate', false]],
    )
  })

  it('registers nobody in a dry run and tells the same', async () => {
    const file = [header, row(), row({ gender: '' })].join('\n')
    const before = await patientCount()
    const dry = await importFile(file, { dry_run: 'true' })
    assert.equal(await patientCount(), before)
    assert.deepEqual(counts(dry), ['finished', 2, 1, 0, 1])
    const { report } = await importFile(file)
    assert.deepEqual(report, dry.report)
  })

  it('refuses a file at once whose columns it does not know, and repeats none of its text', async () => {
    const cases: [string, string][] = [
      ['', 'no_header'],
      [`first_name\ufffd,last_name\nAna,Ruiz`, 'not_utf8'],
      [`${header},shoe_size\n${row()},44`, 'unknown_column'],
      [`${header},first_name\n`, 'column_twice'],
      ['first_name,last_name\nAna,Ruiz', 'missing_column'],
      ['Ana,Ruiz,1984-02-29,FEMALE,4155552671', 'unknown_column'],
    ]
    for (const [file, code] of cases) {
      const { status, text } = await send(file)
      assert.equal(status, 422, text)
      assert.ok(text.includes(code) && !text.includes('Ana') && !text.includes('shoe'), text)
    }
    assert.equal((await send(undefined)).status, 422)
    assert.equal((await send('x', { dry_run: 'perhaps' })).status, 422)
  })

  it('refuses what is no form, and one that was cut off', async () => {
    const cut = '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nfirst_na'
    for (const body of ['not a form', cut]) {
      const headers = { 'content-type': 'multipart/form-data; boundary=b' }
      const { status, text } = await staff.send({ method: 'POST', url: importApi.import.path, headers, body })
      assert.deepEqual([status, (JSON.parse(text) as { code: string }).code], [400, malformed.code])
    }
  })

  it('refuses a file that is larger than memory is kept for', async () => {
    const { status, text } = await send(`${header}\n${'x'.repeat(largestImportBytes)}`)
    assert.deepEqual([status, (JSON.parse(text) as { code: string }).code], [413, tooLarge.code])
  })

  it('is for those who may', async () => {
    const nurse = await api.person('nurse')
    assert.equal((await send(header, {}, nurse)).status, forbidden.status)
    const params = { import_id: '0198c0de-0000-7000-8000-000000000001' }
    await assert.rejects(nurse.call(importApi.read, { params, query: {} }), refusedWith(forbidden))
    await assert.rejects(staff.call(importApi.read, { params, query: {} }), refusedWith(notFound))
    await assert.rejects(
      staff.call(importApi.read, { params, query: { limit: '1001' } }),
      refusedWith(invalidRequest, '/query/limit'),
    )
  })

  it('leaves an entry for every person registered, and one of its own', async () => {
    const { id } = await importFile([header, row(), row()].join('\n'))
    const entries = await api.rows(sql<{ action: string; user_id: string; count: number }>`
      select action, user_id, count(*)::int as count from audit_logs
       where resource_id = ${id} or details ->> 'import_id' = ${id} group by 1, 2 order by 1`)
    assert.deepEqual(entries, [
      { action: 'patient.import', user_id: staff.user_id, count: 1 },
      { action: 'patient.register', user_id: staff.user_id, count: 2 },
    ])
  })

  it('pages through a long report without parting a line', async () => {
    const bad = Array.from({ length: 7 }, () => row({ date_of_birth: 'x', phone_primary: 'x' }))
    const { id } = await importFile([header, ...bad].join('\n'))
    const lines: number[] = []
    for (let from: number | null = 0; from !== null;) {
      const page: PatientImport = await staff.call(importApi.read, {
        params: { import_id: id },
        query: { from_line: String(from), limit: '3' },
      })
      lines.push(...page.report.map(({ line }) => line))
      from = page.next_line
    }
    assert.deepEqual(lines, [2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8])
  })

  it('shows a line with more findings than a page holds as far as the page goes, and goes on behind it', async () => {
    const { id } = await importFile(
      [header, row({ date_of_birth: 'x', phone_primary: 'x' }), row({ gender: 'x' })].join('\n'),
    )
    const page = (from_line: number) =>
      staff.call(importApi.read, { params: { import_id: id }, query: { from_line: String(from_line), limit: '1' } })
    const first = await page(0)
    assert.deepEqual([first.report.map(({ line }) => line), first.next_line], [[2], 3])
    assert.deepEqual(
      (await page(3)).report.map(({ line }) => line),
      [3],
    )
    await assert.rejects(
      staff.call(importApi.read, { params: { import_id: staff.user_id }, query: {} }),
      refusedWith(notFound),
    )
  })

  it('refuses a file without a single column on the command line, too', async () => {
    const onFinding = () => assert.fail('there is no row')
    const file = Readable.from([Buffer.from('\n\n')])
    const importing = importPatients(api.system, file, { dry_run: false, onFinding, onProgress: () => undefined })
    await assert.rejects(importing, refusedWith(invalidRequest, '/body/file'))
  })

  it('judges its rows again where one of their people was registered meanwhile', async () => {
    const ssn = '536-90-4399'
    const { id } = await staff.call(patientApi.register, { body: { ...nextPerson(), ssn: null } as never })
    const owner = new pg.Client({ connectionString: api.owner_url })
    await owner.connect()
    try {
      await owner.query('begin')
      for (const { key_version, token } of api.system.keys.tokenizer('patients').tokens('ssn', matchValue.ssn(ssn)))
        await owner.query('insert into patient_tokens (patient_id, kind, key_version, token) values ($1, $2, $3, $4)', [
          id,
          'ssn',
          key_version,
          token,
        ])
      const importing = importFile([`${header},ssn`, `${row()},${ssn}`, `${row()},`].join('\n'))
      await api.untilWaiting()
      await owner.query('commit')
      const { rows_accepted, rows_refused } = await importing
      assert.deepEqual([rows_accepted, rows_refused], [1, 1])
    } finally {
      await owner.end()
    }
  })

  it('refuses a file without a single column at once', async () => {
    for (const file of ['', '\n\n  \n']) {
      const { status, text } = await send(file)
      assert.equal(status, 422, text)
      assert.match(text, /"no_header"/)
    }
  })

  it('is one at a time at a server, which takes the next once it has ended, also where it could not begin', async () => {
    const large = [header, ...Array.from({ length: 600 }, () => row())].join('\n')
    const first = await send(large)
    assert.equal(first.status, 202)
    const second = await send([header, row()].join('\n'))
    assert.deepEqual([second.status, second.headers['retry-after']], [409, '10'])
    const { id } = PatientImport.parse(JSON.parse(first.text))
    assert.deepEqual(counts(await ended(id)), ['finished', 600, 600, 0, 0])
    await api.rows(sql`alter table patient_imports rename to patient_imports_away`)
    assert.equal((await send([header, row()].join('\n'))).status, 500)
    await api.rows(sql`alter table patient_imports_away rename to patient_imports`)
    assert.equal((await importFile([header, row()].join('\n'))).status, 'finished')
  })

  it('that the database refuses for another reason has failed, and says what stays', async () => {
    await api.rows(sql`
      create function refuse_other() returns trigger language plpgsql as $$
      begin if new.gender = 'OTHER' then raise exception 'no more' using errcode = '23514'; end if; return new; end $$`)
    await api.rows(sql`
      create trigger refuse_other before insert on patients for each row execute function refuse_other()`)
    const before = await patientCount()
    const failed = await importFile([header, row({ gender: 'OTHER' })].join('\n'))
    await api.rows(sql`drop trigger refuse_other on patients`)
    assert.equal(failed.status, 'failed')
    assert.match(failed.failure ?? '', /Something went wrong on our side.*run the same file again/)
    assert.equal(await patientCount(), before)
  })

  it('survives two that register the same people at once', async () => {
    const file = [`${header},ssn`, ...Array.from({ length: 30 }, () => `${row()},${nextPerson().ssn}`)].join('\n')
    const before = Number(await patientCount())
    const onFinding = (finding: { reason: string }) => assert.fail(finding.reason)
    const elsewhere = importPatients(api.system, Readable.from([Buffer.from(file)]), {
      dry_run: false,
      onFinding,
      onProgress: () => undefined,
    })
    const [one, other] = await Promise.all([elsewhere, importFile(file)])
    assert.deepEqual([one.rows_accepted + one.rows_known, other.rows_accepted + other.rows_known], [30, 30])
    assert.equal(Number(await patientCount()), before + 30)
  })
})

/** The same person with another first name: a row without an id of its own, that no file had before. */
function nextRow(line = ''): string {
  const [, ...rest] = line.split(',')
  return ['Somebody', ...rest].join(',')
}
