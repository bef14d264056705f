// The source designs' own architecture as opponent: app_pg.py under uvicorn with two workers, where Debian's Python packages
// are installed. It is read where it lies and is no part of this project.
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AbsentError } from '../absent.ts'
import { createPeople, type Person } from '../../server/demo/people.ts'
import { type Postgres, withClient } from '../postgres.ts'
import { isInstalled, type Running, runToEnd, startProcess, waitForAnswer } from '../processes.ts'
import { blindIndex, readFernetKey, sealWithFernet } from './fernet.ts'

export type Reference = {
  description: string
  running: Running
  port: number
  database_url: string
  headers: Record<string, string>
  patient_ids: readonly string[]
}

type ReferenceOptions = {
  postgres: Postgres
  port: number
  /** Where app_pg.py lies. */
  source: string
  python: string
  directory: string
  seed: number
  people: number
}

/** The shape of its POST /patients. */
export function toReferencePatient(person: Person): Record<string, string> {
  const { line1, city, state, postal_code } = person.address
  return {
    first_name: person.first_name,
    last_name: person.last_name,
    date_of_birth: person.date_of_birth,
    gender: person.gender,
    ssn: person.ssn.replaceAll('-', ''),
    phone: person.phone_primary,
    email: person.email,
    address: `${line1}, ${city}, ${state} ${postal_code}`,
    emergency_contact_name: `${person.middle_name || 'Alex'} ${person.last_name}`,
    emergency_contact_phone: person.phone_primary,
  }
}

const sealed_columns = [
  'first_name',
  'last_name',
  'date_of_birth',
  'ssn',
  'phone',
  'email',
  'address',
  'emergency_contact_name',
  'emergency_contact_phone',
] as const
const columns = ['id', 'patient_number', 'gender', 'last_name_bidx', 'ssn_bidx', ...sealed_columns] as const

async function fillPatients(
  options: ReferenceOptions,
  url: string,
  fernet_key: string,
  secret: string,
): Promise<string[]> {
  const key = readFernetKey(fernet_key)
  const now_seconds = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000)
  const ids: string[] = []
  const toRow = (person: Person): string[] => {
    const patient = toReferencePatient(person)
    const id = randomUUID()
    ids.push(id)
    return [
      id,
      `PT-SEED-${ids.length}`,
      person.gender,
      blindIndex(secret, person.last_name),
      blindIndex(secret, patient['ssn'] ?? ''),
      ...sealed_columns.map((column) => sealWithFernet(key, patient[column] ?? '', now_seconds)),
    ]
  }
  const casts = columns.map((column, at) => `$${at + 1}::${column === 'id' ? 'uuid' : 'text'}[]`)
  await withClient(url, async (client) => {
    for (let from = 0; from < options.people; from += 5000) {
      const rows = Array.from(createPeople(options.seed, from, Math.min(from + 5000, options.people)), toRow)
      await client.query(
        `insert into patients (${columns.join(', ')}) select * from unnest(${casts.join(', ')})`,
        columns.map((_, at) => rows.map((row) => row[at])),
      )
    }
    await client.query('vacuum analyze patients')
  })
  return ids
}

async function describe(python: string): Promise<string> {
  const program = `
import fastapi, uvicorn, asyncpg, importlib.util as u
loop = 'uvloop' if u.find_spec('uvloop') else 'asyncio'
http = 'httptools' if u.find_spec('httptools') else 'h11'
print(f'FastAPI {fastapi.__version__}, uvicorn {uvicorn.__version__} with 2 workers, {loop} and {http}, asyncpg {asyncpg.__version__}')`
  return (await runToEnd(python, ['-c', program])).trim()
}

/** @throws AbsentError when the reference or what it runs on is not on this machine */
export async function startReference(options: ReferenceOptions): Promise<Reference> {
  const { postgres, port, source, python, directory } = options
  if (!existsSync(join(source, 'app_pg.py'))) throw new AbsentError('the reference is not on this machine')
  if (!(await isInstalled(python, ['-c', 'import fastapi, uvicorn, asyncpg, cryptography, jwt'])))
    throw new AbsentError('the reference needs python3-fastapi, -uvicorn, -asyncpg, -cryptography and -jwt')
  await postgres.createDatabase('reference')
  const database_url = postgres.urlOf('reference')
  const schema = await readFile(join(source, 'schema.sql'), 'utf8')
  await withClient(database_url, (client) => client.query(schema))
  const fernet_key = randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  const secret = randomBytes(32).toString('hex')
  const patient_ids = await fillPatients(options, database_url, fernet_key, secret)
  const running = startProcess({
    command: python,
    args: ['-m', 'uvicorn', 'app_pg:app', '--app-dir', source, '--host', '127.0.0.1', '--port', String(port)].concat([
      '--workers',
      '2',
      '--no-access-log',
      '--log-level',
      'warning',
    ]),
    environment: {
      DSN: database_url,
      AUDIT: 'asgi',
      JWT_SECRET: secret,
      FERNET_KEY: fernet_key,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONPATH: source,
    },
    directory,
    log_file: join(directory, 'reference.log'),
  })
  const origin = `http://127.0.0.1:${port}`
  await waitForAnswer(running, `${origin}/health`)
  const answer = await fetch(`${origin}/api/v1/auth/token?role=Doctor`, { method: 'POST' })
  const { access_token } = z.object({ access_token: z.string() }).parse(await answer.json())
  const headers = { authorization: `Bearer ${access_token}` }
  return { description: await describe(python), running, port, database_url, headers, patient_ids }
}
