// Reading the list of likely duplicates to its end, however many share a phone without being one person.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, beforeEach, describe, it } from 'node:test'
import { mostLookedAt } from './duplicate-pairs.service.ts'
import { findSharedTokens, type SharedAsked } from './duplicate-pairs.store.ts'
import { importPatients } from './import.service.ts'
import { type DuplicatePairs, mergeApi } from './merge.contract.ts'
import { patientApi } from './patient.contract.ts'
import { nextPerson } from './people.testing.ts'
import { encodeCursor } from '#platform/contract/cursor.ts'
import { malformed } from '#platform/contract/problem.ts'
import { sql } from '#platform/database/sql.ts'
import { type Person, refusedWith, startTestApi, type TestApi } from '../../testing.ts'

let api: TestApi | undefined
let admin: Person
beforeEach(async () => {
  await api?.[Symbol.asyncDispose]()
  api = await startTestApi()
  admin = await api.person('admin')
})
after(async () => api?.[Symbol.asyncDispose]())
const rows = (...asked: Parameters<TestApi['rows']>) => api?.rows(...asked)

/** So many records of one person. */
async function register(count: number, more: object = {}): Promise<string[]> {
  const { ssn: _, ...person } = nextPerson()
  const ids: string[] = []
  for (let made = 0; made < count; made += 1)
    ids.push((await admin.call(patientApi.register, { body: { ...person, ...more, force: true } })).id)
  return ids.toSorted()
}

const keyOf = ({ patients }: DuplicatePairs['items'][number]) =>
  patients
    .map(({ id }) => id)
    .toSorted()
    .join(' ')
const pairsOf = (ids: readonly string[]) =>
  ids.flatMap((one, at) => ids.slice(at + 1).map((other) => `${one} ${other}`)).toSorted()

async function readPages(limit: number): Promise<DuplicatePairs[]> {
  const pages: DuplicatePairs[] = []
  for (let cursor: string | undefined; ;) {
    const query = { limit: String(limit), ...(cursor === undefined ? {} : { cursor }) }
    const page = await admin.call(mergeApi.duplicates, { query })
    pages.push(page)
    assert.equal(page.is_complete, page.next_cursor === null)
    assert.ok(page.items.length <= limit)
    if (page.next_cursor === null) return pages
    assert.notEqual(page.next_cursor, cursor)
    cursor = page.next_cursor
  }
}
const found = (pages: readonly DuplicatePairs[]) => pages.flatMap(({ items }) => items.map(keyOf))

describe('the list of likely duplicates', () => {
  it('is read page by page to its end, each pair once', async () => {
    const pairs = []
    for (let count = 0; count < 5; count += 1) pairs.push(...pairsOf(await register(2)))
    for (const [limit, sizes] of [
      [2, [2, 2, 1]],
      [5, [5]],
      [100, [5]],
    ] as const) {
      const pages = await readPages(limit)
      assert.deepEqual(
        pages.map(({ items }) => items.length),
        sizes,
      )
      assert.deepEqual(found(pages).toSorted(), pairs.toSorted())
    }
  })

  it('goes on within many records of one person', async () => {
    const ids = await register(6)
    const pages = await readPages(4)
    assert.deepEqual(
      pages.map(({ items }) => items.length),
      [4, 4, 4, 3],
    )
    assert.deepEqual(found(pages).toSorted(), pairsOf(ids))
  })

  it('has pairs who share two phones once', async () => {
    const phones = { phone_primary: '+14155557001', phone_secondary: '+14155557002' }
    const [one = ''] = await register(1, {
      ...phones,
      first_name: 'Ana',
      last_name: 'Silva',
      date_of_birth: '1990-03-12',
    })
    const [other = ''] = await register(1, {
      ...phones,
      first_name: 'Ana',
      last_name: 'Silva',
      date_of_birth: '1990-12-03',
    })
    assert.deepEqual(found(await readPages(100)), [[one, other].toSorted().join(' ')])
  })

  it('is empty and complete where nobody is alike', async () => {
    await register(1)
    assert.deepEqual(await readPages(20), [{ items: [], next_cursor: null, is_complete: true }])
  })

  it('comes to its end past the homes that share a phone', async () => {
    const columns = ['first_name', 'last_name', 'date_of_birth', 'gender', 'phone_primary'] as const
    const lines = Array.from({ length: 700 }, (_, at) => {
      const person = { ...nextPerson(), phone_primary: `+1415558${String(1000 + Math.floor(at / 2))}` }
      return `${columns.map((name) => person[name]).join(',')}\n`
    })
    const file = Readable.from([Buffer.from(`${columns.join(',')}\n${lines.join('')}`)])
    assert.ok(api)
    await importPatients(api.system, file, { dry_run: false, onFinding: () => undefined, onProgress: () => undefined })
    const phone_primary = '+14155557003'
    const twins = { phone_primary, first_name: 'Ana', last_name: 'Silva' }
    const [one = ''] = await register(1, { ...twins, date_of_birth: '1990-03-12' })
    const [other = ''] = await register(1, { ...twins, date_of_birth: '1990-12-03' })
    // Behind all others.
    await rows(sql`
      update patient_tokens set token = '\\xffffffffffffffff'::bytea
       where kind = 'phone' and patient_id = any(${[one, other]}::uuid[])`)
    const pages = await readPages(20)
    assert.deepEqual(found(pages), [[one, other].toSorted().join(' ')])
    assert.equal(pages.length, Math.ceil(351 / Math.min(mostLookedAt.tokens, mostLookedAt.people / 2)))
    assert.equal(pages[0]?.items.length, 0)
  })

  it('begins again where its cursor is of an index root that is gone, and refuses one that is none', async () => {
    const [pair] = pairsOf(await register(2))
    const cursor = encodeCursor(`7 phone ${'f'.repeat(16)}`) ?? ''
    const page = await admin.call(mergeApi.duplicates, { query: { cursor } })
    assert.deepEqual(page.items.map(keyOf), [pair])
    for (const none of ['x', '%', encodeCursor('1 email 0011223344556677') ?? '', encodeCursor('1 phone 00') ?? ''])
      await assert.rejects(admin.call(mergeApi.duplicates, { query: { cursor: none } }), refusedWith(malformed))
  })
})

describe('a look at tokens that people share', () => {
  it('ends after so many rows, before the token that may be cut off, and goes on from there', async () => {
    const ids = await register(3)
    await rows(sql`delete from patient_tokens`)
    const tokens = ['01', '02', '03'].map((byte) => Buffer.from(byte.repeat(8), 'hex'))
    for (const [at, token] of tokens.entries())
      await rows(sql`
        insert into patient_tokens (patient_id, kind, key_version, token)
        select id, 'phone', 1, ${token} from unnest(${ids.slice(at === 1 ? 2 : 0)}::uuid[]) as id`)
    const ask = async (more: Partial<SharedAsked>) => {
      const asked = { version: 1, kind: 'phone', from: Buffer.alloc(0), is_included: false, most_tokens: 9 } as const
      const answer = (await rows(findSharedTokens({ ...asked, most_rows: 9, ...more }))) as
        | { until: Buffer | null; token: Buffer | null; patients: string[] | null }[]
        | undefined
      return answer?.map(({ until, token, patients }) => [
        until?.[0] ?? null,
        token?.[0] ?? null,
        patients?.length ?? 0,
      ])
    }
    assert.deepEqual(await ask({}), [
      [null, 1, 3],
      [null, 3, 3],
    ])
    assert.deepEqual(await ask({ most_rows: 6 }), [[2, 1, 3]])
    assert.deepEqual(await ask({ most_rows: 4 }), [[1, 1, 3]])
    // One token that fills all the rows is passed over.
    assert.deepEqual(await ask({ most_rows: 1 }), [[1, null, 0]])
    assert.deepEqual(await ask({ from: tokens[0] ?? Buffer.alloc(0) }), [[null, 3, 3]])
    assert.deepEqual(await ask({ from: tokens[2] ?? Buffer.alloc(0), is_included: true }), [[null, 3, 3]])
    assert.deepEqual(await ask({ from: tokens[2] ?? Buffer.alloc(0) }), [[null, null, 0]])
    assert.deepEqual(await ask({ most_tokens: 1 }), [[null, 1, 3]])
  })
})
