// "A copy of every table and every file in the data directory except keys hold no name, phone, e-mail, address, SSN or birth
// date of anyone imported": all of them are looked for, after searches, failures and a checkpoint.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'csv-parse/sync'
import pg from 'pg'
import { toCsv } from '../../bench/openward-people.ts'
import { createPeople } from '../../server/demo/people.ts'
import { type Caller, signIn } from '../caller.ts'
import { createDoctor, freeStarts } from '../hospital.ts'
import {
  embeddedUrl,
  freePort,
  runOpenward,
  type ServerProcess,
  startServer,
  stopServer,
  temporaryDirectory,
  until,
} from '../processes.ts'
import { compileNeedles, type Needles } from './needles.ts'

const people_count = 600
const control = 'Planted-Control-7f3a91d2'
/** Real-looking people, where they lie beside the checkout. */
const synthea = fileURLToPath(new URL('../../../shared/material/synthea/patients.csv', import.meta.url))

type Row = Record<string, string>

const directory = temporaryDirectory()
let server: ServerProcess
let caller: Caller
let owner: pg.Client
let rows: Row[] = []
/** What stood in the database before anybody was imported, such as words of PostgreSQL's own catalogue. */
let innocent: Set<string>

before(async () => {
  server = await startServer({
    data_directory: directory.path,
    port: await freePort(),
    environment: { LOG_LEVEL: 'debug' },
  })
  caller = await signIn(server.port)
  owner = new pg.Client({ connectionString: embeddedUrl(directory.path) })
  await owner.connect()
  const generated = join(directory.path, 'keys', 'people.csv')
  writeFileSync(generated, toCsv(createPeople(7, 0, people_count)))
  const files = [generated, ...(existsSync(synthea) ? [synthea] : [])]
  rows = files.flatMap((file) => parse(readFileSync(file), { columns: true, bom: true }) as Row[])
  await owner.query('checkpoint')
  innocent = new Set([...scanFiles(needlesFor(rows, 4)).found, ...(await scanTables(needlesFor(rows, 4))).found])
  for (const file of files) {
    const { code, output } = await runOpenward({ data_directory: directory.path }, 'import', file)
    assert.ok(code === 0 || code === 1, output)
    // What is refused is named by line and reason, and by nothing else.
    assert.deepEqual(needlesFor(rows, 6).findIn(Buffer.from(output)), [])
  }
})

after(async () => {
  await owner?.end()
  await stopServer(server)
  await directory.remove()
})

/** Everything of everyone in every way in which it is written: as given, in one case, without diacritics, digits only. */
function needlesFor(people: readonly Row[], least_bytes: number, below_bytes = Infinity): Needles {
  const texts = people.flatMap((row) => {
    const names = ['first_name', 'middle_name', 'last_name'].flatMap((column) => row[column] ?? [])
    const words = [...names, ...names.flatMap((name) => name.split(/[\s-]+/)), row['line1'], row['email']]
    const numbers = ['phone_primary', 'ssn', 'national_id'].flatMap((column) => row[column] ?? [])
    const digits = numbers.map((number) => number.replaceAll(/\D/g, '')).filter((number) => number.length >= 7)
    const date = row['date_of_birth'] ?? ''
    return [
      ...words.flatMap((word) => spellings(word ?? '')),
      ...numbers,
      ...digits,
      ...digits.map((number) => `+1${number}`),
      date,
      date.replaceAll('-', ''),
    ]
  })
  return compileNeedles(
    texts.filter(
      (text) => !/^[0-9a-f]{0,7}$/i.test(text) && !innocent?.has(text) && Buffer.byteLength(text) < below_bytes,
    ),
    least_bytes,
  )
}

function spellings(word: string): string[] {
  const plain = word.normalize('NFKD').replaceAll(/\p{Mn}/gu, '')
  return [word, word.toLowerCase(), word.toUpperCase(), plain, plain.toLowerCase(), plain.toUpperCase()]
}

type Scan = { looked_at: number; bytes: number; found: string[]; where: string[] }

function scanFiles(needles: Needles): Scan {
  const scan: Scan = { looked_at: 0, bytes: 0, found: [], where: [] }
  for (const name of readdirSync(directory.path, { recursive: true, encoding: 'utf8' })) {
    if (name === 'keys' || name.startsWith('keys/')) continue
    const path = join(directory.path, name)
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue
    const bytes = readFileSync(path)
    const found = needles.findIn(bytes)
    scan.looked_at += 1
    scan.bytes += bytes.length
    scan.found.push(...found)
    scan.where.push(...found.map((text) => `${text} in ${name}`))
  }
  return scan
}

const uuid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g

/**
 * Every row of every table as text. Bytes as what they are, since written in hexadecimal they would hold dates by chance; for texts of
 * four or five bytes as digits, since random bytes would hold some of those by chance.
 */
async function scanTables(needles: Needles, bytes_as: 'escape' | 'hex' = 'escape'): Promise<Scan> {
  const scan: Scan = { looked_at: 0, bytes: 0, found: [], where: [] }
  await owner.query(`set bytea_output = '${bytes_as}'`)
  const tables = await owner.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relkind in ('r', 'm', 'p') and relpersistence <> 't'`,
  )
  for (const { name } of tables.rows) {
    const { rows: copied } = await owner.query<{ row: string }>(`select t::text as row from ${name} t`)
    // Ids are random hexadecimal digits: among a hundred thousand of them a birth date without hyphens occurs by chance.
    const bytes = Buffer.from(copied.map(({ row }) => row.replaceAll(uuid, '')).join('\n'))
    const found = needles.findIn(bytes)
    scan.looked_at += 1
    scan.bytes += bytes.length
    scan.found.push(...found)
    scan.where.push(...found.map((text) => `${text} in ${name}`))
  }
  return scan
}

/** Requests that succeed and that fail, each with somebody's data in every place where a request can hold it. */
async function useEveryDoor(): Promise<Set<number>> {
  const statuses = new Set<number>()
  const ask = async (...request: Parameters<Caller['ask']>) => void statuses.add((await caller.ask(...request)).status)
  for (const row of rows.filter((_, at) => at % 25 === 0)) {
    const {
      first_name = '',
      last_name = '',
      date_of_birth = '',
      phone_primary = '',
      line1 = '',
      ssn,
      national_id,
    } = row
    const body = { first_name, last_name, date_of_birth, gender: 'OTHER', phone_primary, ssn, national_id }
    const query = new URLSearchParams({ q: `${first_name} ${last_name}` }).toString()
    await ask('GET', `/api/v1/patients/search?${query}`)
    await ask(
      'GET',
      `/api/v1/patients/search?phone=${encodeURIComponent(phone_primary)}&name=${encodeURIComponent(last_name)}`,
    )
    await ask('GET', `/api/v1/patients/${encodeURIComponent(last_name)}?unknown=${encodeURIComponent(line1)}`)
    await ask('GET', `/api/v1/${encodeURIComponent(line1)}`)
    await ask('POST', '/api/v1/patients/search', { name: `${last_name} ${first_name}`, date_of_birth })
    await ask('POST', '/api/v1/patients', body)
    await ask('POST', '/api/v1/patients', {
      ...body,
      date_of_birth: `${date_of_birth} ${last_name}`,
      [line1]: last_name,
    })
    await ask('POST', '/api/v1/patients', { ...body, phone_primary: `${phone_primary}x${last_name}`, email: last_name })
    await ask('POST', '/api/v1/auth/login', { email: row['email'] ?? `${last_name}@example.org`, password: line1 })
    await ask('POST', '/api/v1/appointments', { doctor_id: last_name, notes: line1, appointment_time: date_of_birth })
    statuses.add(
      (
        await caller.send({
          method: 'POST',
          url: '/api/v1/patients',
          headers: {
            'content-type': 'application/json',
            'x-correlation-id': encodeURIComponent(`${last_name} ${line1}`),
          },
          body: `{"first_name": "${first_name}", "last_name": ${last_name}`,
        })
      ).status,
    )
  }
  return statuses
}

test('the checker finds what is planted, in a file and in a table', async () => {
  await owner.query('create table planted as select $1::text as control', [control])
  await owner.query('checkpoint')
  const needles = compileNeedles([control], 6)
  assert.ok(scanFiles(needles).found.includes(control))
  assert.ok((await scanTables(needles)).found.includes(control))
  await owner.query('drop table planted')
})

test('no table, no file of the data directory but the keys, and no log holds anything of anyone imported', async (t) => {
  const [person] = (await owner.query<{ count: number }>('select count(*)::int as count from patients')).rows
  assert.ok((person?.count ?? 0) >= people_count * 0.9, `${person?.count} patients are there`)
  const statuses = await useEveryDoor()
  for (const status of [200, 400, 401, 404, 409, 422])
    assert.ok(statuses.has(status), `no request was answered ${status}`)
  const { doctor_id } = await createDoctor(caller)
  const [start] = await freeStarts(caller, doctor_id)
  const { rows: some } = await owner.query<{ id: string }>('select id from patients limit 1')
  const reason = `${rows[0]?.['first_name']} ${rows[0]?.['last_name']} of ${rows[0]?.['line1']}`
  const booked = await caller.ask('POST', '/api/v1/appointments', {
    doctor_id,
    patient_id: some[0]?.id,
    appointment_time: start,
    reason,
  })
  assert.equal(booked.status, 201, booked.text)
  await owner.query('checkpoint')

  const in_files = needlesFor(rows, 6)
  const short = needlesFor(rows, 4, 6)
  assert.ok(in_files.size > rows.length * 5 && short.size > 100, `${in_files.size} texts are looked for`)
  const files = scanFiles(in_files)
  const tables = await scanTables(in_files)
  const short_in_tables = await scanTables(short, 'hex')
  t.diagnostic(
    `${in_files.size} texts, and ${short.size} short ones, of ${rows.length} people in ${files.looked_at} files (${files.bytes} bytes) and ${tables.looked_at} tables; ${innocent.size} that PostgreSQL uses itself are left out`,
  )
  assert.ok(files.looked_at > 100 && tables.looked_at > 30)
  assert.ok(innocent.size < in_files.size / 20, `${innocent.size} texts stood there before`)
  assert.deepEqual(files.where, [])
  assert.deepEqual(tables.where, [])
  assert.deepEqual(short_in_tables.where, [])
  assert.ok(server.output().length > 1000, 'the server wrote no log')
  assert.deepEqual(in_files.findIn(Buffer.from(server.output())), [])
})

test('nothing of a document is found: neither its words, nor what it is called, of one that is kept or one that is refused', async () => {
  const words = {
    content: 'Canary-Of-The-Content-b41e',
    name: 'Canary-Of-The-Name-9c27',
    title: 'Canary-Of-The-Title-3d80',
  }
  const needles = compileNeedles(
    Object.values(words).flatMap((word) => [
      word,
      Buffer.from(word).toString('hex'),
      Buffer.from(word).toString('base64'),
    ]),
    6,
  )
  const { rows: some } = await owner.query<{ id: string }>('select id from patients limit 1')
  const text = `${words.content}\n`.repeat(20_000)
  const upload = async (file: string, name: string, type: string) => {
    const form = new FormData()
    form.append('patient_id', some[0]?.id ?? '')
    form.append('title', words.title)
    form.append('file', new Blob([file], { type }), name)
    const headers = { authorization: `Bearer ${caller.tokens.access_token}` }
    return fetch(`http://127.0.0.1:${server.port}/api/v1/documents`, { method: 'POST', headers, body: form })
  }
  const kept = await upload(text, `${words.name}.txt`, 'text/plain')
  assert.equal(kept.status, 201)
  const { id } = (await kept.json()) as { id: string }
  const content = await caller.ask('GET', `/api/v1/documents/${id}/content`)
  assert.equal(content.text, text, 'the document is there')
  assert.equal((await upload(`MZ${text}`, `${words.name}.pdf`, 'application/pdf')).status, 415)
  assert.equal((await upload(text, `${words.name}.exe`, 'text/plain')).status, 415)
  // And of one that is on its way at the moment.
  const stored = () => readdirSync(join(directory.path, 'documents'), { recursive: true }).length
  const before_it = stored()
  const going = request({
    port: server.port,
    method: 'POST',
    path: '/api/v1/documents',
    headers: {
      authorization: `Bearer ${caller.tokens.access_token}`,
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': 8 * text.length,
    },
  })
  going.on('error', () => undefined)
  going.write(`--x\r\ncontent-disposition: form-data; name="patient_id"\r\n\r\n${some[0]?.id}\r\n`)
  going.write(
    `--x\r\ncontent-disposition: form-data; name="file"; filename="${words.name}.txt"\r\n\r\n${text.repeat(4)}`,
  )
  await until('half of it is there', () => stored() > before_it)
  await owner.query('checkpoint')
  const [files, tables] = [scanFiles(needles), await scanTables(needles)]
  going.destroy()
  assert.deepEqual(files.where, [])
  assert.deepEqual(tables.where, [])
  assert.deepEqual(needles.findIn(Buffer.from(server.output())), [])
})
