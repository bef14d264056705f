// Fills a hospital with life to look at. Made in bulk past the API, since most of it lies in the past; what the database promises
// holds for it as for everything.
import { Readable } from 'node:stream'
import type { System } from '#platform/context.ts'
import { sql } from '#platform/database/sql.ts'
import { importPatients } from '#modules/patients'
import { systemDatabase } from '../system.ts'
import { makeAppointments } from './appointments.ts'
import { makeBeds } from './beds.ts'
import { createPeople, type Person } from './people.ts'
import { createRandom } from './random.ts'
import { type DemoStaff, makeStaff } from './staff.ts'

/** Thrown where made-up people have no place, or are already. */
export class DemoRefused extends Error {}

export type Demo = Pick<DemoStaff, 'invitations'> & {
  patients: number
  doctors: number
  appointments: number
  beds: number
  stays: number
}

/**
 * 20 doctors, 12 weeks of appointments and 80 beds, for the patients who are registered; where there are none, `people` made-up ones
 * are registered first. @throws DemoRefused
 */
export async function fillHospital(system: System, people: number): Promise<Demo> {
  const { configuration } = system
  if (configuration.production)
    throw new DemoRefused('this is a hospital in production: made-up doctors and appointments have no place in it')
  const database = systemDatabase(system)
  const here = await database.once((tx) =>
    tx.first(sql<{ id: string }>`select id from departments where code like 'DEMO-%' limit 1`),
  )
  if (here) throw new DemoRefused('the demonstration is here already')
  const random = createRandom(20_260_101)
  const { timezone } = configuration

  let patients = await database.once((tx) => tx.rows(activePatients()))
  if (patients.length === 0) {
    const file = Readable.from([toCsv(createPeople(11, 0, people))])
    await importPatients(system, file, { dry_run: false, onFinding: () => undefined, onProgress: () => undefined })
    patients = await database.once((tx) => tx.rows(activePatients()))
  }
  const ids = patients.map(({ id }) => id)
  const { doctors, invitations } = await makeStaff(system, database, random, timezone)
  const appointments = await makeAppointments(database, random, { doctors, patients: ids, timezone })
  const { beds, stays } = await makeBeds(database, random, ids)
  const counts = { patients: ids.length, doctors: doctors.length, appointments, beds, stays }
  await database.once(async (tx) => tx.audit({ action: 'demo.fill', resource_type: 'hospital', details: counts }))
  return { ...counts, invitations }
}

const activePatients = () =>
  sql<{
    id: string
  }>`select id from patients where is_active and merged_into is null and erased_at is null order by id limit 20000`

function toCsv(people: Iterable<Person>): Buffer {
  const header =
    'external_id,first_name,middle_name,last_name,date_of_birth,gender,phone_primary,email,ssn,line1,city,state,postal_code,country'
  const lines = Array.from(people, ({ address, ...person }) =>
    [
      person.email,
      person.first_name,
      person.middle_name,
      person.last_name,
      person.date_of_birth,
      person.gender,
      person.phone_primary,
      person.email,
      person.ssn,
      address.line1,
      address.city,
      address.state,
      address.postal_code,
      address.country,
    ].join(','),
  )
  return Buffer.from([header, ...lines].join('\n'))
}
