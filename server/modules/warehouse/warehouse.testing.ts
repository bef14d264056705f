// For tests: a hospital with a past, its warehouse in a folder, and DuckDB, which reads it as an analyst would.
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { sql } from '#platform/database/sql.ts'
import type { Configuration } from '#platform/configuration.ts'
import { ContentMissing } from '#platform/storage/failures.ts'
import { openFolderTree } from '#platform/storage/tree-folder.ts'
import type { FileTree } from '#platform/storage/tree.ts'
import { certain } from '#platform/certain.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { appoint, doctorSince } from '../analytics/figures.testing.ts'
import { runExport } from './export.ts'
import { findStanding } from './standing.ts'
import { insertRun } from './run.store.ts'
import { duckdbStatements } from './views.ts'

export const period = { from: '2025-03-01', to: '2025-04-30' }

export async function startWarehouse(settings: Partial<Configuration['warehouse']> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'openward-warehouse-'))
  const warehouse = {
    place: { folder },
    is_placed: true,
    every_hours: undefined,
    shift_weeks: 0,
    smallest_cell: 0,
    pipeline: undefined,
    ...settings,
  }
  const api = await startTestApi({ warehouse })
  const tree = openFolderTree(folder)
  return {
    api,
    folder,
    tree,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function putRun(api: TestApi, { full = false } = {}): Promise<string> {
  const id = randomUUID()
  const put = await api.database.once((tx) => tx.first(insertRun(id, full, null)))
  return certain(put, 'run, where none is open').id
}

/** Writes a run and returns its manifest. */
export async function exportTo(
  api: TestApi,
  tree: FileTree,
  { full = false, part_rows = 25, run_id = undefined as string | undefined } = {},
) {
  const id = run_id ?? (await putRun(api, { full }))
  await runExport(api.system, id, { tree, signal: new AbortController().signal, part_rows })
  return certain((await findStanding(tree)).newest, 'manifest of what was written')
}

/** A place in memory: what a test writes a hundred times does not wait for a disk. */
export function memoryTree(): FileTree & { files: Map<string, Buffer> } {
  const files = new Map<string, Buffer>()
  return {
    files,
    put: async (path, content) => void files.set(path, Buffer.from(content)),
    async create(path, content) {
      if (files.has(path)) return false
      files.set(path, Buffer.from(content))
      return true
    },
    async read(path) {
      const content = files.get(path)
      if (!content) throw new ContentMissing('a file is not there')
      return content
    },
    async *list(folder) {
      yield* [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort()
    },
    remove: async (path) => void files.delete(path),
    check: async () => ({ status: 'ok' }),
  }
}

/** As `readWith`, of a place in memory. */
export async function readMemory({ files }: { files: ReadonlyMap<string, Buffer> }) {
  const folder = mkdtempSync(join(tmpdir(), 'openward-warehouse-'))
  for (const [path, content] of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const duck = await readWith(folder)
  return {
    ask: (question: string) => duck.ask(question),
    [Symbol.dispose]() {
      duck[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Answers questions about what lies in the folder. */
export async function readWith(folder: string) {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`set timezone = 'UTC'`)
  for (const statement of duckdbStatements(folder)) await connection.run(statement)
  return {
    async ask(question: string): Promise<Record<string, unknown>[]> {
      const rows = (await connection.runAndReadAll(question)).getRowObjectsJson()
      // 64-bit numbers come as text.
      return rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
          ]),
        ),
      )
    },
    [Symbol.dispose]() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** Doctors of two departments, patients with many appointments, visits and stays in beds, in the spring of 2025. */
export async function aPast(api: TestApi) {
  const departments = [await api.department('North'), await api.department('South')]
  const doctors: string[] = []
  for (const [at, department_id] of departments.entries()) {
    const options = { department_id, doctor: { specialization: at === 0 ? 'cardiology' : 'surgery' } }
    doctors.push(certain((await doctorSince(api, '2025-01-01', options)).doctor_id, 'doctor'))
  }
  const patients: string[] = []
  for (let at = 0; at < 12; at += 1) patients.push(await api.patient({ date_of_birth: `${1930 + 7 * at}-06-15` }))
  const statuses = ['completed', 'completed', 'cancelled', 'no_show', 'booked', 'completed', 'confirmed']
  await appoint(
    api,
    Array.from({ length: 42 }, (_, at) => ({
      doctor_id: doctors[at % 2],
      patient_id: patients[at % patients.length] ?? '',
      at: Temporal.PlainDateTime.from('2025-03-03T09:00')
        .add({ days: at, hours: at % 6 })
        .toString(),
      minutes: 20 + 5 * (at % 4),
      status: statuses[at % statuses.length] ?? 'completed',
    })),
  )
  await appoint(api, [{ doctor_id: doctors[0], patient_id: patients[0] ?? '', at: '2025-03-05T20:00', status: 'held' }])
  for (const [at, patient_id] of patients.entries()) {
    await aVisit(api, { patient_id, doctor_id: doctors[at % 2] ?? '', department_id: departments[at % 2] ?? '', at })
  }
  const [resource] = await api.rows<{ id: string }>(sql`
    insert into resources (type, name, code, ward) values ('bed', 'Bed 1', ${randomUUID().slice(0, 12)}, 'Ward A') returning id`)
  const bed_id = certain(resource, 'bed').id
  await api.rows(sql`update resource_states set in_force_from = '2025-01-01Z' where resource_id = ${bed_id}`)
  for (const [at, patient_id] of patients.slice(0, 5).entries()) {
    await api.rows(sql`
      insert into resource_assignments (resource_id, patient_id, is_bed, assigned_at, released_at)
      values (${bed_id}, ${patient_id}, true, timestamptz '2025-03-01 10:00:30Z' + ${at} * interval '2 days',
              timestamptz '2025-03-02 11:15:10Z' + ${at} * interval '2 days')`)
  }
  return { departments, doctors, patients, bed_id }
}

async function aVisit(
  api: TestApi,
  of: { patient_id: string; doctor_id: string; department_id: string; at: number },
): Promise<void> {
  const status = ['completed', 'discharged', 'cancelled', 'in_progress'][of.at % 4] ?? 'completed'
  const opened = Temporal.Instant.from('2025-03-09T04:30:20Z').add({ hours: 9 * of.at })
  const closed = status === 'in_progress' ? null : opened.add({ minutes: 90 + of.at, seconds: 50 }).toString()
  await api.rows(sql`
    insert into visits (visit_number, patient_id, doctor_id, department_id, type, status, opened_at, closed_at)
    values (${randomUUID()}, ${of.patient_id}, ${of.doctor_id}, ${of.department_id}, 'outpatient', ${status}, ${opened.toString()}, ${closed})`)
}
