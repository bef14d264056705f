// The canonical bytes of an audit entry, and so the leaf that stands for it in the tree.
//
// The form is a JSON array of texts in a fixed order, as RFC 8785 writes it, in UTF-8. The database renders each value
// as text in a way that depends on no setting of the session and survives a dump: instants as seconds since 1970 with
// six decimals, `details` as jsonb's own text, `sealed_changes` as the SHA-256 of its bytes. `recorded_xid` is left out
// because transaction numbers begin again in another cluster. A column that is added later is appended only where it
// is not null, so that leaves sealed before keep their hash.
import { hashLeaf } from './merkle.ts'

/** An entry as `entryColumns` selects it; all null where a leaf has lost its entry. */
export type EntryTexts = {
  id: string | null
  timestamp_seconds: string | null
  user_id: string | null
  role: string | null
  session_id: string | null
  ip_address: string | null
  user_agent: string | null
  action: string | null
  resource_type: string | null
  resource_id: string | null
  patient_id: string | null
  outcome: string | null
  purpose: string | null
  correlation_id: string | null
  key_id: string | null
  changes_sha256: string | null
  details: string | null
}

/** The select list that renders `audit_logs e`. */
export const entryColumns = `e.id::text as id, extract(epoch from e.timestamp)::text as timestamp_seconds,
  e.user_id::text as user_id, e.role, e.session_id::text as session_id, e.ip_address::text as ip_address,
  e.user_agent, e.action, e.resource_type, e.resource_id::text as resource_id, e.patient_id::text as patient_id,
  e.outcome, e.purpose, e.correlation_id, e.key_id::text as key_id,
  encode(sha256(e.sealed_changes), 'hex') as changes_sha256, e.details::text as details`

const format = 'openward audit entry 1'

export function entryToBytes(entry: EntryTexts): Buffer {
  return Buffer.from(
    JSON.stringify([
      format,
      entry.id,
      entry.timestamp_seconds,
      entry.user_id,
      entry.role,
      entry.session_id,
      entry.ip_address,
      entry.user_agent,
      entry.action,
      entry.resource_type,
      entry.resource_id,
      entry.patient_id,
      entry.outcome,
      entry.purpose,
      entry.correlation_id,
      entry.key_id,
      entry.changes_sha256,
      entry.details,
    ]),
  )
}

export function hashEntry(entry: EntryTexts): Buffer {
  return hashLeaf(entryToBytes(entry))
}
