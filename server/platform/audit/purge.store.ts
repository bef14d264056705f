// The purge statements as the database keeps them.
import { parsePurge, type SignedPurge, verifyPurge, wasDue } from './purge-statement.ts'
import type { TrustedKeys } from './root.ts'
import type { AuditConnection } from './root.store.ts'

export type StoredPurges = {
  /** In order, each beginning where the one before ended. Their entries may be missing. */
  believed: SignedPurge[]
  /** Why others are not believed: an entry that is missing under them was removed. */
  refused: RefusedPurge[]
}
export type RefusedPurge = { last_seq: number; reason: string }

/** The statements of this database, and which of them hold by signature, order and time. */
export async function readPurges(db: AuditConnection, keys: TrustedKeys): Promise<StoredPurges> {
  const { rows: found } = await db.query(`select to_regclass('public.audit_purges') is not null as is_there`)
  // A database from before there were any: an auditor may hold an old copy.
  if (!(found as { is_there: boolean }[])[0]?.is_there) return { believed: [], refused: [] }
  const { rows } = await db.query('select last_seq::text as last_seq, statement from audit_purges order by last_seq')
  const purges: StoredPurges = { believed: [], refused: [] }
  for (const row of rows as { last_seq: string; statement: string }[]) {
    const last_seq = Number(row.last_seq)
    const judged = judge(row.statement, last_seq, purges.believed.at(-1)?.last_seq ?? 0, keys)
    if (typeof judged === 'string') purges.refused.push({ last_seq, reason: judged })
    else purges.believed.push(judged)
  }
  return purges
}

function read(text: string): SignedPurge | undefined {
  try {
    return parsePurge(text)
  } catch {
    return undefined
  }
}

/** The statement, or why it is not believed. */
function judge(text: string, lastSeq: number, before: number, keys: TrustedKeys): SignedPurge | string {
  const purge = read(text)
  if (purge === undefined) return 'the purge statement cannot be read'
  if (!verifyPurge(purge, keys)) return 'the purge statement is not signed by a trusted key'
  if (purge.last_seq !== lastSeq || purge.first_seq !== before + 1 || purge.first_seq > purge.last_seq)
    return 'the purge statement does not begin where the one before it ended'
  return wasDue(purge) ? purge : 'the purge statement is of entries whose time was not over'
}
