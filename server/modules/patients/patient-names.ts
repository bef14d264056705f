// What the rest of the module asks of the name index.
import type { PatientRecord } from './patient.sealing.ts'

/** A person as the index knows them. */
export type NamedPerson = Pick<PatientRecord, 'first_name' | 'middle_name' | 'last_name' | 'date_of_birth'>

export type PatientNames = {
  /** The best matches first. `is_complete` is false while the index is being built, and where there is none. */
  search(
    text: string,
    options: { limit: number; date_of_birth?: string | undefined },
  ): Promise<{ ids: string[]; is_complete: boolean }>
  /** Ids of people with a name like this one and the same birth date; empty where either is unknown. */
  bornOn(person: NamedPerson): Promise<string[]>
  /** Tells the index at once of a change that this process has written; no person: removed. */
  changed(change: { id: string; version: number; person: NamedPerson | undefined }): void
}
