// Runs one after the other: only what has changed, everything exactly once, whatever is killed, and nothing of who was erased.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from '#platform/database/sql.ts'
import { Problem } from '#platform/contract/problem.ts'
import type { FileTree } from '#platform/storage/tree.ts'
import { eraseAgain } from '#modules/patients'
import type { Person } from '../../testing.ts'
import { mergeApi } from '../patients/merge.contract.ts'
import { tableNames } from './columns.ts'
import { runExport } from './export.ts'
import type { Manifest } from './manifest.ts'
import { findRun } from './run.store.ts'
import { findStanding, verifyStanding } from './standing.ts'
import { warehouseBusy, warehouseOfAnother } from './warehouse.contract.ts'
import { aPast, exportTo, memoryTree, putRun, readMemory, startWarehouse } from './warehouse.testing.ts'

let place: Awaited<ReturnType<typeof startWarehouse>>
let admin: Person
let past: Awaited<ReturnType<typeof aPast>>
let tree: ReturnType<typeof memoryTree>
before(async () => {
  place = await startWarehouse()
  admin = await place.api.person('admin')
  past = await aPast(place.api)
})
after(() => place[Symbol.asyncDispose]())
beforeEach(() => void (tree = memoryTree()))

const rows = <Row>(statement: Parameters<typeof place.api.rows<Row>>[0]) => place.api.rows<Row>(statement)
const write = (options = {}) => exportTo(place.api, tree, options)
const rowsOf = ({ tables }: Manifest) =>
  Object.fromEntries(Object.entries(tables).flatMap(([name, { rows: count }]) => (count > 0 ? [[name, count]] : [])))
/**
 * The first run that has nothing to write. A transaction of another database of the cluster that ends while the mark is set holds it
 * back, and what was written behind it is written once more.
 */
async function writeUntilNothing(): Promise<Manifest> {
  for (let run = 1; ; run += 1) {
    const written = await write()
    if (run === 4 || Object.keys(rowsOf(written)).length === 0) return written
  }
}
const hashesOf = ({ tables }: Manifest) =>
  Object.entries(tables).map(([name, { files }]) => [name, files.map((file) => [file.sha256, file.bytes, file.rows])])

/** What an analyst sees, whatever run it came with. */
async function pictureOf(of: typeof tree) {
  using duck = await readMemory(of)
  const told: Record<string, string[]> = {}
  for (const name of tableNames)
    told[name] = (await duck.ask(`select * from ${name}`)).map((row) => JSON.stringify(row)).sort()
  return told
}

/** What is seen is what is seen where all of it was written anew, and every file is as its manifest says. */
async function assertWhole() {
  const other = memoryTree()
  await exportTo(place.api, other, { full: true })
  assert.deepEqual(await pictureOf(tree), await pictureOf(other))
  const { files, missing, altered } = await verifyStanding(tree)
  assert.ok(files > 0)
  assert.deepEqual([missing, altered], [[], []])
}

const pathsIn = async (of: FileTree, part: string) => {
  const paths: string[] = []
  for await (const path of of.list(part)) paths.push(path)
  return paths
}

describe('the same data', () => {
  it('gives the same bytes, and a run after which nothing has changed writes nothing', async () => {
    const first = await write()
    assert.equal(first.reason, 'first')
    const nothing = await writeUntilNothing()
    assert.deepEqual([nothing.reason, rowsOf(nothing)], ['changes', {}])
    const anew = await write({ full: true })
    assert.equal(anew.reason, 'asked')
    assert.deepEqual(hashesOf(anew), hashesOf(first))
    assert.notEqual(anew.as_of, first.as_of)
    // Of the generation before nothing is left.
    assert.equal((await pathsIn(tree, 'manifests')).length, 1)
    assert.equal((await pathsIn(tree, 'data')).length, Object.values(anew.tables).flatMap(({ files }) => files).length)
    await assertWhole()
  })
})

describe('what changes after it was written', () => {
  it('is written in the next run, once, and takes the place of what it was', async () => {
    await write()
    const [moved, cancelled] = await rows<{ id: string }>(
      sql`select id from appointments where status in ('booked', 'confirmed') order by id`,
    )
    await rows(sql`
      update appointments set during = tstzrange(lower(during) + interval '400 days', upper(during) + interval '400 days') where id = ${moved?.id}`)
    await rows(sql`update appointments set status = 'cancelled' where id = ${cancelled?.id}`)
    await rows(sql`update visits set status = 'completed', closed_at = opened_at + interval '5 hours'
                    where id = (select id from visits where is_open order by id limit 1)`)
    const run = await write()
    assert.deepEqual(rowsOf(run), { fact_appointment: 2, fact_visit: 1 })
    await assertWhole()
    assert.deepEqual(rowsOf(await writeUntilNothing()), {})
  })

  it('is written of accounts, beds and documents as well, of a bed with its states', async () => {
    await write()
    const patient_id = past.patients[0] ?? ''
    const person = await place.api.person('nurse')
    const namesOf = (run: Manifest) => Object.keys(rowsOf(run))
    assert.ok(namesOf(await write()).includes('dim_user'))
    await rows(sql`update users set is_active = false where id = ${person.user_id}`)
    await rows(sql`update resources set lanes = 2 where id = ${past.bed_id}`)
    await rows(sql`
      insert into documents (id, patient_id, kind, storage_key, media_type, size_bytes, status, scanned_with, series_id, key_id, sealed_label, sealed_content_key)
      select made.id, p.id, 'report', replace(made.id::text, '-', ''), 'text/plain', 1, 'clean', 'a scanner', made.id, p.key_id, '\\x00', '\\x00'
        from patients p, (select uuidv7() as id) as made where p.id = ${patient_id}`)
    const changed = namesOf(await write())
    for (const name of ['dim_resource', 'dim_user', 'fact_document']) assert.ok(changed.includes(name), name)
    await rows(sql`update documents set deleted_at = now()`)
    assert.ok(namesOf(await write()).includes('fact_document'))
    await assertWhole()
  })

  it('is written in the run after it was committed, however long before that it was changed', async () => {
    await write()
    const [row] = await rows<{ id: string }>(sql`select id from visits order by id limit 1`)
    const late = await place.api.system.pool.connect()
    try {
      await late.query('begin')
      await late.query(`select openward.enter_as('all')`)
      await late.query('savepoint nested')
      await late.query('update visits set priority = 1 where id = $1', [row?.id])
      await late.query('release savepoint nested')
      // Others go on, and a run sees them but not what is under way.
      await rows(sql`update departments set name = name || ' wing' where id = ${past.departments[0]}`)
      assert.deepEqual(rowsOf(await write()), { dim_department: 1 })
      await late.query('commit')
    } finally {
      late.release()
    }
    const { fact_visit } = rowsOf(await write())
    assert.equal(fact_visit, 1)
    await assertWhole()
  })

  it('of a doctor is a state of its own beside the ones before', async () => {
    await write()
    await rows(sql`update doctors set department_id = ${past.departments[1]} where id = ${past.doctors[0]}`)
    assert.deepEqual(rowsOf(await write()), { dim_doctor: 1 })
    using duck = await readMemory(tree)
    const [first] = await duck.ask('select count(*) as states from dim_doctor group by doctor_key order by 1 desc')
    assert.equal(first?.['states'], 2)
    await assertWhole()
  })

  it('by a merge of two records: the facts of one become those of the other', async () => {
    await write()
    const [survivor = '', merged = ''] = past.patients
    await admin.call(mergeApi.merge, {
      params: { patient_id: survivor },
      body: { merged_patient_id: merged, reason: 'x', force: true },
    })
    const run = rowsOf(await write())
    assert.ok((run['fact_appointment'] ?? 0) > 0 && (run['dim_patient'] ?? 0) > 0, JSON.stringify(run))
    await assertWhole()
  })
})

describe('an erasure', () => {
  it('leaves nothing of the person in any file, and the counts as they were', async () => {
    const person = past.patients[3] ?? ''
    await write()
    using before_it = await readMemory(tree)
    const counted = `select status, count(*) as count from fact_appointment group by 1 order by 1`
    const counts = await before_it.ask(counted)
    const nobody = `select count(*) as count from fact_appointment where patient_key is null`
    assert.deepEqual(await before_it.ask(nobody), [{ count: 0 }])
    const [{ patient_key } = {}] = await before_it.ask(
      `select patient_key from dim_patient where birth_year = ${1930 + 7 * 3}`,
    )
    assert.equal(typeof patient_key, 'string')
    assert.equal((await eraseAgain(place.api.system, [person])).erased, 1)
    const run = await write()
    assert.deepEqual([run.reason, run.run], ['erasure', run.generation])
    using after_it = await readMemory(tree)
    assert.deepEqual(await after_it.ask(counted), counts)
    assert.ok(Number((await after_it.ask(nobody))[0]?.['count']) > 0)
    for (const path of await pathsIn(tree, 'data'))
      assert.ok(!(await tree.read(path)).includes(String(patient_key)), 'a file names the erased person')
    await assertWhole()
  })
})

describe('a run that is killed', () => {
  class Killed extends Error {}
  /** Dies at the step of this number, before or after what it does. */
  function dying(at: number, when: 'before' | 'after'): FileTree & { steps: () => number } {
    let steps = 0
    const mortal =
      <A extends unknown[], T>(work: (...given: A) => Promise<T>) =>
      async (...given: A): Promise<T> => {
        steps += 1
        if (steps === at && when === 'before') throw new Killed()
        const result = await work(...given)
        if (steps === at) throw new Killed()
        return result
      }
    return {
      ...tree,
      put: mortal(tree.put),
      create: mortal(tree.create),
      remove: mortal(tree.remove),
      steps: () => steps,
    }
  }
  const run = (id: string, over: FileTree) =>
    runExport(place.api.system, id, { tree: over, signal: new AbortController().signal, part_rows: 40 })
  const change = () =>
    rows(sql`update visits set priority = 1 + priority % 5 where id in (select id from visits order by id limit 3)`)

  it('at any step leaves nothing twice and nothing out once it is run again', async () => {
    await write({ part_rows: 40 })
    const counting = dying(Infinity, 'before')
    await change()
    await run(await putRun(place.api, { full: true }), counting)
    const steps = counting.steps()
    assert.ok(steps > 20, `${steps} steps`)
    for (let at = 1; at <= steps; at += 1) {
      for (const when of ['before', 'after'] as const) {
        await change()
        const id = await putRun(place.api, { full: at % 2 === 0 })
        const isKilled = await run(id, dying(at, when)).then(
          () => false,
          (error: unknown) => {
            if (!(error instanceof Killed)) throw error
            return true
          },
        )
        // What readers see meanwhile is whole, before the run or after it.
        const { missing, altered } = await verifyStanding(tree)
        assert.deepEqual([missing, altered], [[], []])
        if (isKilled) await run(id, tree)
        const stored = await place.api.database.once((tx) => tx.one(findRun(id)))
        assert.deepEqual([stored.status, stored.swept_at !== null], ['finished', true])
        const { newest, manifests } = await findStanding(tree)
        assert.equal(newest?.run_id, id)
        const named = manifests.flatMap(({ tables }) =>
          Object.values(tables).flatMap(({ files }) => files.map(({ path }) => path)),
        )
        assert.deepEqual(await pathsIn(tree, 'data'), named.toSorted())
      }
    }
    await assertWhole()
  })

  it('and given up after its manifest was there counts, and the next goes on from it', async () => {
    await write()
    await change()
    const id = await putRun(place.api)
    const once = dying(1, 'after')
    await assert.rejects(run(id, { ...tree, create: once.create }), Killed)
    await rows(
      sql`update warehouse_runs set status = 'failed', failure = 'server_died', finished_at = now() where id = ${id}`,
    )
    const next = await writeUntilNothing()
    assert.deepEqual([next.reason, rowsOf(next)], ['changes', {}])
    const stored = await place.api.database.once((tx) => tx.one(findRun(id)))
    assert.deepEqual([stored.status, stored.failure], ['finished', null])
    const [audited] = await rows<{ count: number }>(
      sql`select count(*) as count from audit_logs where action = 'warehouse.export' and resource_id = ${id}`,
    )
    assert.equal(Number(audited?.count), 1)
  })

  it('never runs beside another', async () => {
    const blocked = Promise.withResolvers<void>()
    const reached = Promise.withResolvers<void>()
    const slow: FileTree = {
      ...tree,
      async put(path, content) {
        reached.resolve()
        await blocked.promise
        await tree.put(path, content)
      },
    }
    const id = await putRun(place.api)
    const first = run(id, slow)
    await reached.promise
    await assert.rejects(run(id, tree), (error) => error instanceof Problem && error.kind === warehouseBusy)
    blocked.resolve()
    await first
    await assertWhole()
  })
})

describe('a place that does not fit the database', () => {
  it('after a restore to an earlier moment is written anew', async () => {
    await write()
    const { run_id } = await write()
    // The database knows nothing of the last run any more.
    await rows(sql`delete from warehouse_runs where id = ${run_id}`)
    const next = await write()
    assert.equal(next.reason, 'first')
    assert.ok(next.run > next.generation - 1 && next.generation === next.run)
    await assertWhole()
  })

  it('because another installation writes there is refused', async () => {
    await write()
    await using other = await startWarehouse()
    const id = await putRun(other.api)
    await assert.rejects(
      runExport(other.api.system, id, { tree, signal: new AbortController().signal }),
      (error) => error instanceof Problem && error.kind === warehouseOfAnother,
    )
  })
})
