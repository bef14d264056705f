import type { DocumentStatus } from './document.contract.ts'
import type { StoredKey } from './document.sealing.ts'
import { literal, type Sql, sql } from '#platform/database/sql.ts'

export type DueDocument = StoredKey & {
  id: string
  patient_id: string
  status: DocumentStatus
  storage_key: string
  sealed_content_key: Buffer
}

/** What waits first, then what was judged by other signatures than these, longest ago first. */
export function findDue(scans_with: string, most: number): Sql<DueDocument> {
  return sql`
    select d.id, d.patient_id, d.status, d.storage_key, d.sealed_content_key, d.key_id, k.kek_id, k.wrapped
      from documents d join patient_keys k on k.id = d.key_id
     where k.wrapped is not null and d.scan_after <= now()
       and (d.status in ('scanning', 'scan_failed') or (d.status = 'clean' and d.scanned_with is distinct from ${scans_with}))
     order by d.status = 'clean', d.scanned_at nulls first, d.id limit ${literal(most)}`
}

export type Judgement = { status: 'clean' | 'infected'; threat: string | null; scanned_with: string }

/** No row where somebody else has judged it meanwhile. */
export function updateJudged({ id, status }: DueDocument, judged: Judgement): Sql {
  return sql`
    update documents set status = ${judged.status}, threat = ${judged.threat}, unscanned = false, scanned_with = ${judged.scanned_with},
           scanned_at = now(), scan_attempts = 0, version = version + 1
     where id = ${id} and status = ${status}`
}

/** It is tried again after a minute, two, four, up to six hours. */
export function updateFailed({ id, status }: DueDocument): Sql {
  return sql`
    update documents set status = 'scan_failed', unscanned = false, scan_attempts = scan_attempts + 1,
           scan_after = now() + least(power(2, scan_attempts), 360) * interval '1 minute', version = version + 1
     where id = ${id} and status = ${status}`
}
