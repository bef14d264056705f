// Whether somebody who reads a record is near to its patient: themselves, a colleague, or of the same family name.
import { normaliseName } from '#modules/patients'
import type { FindingKind } from './finding.contract.ts'

type Name = { first_name: string | null; last_name: string | null }

export type Person = Name & {
  /** Whose account, of those who work here, the record belongs to. */
  staff_user_id: string | null
}

export type Relation = Extract<FindingKind, 'own_record' | 'colleague' | 'family_name'>

/** Names of those who work here, as they are compared. */
export type StaffIndex = {
  families: ReadonlyMap<string, ReadonlySet<string>>
  /** By first and last name. */
  named: ReadonlyMap<string, ReadonlySet<string>>
}

export function indexStaff(staff: ReadonlyMap<string, Name>): StaffIndex {
  const families = new Map<string, ReadonlySet<string>>()
  const named = new Map<string, Set<string>>()
  for (const [user_id, name] of staff) {
    families.set(user_id, familyNames(name.last_name))
    const full = fullName(name)
    if (full === undefined) continue
    const known = named.get(full)
    if (known) known.add(user_id)
    else named.set(full, new Set([user_id]))
  }
  return { families, named }
}

/** The nearest relation, as far as names and accounts tell it. */
export function relationOf(reader_id: string, patient: Person, { families, named }: StaffIndex): Relation | undefined {
  if (patient.staff_user_id === reader_id) return 'own_record'
  if (patient.staff_user_id !== null) return 'colleague'
  const namesakes = named.get(fullName(patient) ?? '')
  if (namesakes) return namesakes.has(reader_id) ? 'own_record' : 'colleague'
  const own = families.get(reader_id)
  if (
    own &&
    familyNames(patient.last_name)
      .values()
      .some((name) => own.has(name))
  )
    return 'family_name'
  return undefined
}

/** Shorter words of a family name are particles (de, van, bin): by themselves they name no family. */
const shortestWord = 4

/** The whole name, and each word of it that can stand for a family: García Márquez is related to a García. */
function familyNames(last_name: string | null): ReadonlySet<string> {
  const whole = normaliseName(last_name ?? '')
  if (whole === '') return new Set()
  return new Set([whole, ...whole.split(' ').filter((word) => Array.from(word).length >= shortestWord)])
}

function fullName({ first_name, last_name }: Name): string | undefined {
  const [first, last] = [normaliseName(first_name ?? ''), normaliseName(last_name ?? '')]
  return first === '' || last === '' ? undefined : `${first}|${last}`
}
