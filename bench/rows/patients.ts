// Rows about one patient's record and the list of them.
import { join } from 'node:path'
import { requirePgbench, runPgbench } from '../opponents/pgbench.ts'
import { toReferencePatient } from '../opponents/reference.ts'
import { toPatientRequest } from '../openward-people.ts'
import { createPeople } from '../../server/demo/people.ts'
import { duplicateScore, LIKELY_DUPLICATE_SCORE } from '../../server/modules/patients/duplicates.ts'
import type { Row, Side } from '../row.ts'
import { seed, usual_people } from '../world.ts'
import { createLoadTurn, sliceOfTurn, toThroughput, usual_connections } from './load-side.ts'

// Beyond everyone who is imported, so that nobody is registered twice.
const first_new_person = 10_000_000
const most_registrations_per_second = 6000

const readings = (ids: readonly string[], prefix: string) =>
  ids.map((id) => ({ method: 'GET' as const, path: `${prefix}/${id}` }))

type Person = Parameters<typeof toPatientRequest>[0]

/**
 * OpenWard rightly asks whether somebody so alike is the same person; nobody here is to be asked about. `people` are registered,
 * and whoever is found to be a stranger is from then on.
 */
export function createStrangers(people: number = usual_people) {
  const known = new Map<string, Known[]>()
  // A slip in a date of birth leaves the year or the day as it is, or exchanges day and month.
  const keysOf = ({ first_name, last_name, date_of_birth }: Person) => [
    date_of_birth.split('-').toSorted().join('-'),
    `${first_name} ${last_name} ${date_of_birth.slice(0, 4)}`,
    `${first_name} ${last_name} ${date_of_birth.slice(5)}`,
  ]
  const remember = (person: Person) => {
    const { first_name, middle_name, last_name, date_of_birth } = person
    const kept = { first_name, middle_name, last_name, date_of_birth, phones: [] }
    for (const key of keysOf(person)) {
      const others = known.get(key)
      if (others) others.push(kept)
      else known.set(key, [kept])
    }
    return true
  }
  for (const person of createPeople(seed, 0, people)) remember(person)
  const isAlike = (person: Person) => (other: Known) =>
    duplicateScore({ ...person, phones: [] }, other).score >= LIKELY_DUPLICATE_SCORE
  return (person: Person) => !keysOf(person).some((key) => known.get(key)?.some(isAlike(person))) && remember(person)
}
type Known = Parameters<typeof duplicateScore>[0]

function registrations(path: string, toBody: (person: Person) => unknown) {
  const isStranger = createStrangers()
  return (turn: number, seconds: number) => {
    const { from, to } = sliceOfTurn(turn, seconds, most_registrations_per_second)
    return Array.from(createPeople(seed, first_new_person + from, first_new_person + to))
      .filter(isStranger)
      .map((person) => ({ method: 'POST' as const, path, body: toBody(person) }))
  }
}

const listing = { method: 'GET', path: '/api/v1/patients?limit=20' } as const

const pgbench_registration: Side = {
  name: 'pgbench',
  async prepare(world) {
    await requirePgbench()
    const { database } = await world.statements()
    const postgres = await world.opponents_postgres()
    const script = join(import.meta.dirname, '..', 'opponents', 'register-patient.pgbench.sql')
    return async (_, seconds) =>
      toThroughput(await runPgbench({ postgres, database, script, clients: usual_connections, seconds }))
  },
}

export const patient_rows: readonly Row[] = [
  {
    name: 'read_patient',
    requirement:
      '`GET /patients/{id}` by a doctor who treats them: authenticated, scoped, decrypted, audited, 50 connections',
    unit: 'requests/s',
    sides: [
      {
        name: 'OpenWard',
        async prepare(world) {
          const openward = await world.openward()
          const { headers, patient_ids } = await openward.treatingDoctor()
          const requests = readings(patient_ids, '/api/v1/patients')
          return createLoadTurn(world, { port: openward.port, headers, repeats: true, createRequests: () => requests })
        },
      },
      {
        name: 'bare Fastify',
        async prepare(world) {
          const { port } = await world.bare()
          const requests = readings((await world.statements()).patient_ids, '/patients')
          return createLoadTurn(world, { port, headers: {}, repeats: true, createRequests: () => requests })
        },
      },
      {
        name: 'reference',
        async prepare(world) {
          const { port, headers, patient_ids } = await world.reference()
          const requests = readings(patient_ids, '/api/v1/patients')
          return createLoadTurn(world, { port, headers, repeats: true, createRequests: () => requests })
        },
      },
    ],
    promises: [
      { against: 'bare Fastify', at_least_times: 0.5 },
      { against: 'reference', at_least_times: 5 },
    ],
  },
  {
    name: 'list_patients',
    requirement: 'a list of 20 patients, names decrypted',
    unit: 'requests/s',
    sides: [
      {
        name: 'OpenWard',
        async prepare(world) {
          const openward = await world.openward()
          const headers = await openward.headersOf('staff')
          return createLoadTurn(world, { port: openward.port, headers, repeats: true, createRequests: () => [listing] })
        },
      },
      {
        name: 'reference',
        async prepare(world) {
          const { port, headers } = await world.reference()
          return createLoadTurn(world, { port, headers, repeats: true, createRequests: () => [listing] })
        },
      },
    ],
    promises: [{ against: 'reference', at_least_times: 10 }],
  },
  {
    name: 'register_patient',
    requirement: '`POST /patients`: validated, encrypted, indexed, audited; against pgbench running the same statement',
    unit: 'requests/s',
    sides: [
      {
        name: 'OpenWard',
        async prepare(world) {
          const openward = await world.openward()
          const headers = await openward.headersOf('staff')
          const createRequests = registrations('/api/v1/patients', toPatientRequest)
          return createLoadTurn(world, { port: openward.port, headers, repeats: false, createRequests })
        },
      },
      pgbench_registration,
      {
        name: 'reference',
        async prepare(world) {
          const { port, headers } = await world.reference()
          const createRequests = registrations('/api/v1/patients', toReferencePatient)
          return createLoadTurn(world, { port, headers, repeats: false, createRequests })
        },
      },
    ],
    promises: [
      { against: 'pgbench', at_least_times: 0.5 },
      { against: 'reference', at_least_times: 5 },
    ],
  },
]
