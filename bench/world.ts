// What a run may need, each part started when a row first asks for it and stopped at the end.
import { mkdtemp, rm, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAutocannonDriver } from './load/autocannon.ts'
import type { LoadDriver } from './load/load.ts'
import { createWrkDriver } from './load/wrk.ts'
import { startOpenWard, type OpenWard } from './openward.ts'
import { type Reference, startReference } from './opponents/reference.ts'
import { createStatementDatabase } from './opponents/schema.ts'
import { startPlaintextSearch } from './opponents/plaintext.ts'
import type { Options } from './options.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { assertFree, isInstalled, type Running, startProcess, waitForAnswer } from './processes.ts'

export const ports = {
  postgres: 5800,
  bare: 5801,
  reference: 5802,
  plaintext: 5803,
  openward: 5804,
  started_openward: 5805,
  opponents_postgres: 5806,
  small_openward: 5807,
  openward_beside: 5808,
}
export const seed = 20_261_201
/** Every row but the search is measured on so many people. */
export const usual_people = 10_000

export type HttpServer = { running: Running; port: number }

export type World = {
  options: Options
  directory: string
  driver: LoadDriver
  /** OpenWard's and the reference's. */
  postgres: Postgres
  /** The other opponents'. Alike but apart: together they would need more connections than one cluster gives. */
  opponents_postgres: () => Promise<Postgres>
  /** How many people both sides hold at present. */
  people: number
  /** A database with OpenWard's tables and as many people, without OpenWard: its name and their ids. */
  statements: () => Promise<{ database: string; patient_ids: readonly string[] }>
  bare: () => Promise<HttpServer>
  reference: () => Promise<Reference>
  /** At the present number of people. */
  plaintext: () => Promise<HttpServer>
  openward: () => Promise<OpenWard>
  /** A second server of that hospital. */
  openward_beside: () => Promise<HttpServer>
  /** Another, which stays as small as the usual one is at first. */
  small_openward: () => Promise<OpenWard>
  stop: () => Promise<void>
}

function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined
  return () => (started ??= start())
}

/** Starts the database; everything else waits until it is asked for. @throws where one of the ports is taken */
export async function createWorld(options: Options): Promise<World> {
  await assertFree(Object.values(ports))
  const directory = await mkdtemp(join(tmpdir(), 'openward-bench-'))
  await chmod(directory, 0o755)
  const stops: (() => Promise<void>)[] = [() => rm(directory, { recursive: true, force: true })]
  const stop = async () => {
    for (const end of stops.toReversed()) await end()
  }
  const keep = <T extends { running: Running }>(server: T): T => {
    stops.push(server.running.stop)
    return server
  }
  try {
    const startCluster = async (name: string, port: number) => {
      const cluster = await startPostgres(directory, name, port)
      stops.push(cluster.stop)
      return cluster
    }
    const postgres = await startCluster('postgres', ports.postgres)
    const opponents_postgres = once(() => startCluster('opponents-postgres', ports.opponents_postgres))
    const statements = once(async () => {
      const database = 'statements'
      const patient_ids = await createStatementDatabase(await opponents_postgres(), database, usual_people)
      return { database, patient_ids }
    })
    const startHospital = async (name: string, port: number) =>
      keep(await startOpenWard({ name, postgres, port, directory, seed, people: usual_people }))
    const world: World = {
      options,
      directory,
      postgres,
      opponents_postgres,
      driver: (await isInstalled('wrk', ['-v'], 1)) ? createWrkDriver(directory) : createAutocannonDriver(directory),
      people: usual_people,
      statements,
      bare: once(async () => {
        const program = join(import.meta.dirname, 'opponents', 'bare-fastify.ts')
        const { database } = await statements()
        const running = startProcess({
          command: process.execPath,
          args: [program, String(ports.bare), (await opponents_postgres()).urlOf(database)],
          directory,
          log_file: join(directory, 'bare-fastify.log'),
        })
        await waitForAnswer(running, `http://127.0.0.1:${ports.bare}/health`)
        return keep({ running, port: ports.bare })
      }),
      reference: once(async () =>
        keep(
          await startReference({
            postgres,
            port: ports.reference,
            source: options.reference,
            python: options.python,
            directory,
            seed,
            people: usual_people,
          }),
        ),
      ),
      plaintext: once(async () =>
        keep(
          await startPlaintextSearch({
            postgres: await opponents_postgres(),
            port: ports.plaintext,
            directory,
            seed,
            people: world.people,
          }),
        ),
      ),
      openward: once(() => startHospital('openward', ports.openward)),
      openward_beside: once(async () => keep(await (await world.openward()).startBeside(ports.openward_beside))),
      small_openward: once(() => startHospital('small_openward', ports.small_openward)),
      stop,
    }
    return world
  } catch (error) {
    await stop()
    throw error
  }
}
