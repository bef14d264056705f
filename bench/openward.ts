// OpenWard's own side: the server as a process of its own, its staff, its people, its doctors' free slots.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { AbsentError } from './absent.ts'
import type { LoadRequest } from './load/load.ts'
import { type Account, type Call, createCall, createSignIn, type Headers } from './openward-client.ts'
import { createDoctors, fillCalendars } from './openward-calendars.ts'
import { createHospital } from './openward-hospital.ts'
import { toCsv } from './openward-people.ts'
import { fillRecord } from './openward-record.ts'
import { createPeople } from '../server/demo/people.ts'
import { type Postgres, withClient } from './postgres.ts'
import { type Running, runToEnd, startProcess, waitForAnswer } from './processes.ts'
import type { Turn } from './row.ts'

export type OpenWard = {
  running: Running
  port: number
  headersOf: (role: 'admin' | 'staff') => Promise<Headers>
  /** A doctor's headers, and the patients who are in their care because they are booked with them. */
  treatingDoctor: () => Promise<{ headers: Headers; patient_ids: readonly string[] }>
  /** Imports until there are so many people. Says how many of them this took, and how long; the same when asked again. */
  grow: (people: number) => Promise<{ people: number; seconds: number }>
  /** Bookings of distinct free slots, no patient twice at the same time. */
  createBookings: () => Promise<readonly LoadRequest[]>
  /** A nurse, and the visits in which they have begun an assessment, each of another patient. */
  assessingNurse: () => Promise<{ headers: Headers; visit_ids: readonly string[] }>
  /** So many people at the desk. */
  createStaff: (count: number) => Promise<readonly Account[]>
  /** So many sessions of people at the desk. */
  createSessions: (count: number) => Promise<readonly Headers[]>
  /** For each of so many free slots, bookings of it by different patients. */
  createRaces: (slots: number, racers: number, first?: number) => Promise<readonly (readonly LoadRequest[])[]>
  /** Doctors of a specialization of their own, each with so many appointments, the next weeks full; the same when asked again. */
  createFullDoctors: (specialization: string, doctors: number, each: number) => Promise<readonly string[]>
  /** Gives this patient so many visits, each with its appointment; not twice. */
  fillRecord: (patient_id: string, visits: number) => Promise<void>
  /** Until what the rows before have left to do is done: to seal the log of millions of answers, and to write thousands of mails. */
  untilIdle: () => Promise<void>
  administrator: Account
  /** The doctors, appointments and beds of `openward demo`, for the people who are here. */
  fillDemonstration: () => Promise<void>
  /** Starts another server of the same hospital. */
  startBeside: (port: number) => Promise<{ running: Running; port: number }>
}

/** `name`: of its database and its files. */
type OpenWardOptions = {
  name: string
  postgres: Postgres
  port: number
  directory: string
  seed: number
  people: number
}

const launcher = join(import.meta.dirname, '..', 'bin', 'openward.mjs')
const command_line = join(import.meta.dirname, '..', 'server', 'cli', 'main.ts')
const import_batch = 50_000

function requireServer(): void {
  for (const path of [launcher, command_line])
    if (!existsSync(path)) throw new AbsentError('this checkout has no server to start yet')
}

const Job = z.object({ id: z.string() })
const Progress = z.object({ status: z.string(), rows_accepted: z.number(), rows_refused: z.number() })

async function importBatch(call: Call, headers: () => Promise<Headers>, csv: string): Promise<void> {
  const form = new FormData()
  form.append('file', new Blob([csv], { type: 'text/csv' }), 'people.csv')
  const { id } = Job.parse(await call('POST', '/api/v1/patients/import', { headers: await headers(), body: form }))
  for (;;) {
    const job = await call('GET', `/api/v1/patients/import/${id}`, { headers: await headers() })
    const progress = Progress.parse(job)
    if (progress.status === 'failed' || progress.rows_refused > 0)
      throw new Error(`the import ended as ${progress.status} with ${progress.rows_refused} rows refused`)
    if (progress.status === 'finished') return
    await delay(50)
  }
}

function createGrow(call: Call, headers: () => Promise<Headers>, seed: number): OpenWard['grow'] {
  let present = 0
  let last = { people: 0, seconds: 0 }
  return async (people) => {
    if (people <= present) return last
    const before = present
    const started_at = performance.now()
    while (present < people) {
      const until = Math.min(present + import_batch, people)
      await importBatch(call, headers, toCsv(createPeople(seed, present, until)))
      present = until
    }
    last = { people: people - before, seconds: (performance.now() - started_at) / 1000 }
    return last
  }
}

/**
 * The log is sealed, the mails of all bookings are written, and the figures of past days are counted, the oldest last: of millions of
 * appointments that were filled in behind the servers' backs that takes half a minute, within five.
 */
async function untilNothingIsLeft(url: string): Promise<void> {
  const isDone = () =>
    withClient(url, async (client) => {
      const { rows } = await client.query<{ left: number; are_counted: boolean }>(
        `select ((select count(*) from audit_logs) - (select count(*) from audit_leaves)
                 + (select count(*) from pgboss.job_common where state < 'completed' and start_after <= now()))::int as left,
                coalesce(first_at > now() - interval '1 day'
                         or exists (select from figure_days where starts_at <= first_at and ends_at > first_at), true) as are_counted
           from (select min(starts_at) as first_at from appointments) as a`,
      )
      return rows[0]?.are_counted && rows[0].left <= 100
    })
  while (!(await isDone())) await delay(2000)
}

/** @throws AbsentError when this checkout has no server yet */
export async function startOpenWard(options: OpenWardOptions): Promise<OpenWard> {
  requireServer()
  const { name, postgres, port, directory, seed, people } = options
  await postgres.createDatabase(name)
  const admin = { email: 'admin@example.org', password: randomBytes(24).toString('base64url') }
  const environment = {
    DATABASE_URL: postgres.urlOf(name),
    OPENWARD_MASTER_KEY: randomBytes(32).toString('base64'),
    OPENWARD_PUBLIC_URL: `http://127.0.0.1:${port}`,
    OPENWARD_ADMIN_EMAIL: admin.email,
    OPENWARD_ADMIN_PASSWORD: admin.password,
    OPENWARD_RATE_LIMIT: 'off',
    OPENWARD_TIMEZONE: 'UTC',
    LOG_LEVEL: 'warn',
  }
  const serverOf = (own_port: number, files: string) => ({
    ...environment,
    PORT: String(own_port),
    OPENWARD_DATA_DIR: join(directory, `${files}-data`),
  })
  const serve = (own_port: number, files: string) =>
    startProcess({
      command: process.execPath,
      args: [launcher, 'serve'],
      environment: serverOf(own_port, files),
      directory,
      log_file: join(directory, `${files}.log`),
    })
  const running = serve(port, name)
  try {
    await waitForAnswer(running, `http://127.0.0.1:${port}/health/ready`)
    const call = createCall(port)
    const headersOfAdmin = createSignIn(call, admin)
    const grow = createGrow(call, headersOfAdmin, seed)
    await grow(people)
    const hospital = await createHospital(call, headersOfAdmin)
    let full: Promise<readonly string[]> | undefined
    return {
      running,
      port,
      grow,
      ...hospital,
      createFullDoctors: (specialization, doctors, each) =>
        (full ??= createDoctors(call, headersOfAdmin, specialization, doctors).then(async (ids) => {
          await fillCalendars(postgres.urlOf(name), ids, each)
          return ids
        })),
      async startBeside(other_port) {
        const other = serve(other_port, `${name}-beside`)
        await waitForAnswer(other, `http://127.0.0.1:${other_port}/health/ready`)
        return { running: other, port: other_port }
      },
      fillRecord: (patient_id, visits) => fillRecord(postgres.urlOf(name), patient_id, visits),
      untilIdle: () => untilNothingIsLeft(postgres.urlOf(name)),
      administrator: admin,
      fillDemonstration: async () => void (await runToEnd(process.execPath, [launcher, 'demo'], serverOf(port, name))),
      headersOf: (role) => (role === 'admin' ? headersOfAdmin() : hospital.headersOfStaff()),
    }
  } catch (error) {
    await running.stop()
    throw error
  }
}

/** Seconds from starting the command to `/health/ready`, with the embedded database made by an earlier start. */
export async function measureStart({ port, directory }: { port: number; directory: string }): Promise<Turn> {
  requireServer()
  const start = async (): Promise<number> => {
    const started_at = performance.now()
    const running = startProcess({
      command: process.execPath,
      args: [launcher, 'serve'],
      environment: {
        PORT: String(port),
        OPENWARD_DATA_DIR: join(directory, 'started-openward'),
        OPENWARD_ADMIN_EMAIL: 'admin@example.org',
        OPENWARD_ADMIN_PASSWORD: 'measured-only-for-its-start',
        LOG_LEVEL: 'warn',
      },
      directory,
      log_file: join(directory, 'started-openward.log'),
    })
    try {
      await waitForAnswer(running, `http://127.0.0.1:${port}/health/ready`)
      return (performance.now() - started_at) / 1000
    } finally {
      await running.stop()
    }
  }
  const first_seconds = await start()
  return async () => {
    const starts = [await start(), await start(), await start()].toSorted((left, right) => left - right)
    return {
      value: starts[1] ?? Number.NaN,
      detail: `median of 3; the very first ${first_seconds.toFixed(1)} s`,
      errors: 0,
    }
  }
}
