// Scans what waits for the scanner, and again whatever was judged by other signatures than those of today.
import { contentPlace, openRowKey } from './document.sealing.ts'
import { type DueDocument, findDue, type Judgement, updateFailed, updateJudged } from './scan.store.ts'
import { unattendedDatabase } from './unattended.ts'
import type { System } from '#platform/context.ts'
import type { Tx } from '#platform/database/transaction.ts'
import { defineSchedule } from '#platform/jobs/job.ts'
import type { Scanner, Verdict } from '#platform/scanning/scanner.ts'
import { readContent } from '#platform/storage/content.ts'
import { StorageUnavailable } from '#platform/storage/failures.ts'

export const scanSchedule = defineSchedule({ name: 'documents.scan', every_seconds: 10, expire_seconds: 900 })
const batch = 20
const longestMilliseconds = 600_000

/** Until nothing is due, the scanner is away, or the run has lasted long enough. How many were judged. */
export async function scanDue(system: System, signal?: AbortSignal): Promise<number> {
  const { scanner, log } = system
  if (!scanner) return 0
  const database = unattendedDatabase(system)
  const until = performance.now() + longestMilliseconds
  let count = 0
  for (;;) {
    const scans_with = await scanner.scansWith()
    if (scans_with === undefined) return count
    const due = await database.once((tx) => tx.rows(findDue(scans_with, batch)))
    if (due.length === 0) return count
    for (const document of due) {
      if (signal?.aborted || performance.now() > until) return count
      const verdict = await judge(system, scanner, document)
      if (verdict.status === 'waiting') return count
      const isNews = document.status !== verdict.status
      await database.once(async (tx) => {
        const written = tx.run(
          verdict.status === 'clean' || verdict.status === 'infected'
            ? updateJudged(document, judgementOf(verdict))
            : updateFailed(document),
        )
        if (isNews) tell(tx, document, verdict)
        await written
      })
      if (verdict.status !== 'clean')
        log.warn({ document_id: document.id, status: verdict.status }, 'a scan did not clear a document')
      count += 1
    }
  }
}

/** What cannot be read is not cleared; a store that is away is waited for. */
async function judge({ keys, storage, log }: System, scanner: Scanner, document: DueDocument): Promise<Verdict> {
  try {
    const chunks = contentPlace(openRowKey(keys.keyring, document), document)
    return await scanner.scan(() => readContent(storage, chunks))
  } catch (error) {
    if (error instanceof StorageUnavailable) return { status: 'waiting' }
    log.error({ err: error, document_id: document.id }, 'a document could not be read to be scanned')
    return { status: 'failed' }
  }
}

function judgementOf(verdict: Extract<Verdict, { scanned_with: string }>): Judgement {
  const { status, scanned_with } = verdict
  return { status, scanned_with, threat: status === 'infected' ? verdict.threat : null }
}

function tell(
  tx: Pick<Tx, 'audit' | 'emit'>,
  { id, patient_id, status: from }: DueDocument,
  { status: found }: Verdict,
) {
  const status = found === 'clean' || found === 'infected' ? found : 'scan_failed'
  if (from === status) return
  const about = { resource_type: 'document', resource_id: id, patient_id }
  tx.audit({ action: 'document.scan', ...about, details: { from, status } })
  tx.emit({ type: 'document.scanned', subject_type: 'document', subject_id: id, patient_id, payload: { from, status } })
}
