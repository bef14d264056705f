// What reads tokens while an index root is replaced: before, while tokens of the new root are made, and after.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { importPatients } from '#modules/patients'
import { sql } from '#platform/database/sql.ts'
import { type Person, startTestApi, type TestApi } from '../../testing.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { patientApi } from '../patients/patient.contract.ts'
import { nextPerson } from '../patients/people.testing.ts'
import { rotateIndexRoot } from './index-roots.ts'
import { openRotation } from './rotation.testing.ts'

let api: TestApi
let admin: Person
before(async () => {
  api = await startTestApi()
  admin = await api.person('admin')
})
after(() => api[Symbol.asyncDispose]())

/** Replaces the index root, and looks at each moment at which servers have read the keys again. */
async function rotateWhile(look: () => Promise<unknown>): Promise<number> {
  let looks = 0
  const settled = async () => {
    await api.system.keys.reload()
    await look()
    looks += 1
  }
  await using rotation = await openRotation(api, { settled })
  assert.deepEqual(await rotateIndexRoot(rotation), { unfinished: [] })
  await look()
  return looks
}

const columns = ['first_name', 'last_name', 'date_of_birth', 'gender', 'phone_primary'] as const
let ids = 0
function rowOf(): string {
  const person = nextPerson()
  return `R${(ids += 1)},${columns.map((name) => person[name]).join(',')}\n`
}
const header = `external_id,${columns.join(',')}\n`

async function* piecesOf(...pieces: (string | (() => Promise<unknown>))[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (typeof piece === 'string') yield Buffer.from(piece)
    else await piece()
  }
}
const importFile = (file: AsyncIterable<Uint8Array>) =>
  importPatients(api.system, file, { dry_run: false, onFinding: () => undefined, onProgress: () => undefined })

describe('an import while an index root is replaced', () => {
  it('knows the rows that were imported before', async () => {
    const file = `${header}${rowOf()}${rowOf()}${rowOf()}`
    assert.equal((await importFile(piecesOf(file))).rows_accepted, 3)
    const looks = await rotateWhile(async () => {
      const { rows_known, rows_refused } = await importFile(piecesOf(file))
      assert.deepEqual([rows_known, rows_refused], [3, 0])
    })
    assert.ok(looks > 1)
  })

  it('writes tokens of the roots that are there by then', async () => {
    const rows = Array.from({ length: 1100 }, rowOf)
    const [first, rest] = [rows.slice(0, 600).join(''), rows.slice(600).join('')]
    const written = sql<{ rows: number }>`select count(*)::int as rows from patient_import_rows`
    const rotate = async () => {
      // The time that a rotation waits outlasts the batch that is under way.
      while (((await api.rows(written))[0]?.rows ?? 0) < 500) await wait(20)
      await rotateWhile(async () => undefined)
    }
    const { rows_accepted } = await importFile(piecesOf(header, first, rotate, rest))
    assert.equal(rows_accepted, 1100)
    const roots = await api.rows(sql`select version from index_roots`)
    assert.deepEqual(await api.rows(sql`select distinct key_version as version from patient_tokens`), roots)
  })
})

describe('likely duplicates while an index root is replaced', () => {
  it('are all found, each once', async () => {
    const { ssn: _, ...body } = nextPerson()
    const pair: string[] = []
    for (let count = 0; count < 2; count += 1)
      pair.push((await admin.call(patientApi.register, { body: { ...body, force: true } })).id)
    const looks = await rotateWhile(async () => {
      const { items, is_complete } = await admin.call(mergeApi.duplicates, { query: { limit: '100' } })
      const found = items.map(({ patients }) => patients.map(({ id }) => id).toSorted())
      assert.deepEqual(found, [pair.toSorted()])
      assert.equal(is_complete, true)
    })
    assert.ok(looks > 1)
  })
})
