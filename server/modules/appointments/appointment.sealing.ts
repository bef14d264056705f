// What is sealed of an appointment: why somebody comes, what was noted, why it was cancelled, moved or overbooked.
import { changesUnder, type SealedChanges } from '#platform/audit/changes.ts'
import { forbidden, Problem } from '#platform/contract/problem.ts'
import { openDataKey } from '#platform/encryption/data-key.ts'
import type { Keyring } from '#platform/encryption/keyring.ts'
import { type DataKey, openJson, sealJson } from '#platform/encryption/sealing.ts'

export type Notes = {
  reason: string | null
  notes: string | null
  cancel_reason: string | null
  overbook_reason: string | null
}
/** The patient's key as stored; without `wrapped` the person was erased, or the key is out of reach. */
export type StoredKey = { key_id: string | null; kek_id: string | null; wrapped: Buffer | null }

const noNotes: Notes = { reason: null, notes: null, cancel_reason: null, overbook_reason: null }

export function openKey(keyring: Keyring, { key_id, kek_id, wrapped }: StoredKey): DataKey | undefined {
  return key_id !== null && kek_id !== null && wrapped !== null
    ? openDataKey(keyring, { id: key_id, kek_id, wrapped })
    : undefined
}

/** Null where there is nothing to seal. */
export function sealNotes(key: DataKey, appointment_id: string, notes: Notes): Buffer | null {
  const given = Object.entries(notes).filter(([, text]) => text !== null)
  return given.length === 0 ? null : sealJson(key, notesPlace(appointment_id), Object.fromEntries(given))
}

export function openNotes(key: DataKey | undefined, appointment_id: string, sealed: Buffer | null): Notes {
  if (!key || !sealed) return noNotes
  return { ...noNotes, ...openJson<Partial<Notes>>(key, notesPlace(appointment_id), sealed) }
}

/** Null without a reason. Without the key one is refused, since nobody would ever read it. @throws Problem forbidden */
export function sealReason(key: DataKey | undefined, change_id: string, reason: string | null): Buffer | null {
  if (!reason) return null
  if (!key) {
    throw new Problem(forbidden, {
      detail: 'The record of the patient is out of your reach, or erased: no reason can be kept in it, so give none',
    })
  }
  return sealJson(key, reasonPlace(change_id), { reason })
}

export function openReason(key: DataKey | undefined, change_id: string, sealed: Buffer | null): string | null {
  return key && sealed ? openJson<{ reason: string }>(key, reasonPlace(change_id), sealed).reason : null
}

/** For an audit entry: before and after of what was changed. */
export function sealChanges(key: DataKey | undefined, changes: Record<string, unknown>): SealedChanges | undefined {
  return key && changesUnder(key, changes)
}

const notesPlace = (row_id: string) => ({ table: 'appointments', column: 'sealed_notes', row_id })
const reasonPlace = (row_id: string) => ({ table: 'appointment_history', column: 'sealed_reason', row_id })
