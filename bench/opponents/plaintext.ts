// Fills and starts the search over names in plain text.
import { join } from 'node:path'
import { createPeople } from '../../server/demo/people.ts'
import { foldName } from '../questions.ts'
import { type Postgres, withClient } from '../postgres.ts'
import { type Running, startProcess, waitForAnswer } from '../processes.ts'

type PlaintextOptions = { postgres: Postgres; port: number; directory: string; seed: number; people: number }

const batch = 20_000

async function fillPeople({ postgres, seed, people }: PlaintextOptions, database: string): Promise<void> {
  // Under the cluster's own lc_ctype, C, pg_trgm takes only the Latin alphabet for letters and finds nobody else.
  await postgres.createDatabase(database, `template template0 lc_ctype 'C.UTF-8'`)
  await withClient(postgres.urlOf(database), async (client) => {
    await client.query('create extension pg_trgm')
    await client.query(
      'create table people (id uuid primary key default uuidv7(), name text not null, date_of_birth date not null)',
    )
    for (let from = 0; from < people; from += batch) {
      const rows = Array.from(createPeople(seed, from, Math.min(from + batch, people)), (person) => ({
        name: foldName([person.first_name, person.middle_name, person.last_name].filter(Boolean).join(' ')),
        date_of_birth: person.date_of_birth,
      }))
      await client.query('insert into people (name, date_of_birth) select * from unnest($1::text[], $2::date[])', [
        rows.map((row) => row.name),
        rows.map((row) => row.date_of_birth),
      ])
    }
    await client.query(`set maintenance_work_mem = '512MB'`)
    await client.query('create index people_name on people using gin (name gin_trgm_ops)')
    await client.query('vacuum analyze people')
  })
}

/** Everything in memory, freshly vacuumed: the index at its best. */
export async function startPlaintextSearch(options: PlaintextOptions): Promise<{ running: Running; port: number }> {
  const database = `plaintext_${options.people}`
  await fillPeople(options, database)
  const running = startProcess({
    command: process.execPath,
    args: [join(import.meta.dirname, 'plaintext-search.ts'), String(options.port), options.postgres.urlOf(database)],
    directory: options.directory,
    log_file: join(options.directory, 'plaintext-search.log'),
  })
  await waitForAnswer(running, `http://127.0.0.1:${options.port}/health`)
  return { running, port: options.port }
}
