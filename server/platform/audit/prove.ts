// Proofs for someone who has signed roots and trusts neither this program nor its database: that one entry is in the log,
// and that one root's log continues another's. They are checked with `isIncluded` and `isConsistent` of merkle.ts, or with
// any other implementation of RFC 9162.
import {
  appendLeaf,
  consistencyRanges,
  emptyFrontier,
  inclusionRanges,
  type LeafRange,
  rootOfFrontier,
} from './merkle.ts'
import type { AuditConnection } from './root.store.ts'

const batch = 5000

export type InclusionProof = { seq: number; tree_size: number; leaf_hash: Buffer; proof: Buffer[] }

/** Proves that an entry is among the first `treeSize`; undefined when it is not. Reads each leaf once. */
export async function proveInclusion(
  db: AuditConnection,
  entryId: string,
  treeSize: number,
): Promise<InclusionProof | undefined> {
  const { rows } = await db.query(
    'select seq::text as seq, leaf_hash from audit_leaves where entry_id = $1 and seq <= $2',
    [entryId, treeSize],
  )
  const [leaf] = rows as { seq: string; leaf_hash: Buffer }[]
  if (leaf === undefined) return undefined
  const seq = Number(leaf.seq)
  const proof = await rootsOfRanges(db, inclusionRanges(seq - 1, treeSize))
  return { seq, tree_size: treeSize, leaf_hash: leaf.leaf_hash, proof }
}

/** Proves that the log of `treeSize` entries begins with that of `oldSize`. Reads each leaf at most once. */
export async function proveConsistency(db: AuditConnection, oldSize: number, treeSize: number): Promise<Buffer[]> {
  return rootsOfRanges(db, consistencyRanges(oldSize, treeSize))
}

async function rootsOfRanges(db: AuditConnection, ranges: LeafRange[]): Promise<Buffer[]> {
  const roots: Buffer[] = []
  for (const range of ranges) roots.push(await rootOfRange(db, range))
  return roots
}

/** @throws RangeError when leaves of the range are missing */
async function rootOfRange(db: AuditConnection, { begin, end }: LeafRange): Promise<Buffer> {
  const frontier = emptyFrontier()
  const text = `select leaf_hash from audit_leaves where seq > $1 and seq <= $2 order by seq`
  while (begin + frontier.size < end) {
    const after = begin + frontier.size
    const until = Math.min(after + batch, end)
    const leaves = (await db.query(text, [after, until])).rows as { leaf_hash: Buffer }[]
    if (leaves.length !== until - after) throw new RangeError(`leaves are missing between ${after + 1} and ${until}`)
    for (const { leaf_hash } of leaves) appendLeaf(frontier, leaf_hash)
  }
  return rootOfFrontier(frontier)
}
