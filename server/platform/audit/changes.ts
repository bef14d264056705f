// What an entry keeps sealed: values before and after a change, or a reason. It is bound to the id of its entry, which is chosen
// when the entry is written, and opens in no other. Entries written before this was so were bound to the id of the key.
import { type DataKey, seal } from '#platform/encryption/sealing.ts'

/** The key itself is no member: an entry can be noted anywhere. */
export type SealedChanges = { key_id: string; sealFor: (entry_id: string) => Buffer }

/** Under a key of the patient, or of the system. */
export function changesUnder(key: DataKey, changes: object): SealedChanges {
  // As it is now, whatever becomes of it before the entry is written.
  const text = JSON.stringify(changes)
  return {
    key_id: key.id,
    sealFor: (row_id) => seal(key, { table: 'audit_logs', column: 'sealed_changes', row_id }, text),
  }
}
