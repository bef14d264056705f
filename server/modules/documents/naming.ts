// Documents that an assessment names: those of its patient that the author may read, and clean ones when it is signed.
import { deleteNames, insertNames, lockReadable } from './naming.store.ts'
import { type Context, reachOf } from '#platform/context.ts'
import { type InvalidMember, invalidRequest, Problem } from '#platform/contract/problem.ts'
import type { Tx } from '#platform/database/transaction.ts'

type Naming = {
  patient_id: string
  document_ids: readonly string[]
  /** Where the request names them, as a JSON Pointer. */
  at: string
  /** What is signed rests on them: each is clean at the moment of the signature. */
  is_signed: boolean
}

/** A draft may name one that still waits for the scanner. @throws Problem invalidRequest for each that may not be named */
export async function assertNameable(ctx: Context, tx: Tx, { patient_id, document_ids, at, is_signed }: Naming) {
  if (document_ids.length === 0) return
  const reach = reachOf(ctx.actor, 'documents:read')
  const rows = reach === undefined ? [] : await tx.rows(lockReadable(patient_id, document_ids, reach))
  const statuses = new Map(rows.map(({ id, status }) => [id, status]))
  const errors = document_ids.flatMap((id, index): InvalidMember[] => {
    const status = statuses.get(id)
    const path = `${at}/${index}`
    if (status === undefined)
      return [{ path, code: 'unknown_document', message: 'Name a document of this patient that you may read' }]
    if (status === 'infected')
      return [{ path, code: 'document_infected', message: 'The virus scanner found a threat in it: leave it out' }]
    if (status !== 'clean' && is_signed)
      return [{ path, code: 'document_not_scanned', message: 'Wait until its status is clean, or leave it out' }]
    return []
  })
  if (errors.length > 0) throw new Problem(invalidRequest, { errors })
}

/** From now on these, and no others, stay in the record because the assessment names them. */
export async function keepNamed(tx: Tx, assessment_id: string, document_ids: readonly string[]) {
  await Promise.all([
    tx.run(deleteNames(assessment_id, document_ids)),
    tx.run(insertNames(assessment_id, document_ids)),
  ])
}
