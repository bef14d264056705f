// What lies in the document store: sealed, whole or refused, swept when nobody keeps it, and gone with its person.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { aText, clientOf, storedFiles } from './documents.testing.ts'
import { compareFiles } from './comparing.ts'
import { sweepFiles } from './sweeping.ts'
import { sql } from '#platform/database/sql.ts'
import { chunkBytes, openChunks, sealChunks, sealedBytes } from '#platform/encryption/chunks.ts'
import { IntegrityError } from '#platform/encryption/failures.ts'
import { newStorageName, openStorage } from '#platform/storage/storage.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi
let client: ReturnType<typeof clientOf>
let admin: Person

before(async () => {
  api = await startTestApi()
  client = clientOf(api)
  admin = await api.person('admin')
})
after(async () => api[Symbol.asyncDispose]())

const frame = sealedBytes(chunkBytes)

async function stored(text: string) {
  const patient_id = await api.patient()
  const { id } = await client.add(admin, patient_id, aText(text))
  const [row] = await api.rows(sql<{ storage_key: string }>`select storage_key from documents where id = ${id}`)
  const path = storedFiles(api).find((file) => file.endsWith(row?.storage_key ?? '?'))
  assert.ok(path)
  return { id, path, patient_id, storage_key: row?.storage_key ?? '' }
}

describe('pieces', () => {
  const place = { key: Buffer.alloc(32, 7), name: 'a' }
  const gather = async (parts: AsyncIterable<Buffer>) => {
    const all: Buffer[] = []
    for await (const part of parts) all.push(part)
    return Buffer.concat(all)
  }
  async function* cut(bytes: Buffer, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }

  it('open to what was sealed, whatever its length and however it comes', async () => {
    for (const length of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 200_001]) {
      const plain = Buffer.alloc(length, 'abc')
      for (const size of [997, 65_536, 1_000_000]) {
        const sealed = await gather(sealChunks(place, cut(plain, size)))
        assert.equal(sealed.length, sealedBytes(length))
        assert.ok((await gather(openChunks(place, cut(sealed, size)))).equals(plain))
      }
    }
  })

  it('open under no other name or key, nor with a byte more', async () => {
    const sealed = await gather(sealChunks(place, cut(Buffer.alloc(100_000, 1), 5000)))
    for (const [other, bytes] of [
      [{ ...place, name: 'b' }, sealed],
      [{ ...place, key: Buffer.alloc(32, 8) }, sealed],
      [place, Buffer.concat([sealed, Buffer.from([0])])],
      [place, Buffer.alloc(0)],
    ] as const)
      await assert.rejects(gather(openChunks(other, cut(bytes, 70_000))), IntegrityError)
  })
})

const text = Array.from({ length: 40_000 }, (_, line) => `line ${line}`).join('\n')

describe('a file that was tampered with', () => {
  const tampered: [what: string, tamper: (bytes: Buffer) => Buffer][] = [
    [
      'with two pieces exchanged',
      (all) => Buffer.concat([all.subarray(frame, 2 * frame), all.subarray(0, frame), all.subarray(2 * frame)]),
    ],
    ['with a piece left out', (all) => Buffer.concat([all.subarray(0, frame), all.subarray(2 * frame)])],
    ['cut after a piece', (all) => all.subarray(0, 2 * frame)],
    ['cut within a piece', (all) => all.subarray(0, 2 * frame + 100)],
    ['with nothing left', () => Buffer.alloc(0)],
    [
      'with one bit changed near its end',
      (all) => Buffer.concat([all.subarray(0, -3), Buffer.from([(all.at(-3) ?? 0) ^ 1]), all.subarray(-2)]),
    ],
  ]
  for (const [what, tamper] of tampered) {
    it(`${what} is an integrity error without a byte of it, and an entry in the audit log`, async () => {
      const { id, path } = await stored(text)
      const bytes = readFileSync(path)
      assert.ok(bytes.length > 3 * frame)
      writeFileSync(path, tamper(bytes))
      const answer = await client.content(admin, id)
      assert.deepEqual([answer.status, answer.json['code']], [500, 'integrity_error'])
      assert.ok(!answer.text.includes('line 1'))
      const entries = await api.rows(
        sql<{
          action: string
        }>`select action from audit_logs where resource_id = ${id} and action = 'integrity.failed'`,
      )
      assert.equal(entries.length, 1)
    })
  }

  it('that is another document’s opens in neither place', async () => {
    const [one, other] = [await stored(text), await stored(`${text}!`)]
    const bytes = readFileSync(one.path)
    writeFileSync(one.path, readFileSync(other.path))
    writeFileSync(other.path, bytes)
    for (const { id } of [one, other]) assert.equal((await client.content(admin, id)).json['code'], 'integrity_error')
  })
})

describe('a file of which the database says another size', () => {
  it('is an integrity error, though every piece of it opens', async () => {
    const { id } = await stored(text)
    await api.rows(sql`update documents set size_bytes = size_bytes + 1 where id = ${id}`)
    const answer = await client.content(admin, id)
    assert.deepEqual([answer.status, answer.json['code']], [500, 'integrity_error'])
    await api.rows(sql`update documents set size_bytes = size_bytes - 1 where id = ${id}`)
    assert.equal((await client.content(admin, id)).text, text)
  })
})

describe('a file that is gone', () => {
  it('is told as such, without an error of ours', async () => {
    const { id, path } = await stored('here today')
    rmSync(path)
    const answer = await client.content(admin, id)
    assert.deepEqual([answer.status, answer.json['code']], [409, 'content_unavailable'])
    assert.equal((await client.ask(admin, 'GET', `/api/v1/documents/${id}`)).status, 200)
  })
})

describe('what nobody keeps', () => {
  it('is swept away once whoever received it is silent, and nothing else is', async () => {
    const kept = await stored('kept')
    const [left, arriving] = [newStorageName(), newStorageName()]
    const storage = openStorage(api.configuration)
    const content = async function* () {
      yield Buffer.from('half of a file')
    }
    for (const name of [left, arriving]) await storage.write(name, content())
    await api.rows(sql`insert into document_files (storage_key, state, seen_at) values
      (${left}, 'arriving', now() - interval '31 seconds'), (${arriving}, 'arriving', now()),
      (${newStorageName()}, 'arriving', now() - interval '1 hour')`)
    assert.equal(await sweepFiles(api.system), 2)
    const names = storedFiles(api).join()
    assert.ok(!names.includes(left) && names.includes(arriving) && names.includes(kept.storage_key))
    await api.rows(sql`update document_files set seen_at = now() - interval '1 hour'`)
    assert.equal(await sweepFiles(api.system), 1)
    assert.equal(await sweepFiles(api.system), 0)
  })

  it('is not kept by an upload that took so long that its file was swept away', async () => {
    const patient_id = await api.patient()
    // As if the sweep had come between the last byte and the record.
    await api.rows(
      sql`create function pg_temp_forget() returns trigger language plpgsql as $$ begin return null; end $$`,
    )
    await api.rows(
      sql`create trigger forget before insert on document_files for each row execute function pg_temp_forget()`,
    )
    const answer = await client.upload(admin, { patient_id, title: 'x' }, aText())
    await api.rows(sql`drop trigger forget on document_files`)
    assert.deepEqual([answer.status, answer.json['code']], [503, 'storage_unavailable'])
    const [counted] = await api.rows(
      sql<{ count: number }>`select count(*)::int as count from documents where patient_id = ${patient_id}`,
    )
    assert.equal(counted?.count, 0)
  })
})

describe('the store beside the database', () => {
  it('is told to lack a file of a document, and to hold one that nobody knows; what is arriving is neither', async () => {
    await using there = await startTestApi()
    const own = clientOf(there)
    const who = await there.person('admin')
    const patient_id = await there.patient()
    const [kept, lost] = [await own.add(who, patient_id), await own.add(who, patient_id)]
    assert.deepEqual(await compareFiles(there.system), { files: 2, documents: 2, unknown_files: [], missing_files: [] })
    const [row] = await there.rows(
      sql<{ storage_key: string }>`select storage_key from documents where id = ${lost.id}`,
    )
    await there.system.storage.remove(row?.storage_key ?? '')
    const [unknown, arriving] = [newStorageName(), newStorageName()]
    const content = async function* () {
      yield Buffer.from('of a record that was lost')
    }
    for (const name of [unknown, arriving]) await there.system.storage.write(name, content())
    await there.rows(sql`insert into document_files (storage_key, state) values (${arriving}, 'arriving')`)
    const found = { files: 3, documents: 2, unknown_files: [unknown], missing_files: [lost.id] }
    assert.deepEqual(await compareFiles(there.system), found)
    // The sweep knows of uploads only: a file that may be somebody's is for a person to judge.
    assert.equal(await sweepFiles(there.system), 0)
    assert.deepEqual(await compareFiles(there.system), found)
    assert.equal((await own.content(who, kept.id)).status, 200)
  })
})

describe('a store that cannot be written to', () => {
  it('refuses uploads and nothing else, and leaves no trace', async () => {
    const { folder } = api.configuration.storage as { folder: string }
    const good = api.system.storage
    const patient_id = await api.patient()
    const path = `${folder}-file`
    writeFileSync(path, '')
    truncateSync(path)
    await using broken = await startTestApi({ storage: { folder: path } })
    const own = clientOf(broken)
    const who = await broken.person('admin')
    const answer = await own.upload(who, { patient_id: await broken.patient(), title: 'x' }, aText())
    assert.deepEqual([answer.status, answer.json['code']], [503, 'storage_unavailable'])
    const [counted] = await broken.rows(sql<{ count: number }>`select count(*)::int as count from documents`)
    assert.equal(counted?.count, 0)
    assert.equal((await broken.system.storage.check()).status, 'degraded')
    assert.ok(good && patient_id)
  })
})

describe('an erased person', () => {
  it('leaves no document: no row, no key, no file', async () => {
    const { id, path, patient_id } = await stored('of somebody who is erased')
    await api.rows(sql`update documents set uploaded_at = now() - interval '60 years' where patient_id = ${patient_id}`)
    await api.rows(
      sql`update patients set created_at = now() - interval '60 years', updated_at = now() - interval '60 years' where id = ${patient_id}`,
    )
    const body = Buffer.from(JSON.stringify({ reason: 'asked for' }))
    const answer = await client.ask(
      admin,
      'POST',
      `/api/v1/patients/${patient_id}/erase`,
      { 'content-type': 'application/json' },
      body,
    )
    assert.ok(answer.status < 300, answer.text)
    assert.equal((await client.content(admin, id)).status, 404)
    const rows = await api.rows(sql`select from documents where patient_id = ${patient_id}`)
    assert.equal(rows.length, 0)
    assert.ok(storedFiles(api).includes(path), 'a file is removed only once the erasure has committed')
    await sweepFiles(api.system)
    assert.ok(!storedFiles(api).includes(path))
  })
})
