// People in the shapes that OpenWard's API takes.
import { stringify } from 'csv-stringify/sync'
import type { Person } from '../server/demo/people.ts'

/** The body of POST /patients. */
export function toPatientRequest(person: Person): Record<string, unknown> {
  const { middle_name, ...rest } = person
  return middle_name ? { ...rest, middle_name } : rest
}

/** The columns of a patients' import. */
export function toCsv(people: Iterable<Person>): string {
  const rows = Array.from(people, ({ address, ...person }) => ({ external_id: person.email, ...person, ...address }))
  return stringify(rows, { header: true })
}
