// What a verification of the audit log found, and how it is said.
import type { Purge } from './purge-statement.ts'
import type { Root } from './root.ts'

export type AuditFindingKind =
  | 'altered'
  | 'removed'
  | 'swapped'
  | 'added'
  | 'back_dated'
  | 'tail_cut'
  | 'log_rewritten'
  | 'root_removed'
  | 'root_not_trusted'
  | 'purge_not_trusted'

/**
 * One thing that is wrong. `seq` to `last_seq` is where: one entry where it is known exactly, otherwise the smallest part
 * that the signed roots tell apart. Both are null where the entry has no place in the log.
 */
export type AuditFinding = {
  kind: AuditFindingKind
  seq: number | null
  last_seq: number | null
  entry_id: string | null
  reason: string
}

export type AuditVerdict = {
  is_whole: boolean
  /** Entries that are proved by a root to be as they were when they were sealed. */
  whole_entries: number
  /** Entries that are gone as a signed statement says. */
  purged_entries: number
  purges: Purge[]
  /** Entries too young to be in the last root. */
  unsealed_entries: number
  roots: number
  /** Roots from outside that this log was found to continue. */
  agreeing_outside_roots: number
  last_root: Root | null
  first: AuditFinding | null
  /** In the order of the log, no more than 1,000. */
  findings: AuditFinding[]
  findings_total: number
}

/** Where signed roots lie outside of the database: the variable that names the folder. */
export type RootsPlace = 'OPENWARD_DATA_DIR' | 'OPENWARD_AUDIT_ROOTS_DIR'

/** `unread_roots`: places whose roots are not there, or could not be read, so that the log was not compared with them. */
export type StoredVerdict = AuditVerdict & { unread_roots: RootsPlace[] }

/** The first thing wrong: by where it ends, so that an entry known exactly comes before the stretch around it. */
export function compareFindings(one: AuditFinding, other: AuditFinding): number {
  const byEnd = (one.last_seq ?? Infinity) - (other.last_seq ?? Infinity)
  // Two that have no place leave NaN here.
  if (byEnd !== 0 && !Number.isNaN(byEnd)) return byEnd
  return (other.seq ?? 0) - (one.seq ?? 0)
}

const findingsTold = 20

/** The verdict in lines for a person: the answer first, then what it rests on. */
export function describeVerdict(verdict: StoredVerdict): string[] {
  const { first, last_root } = verdict
  const lines: string[] = []
  if (first !== null) {
    lines.push(`THE AUDIT LOG IS NOT WHOLE. First: ${describeFinding(first)}`)
    const others = verdict.findings.slice(1, findingsTold)
    lines.push(...others.map((finding) => `then: ${describeFinding(finding)}`))
    const untold = verdict.findings_total - 1 - others.length
    if (untold > 0) lines.push(`and ${untold} more`)
  }
  lines.push(`${entries(verdict.whole_entries)} whole, ${verdict.unsealed_entries} not sealed yet`)
  for (const { first_seq, last_seq, purged_at, kept_years, by, reason } of verdict.purges)
    lines.push(
      `entries ${first_seq} to ${last_seq} were purged at ${purged_at} after ${kept_years} years by ${by}: ${reason}`,
    )
  if (last_root !== null) {
    const { tree_size, sealed_at, root_hash } = last_root
    lines.push(`last root: ${entries(tree_size)}, sealed ${sealed_at}, ${root_hash.toString('base64')}`)
  }
  const agreeing = verdict.agreeing_outside_roots
  if (agreeing > 0) lines.push(`roots from outside that agree with it: ${agreeing}`)
  for (const place of verdict.unread_roots)
    lines.push(`NOT COMPARED with the roots of ${place}: its roots.txt is gone or cannot be read`)
  return lines
}

const names: Record<AuditFindingKind, string> = {
  altered: 'altered',
  removed: 'removed',
  swapped: 'swapped',
  added: 'added',
  back_dated: 'back-dated',
  tail_cut: 'cut off',
  log_rewritten: 'rewritten',
  root_removed: 'root removed',
  root_not_trusted: 'root not trusted',
  purge_not_trusted: 'purge not trusted',
}

function describeFinding({ kind, seq, last_seq, entry_id, reason }: AuditFinding): string {
  const id = entry_id === null ? '' : ` (${entry_id})`
  const place =
    seq === null ? `an entry${id}` : seq === last_seq ? `entry ${seq}${id}` : `entries ${seq} to ${last_seq}${id}`
  return `${place}: ${names[kind]}: ${reason}`
}

function entries(count: number): string {
  return `${count} ${count === 1 ? 'entry' : 'entries'}`
}
