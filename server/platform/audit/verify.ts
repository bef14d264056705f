// Verification of the audit log from the database and the public keys alone. Three things are compared: each entry with
// its leaf, the tree over the leaves with every signed root, and the roots with those kept outside. Entries that a signed statement
// says were purged may be missing; their leaves may not. The tree is built over
// the stored leaves, so an altered entry is named exactly while the leaves around it are still proved by the roots.
import { certain } from '#platform/certain.ts'
import { hashEntry } from './leaf.ts'
import { countUnsealed, eachLeaf, type Leaf } from './leaf.store.ts'
import { appendLeaf, completeSubtrees, emptyFrontier, rootOfFrontier } from './merkle.ts'
import type { SignedPurge } from './purge-statement.ts'
import { readPurges } from './purge.store.ts'
import { hashOfRoot, type SignedRoot, type TrustedKeys, verifyRoot } from './root.ts'
import {
  type AuditConnection,
  eachRoot,
  findLastRoot,
  frontierOf,
  type StoredRoot,
  withWholeLog,
} from './root.store.ts'
import { type AuditFinding, type AuditVerdict, compareFindings } from './verdict.ts'

export type VerifyOptions = {
  /** A root kept from before: the log must continue it. */
  from?: SignedRoot | undefined
  /** A root at which the verification ends. */
  to?: SignedRoot | undefined
  /** Any other roots kept outside, such as those of the published file. */
  outside?: SignedRoot[] | undefined
  /** How much older than the root before it an entry may be: as long as a transaction may take, an hour unless told. */
  tolerance_seconds?: number | undefined
}

const findingsKept = 1000

/** Reads the whole log in one snapshot. `db` is one connection that is in no transaction. */
export async function verifyAudit(
  db: AuditConnection,
  keys: TrustedKeys,
  options: VerifyOptions = {},
): Promise<AuditVerdict> {
  return withWholeLog(db, 'repeatable read read only', async () => {
    const { believed: purges, refused } = await readPurges(db, keys)
    const walk = startWalk(keys, options, purges)
    for (const { last_seq, reason } of refused)
      report(walk, { kind: 'purge_not_trusted', seq: last_seq, last_seq, entry_id: null, reason })
    await walkLog(db, walk)
    nameSwaps(walk)
    const last = await findLastRoot(db)
    const unsealed = await countUnsealed(db, last)
    if (unsealed.added > 0) {
      const reason = `${unsealed.added} entries are older than the last root and have no leaf`
      report(walk, { kind: 'added', seq: null, last_seq: null, entry_id: unsealed.first_added, reason })
    }
    const findings = walk.findings.sort(compareFindings)
    return {
      is_whole: walk.findings_total === 0,
      whole_entries: walk.proved_entries,
      purged_entries: walk.purged_entries,
      purges,
      unsealed_entries: unsealed.pending,
      roots: walk.roots,
      agreeing_outside_roots: walk.agreeing,
      last_root: walk.previous ?? null,
      first: findings[0] ?? null,
      findings,
      findings_total: walk.findings_total,
    }
  })
}

type Suspect = { finding: AuditFinding; leaf: Leaf }

function startWalk(
  keys: TrustedKeys,
  { from, to, outside, tolerance_seconds }: VerifyOptions,
  purges: readonly SignedPurge[],
) {
  const given = [from, to, ...(outside ?? [])].filter((root) => root !== undefined)
  const walk = {
    keys,
    end: to?.tree_size ?? Number.MAX_SAFE_INTEGER,
    tolerance_seconds: tolerance_seconds ?? 3600,
    outside: given.filter((root) => verifyRoot(root, keys)).sort((one, other) => one.tree_size - other.tree_size),
    frontier: emptyFrontier(),
    position: 0,
    purges,
    purged_entries: 0,
    good_entries: 0,
    /** Good entries under a root that the tree was found to have. */
    proved_entries: 0,
    roots: 0,
    agreeing: 0,
    agreed_size: 0,
    /** After a missing leaf no later root can be computed; after a wrong root all later ones are wrong too. */
    is_tree_known: true,
    is_rewritten: false,
    previous: undefined as StoredRoot | undefined,
    previous_leaf: undefined as Leaf | undefined,
    first_unrooted: undefined as Leaf | undefined,
    first_disorder: undefined as Leaf | undefined,
    suspects: [] as Suspect[],
    findings: [] as AuditFinding[],
    findings_total: 0,
  }
  for (const root of given.filter((one) => !walk.outside.includes(one))) {
    const reason = `the outside root of ${root.tree_size} entries is not signed by a trusted key, so it proves nothing`
    report(walk, { kind: 'root_not_trusted', seq: null, last_seq: null, entry_id: null, reason })
  }
  return walk
}

type Walk = ReturnType<typeof startWalk>

async function walkLog(db: AuditConnection, walk: Walk): Promise<void> {
  const roots = eachRoot(db, 0)
  let root = (await roots.next()).value
  let outsideIndex = 0
  const passRoots = async () => {
    while (root !== undefined && root.tree_size <= Math.min(walk.position, walk.end)) {
      checkRoot(walk, root)
      root = (await roots.next()).value
    }
    for (let outside = walk.outside[outsideIndex]; outside && outside.tree_size <= walk.position;) {
      checkOutside(walk, outside)
      outsideIndex += 1
      outside = walk.outside[outsideIndex]
    }
  }
  for await (const leaf of eachLeaf(db, walk.end)) {
    if (findGap(walk, leaf)) await passRoots()
    checkLeaf(walk, leaf)
    const due = Math.min(root?.tree_size ?? Infinity, walk.outside[outsideIndex]?.tree_size ?? Infinity)
    if (due <= walk.position) await passRoots()
  }
  let longest = walk.outside.at(-1)?.tree_size ?? 0
  for (; root !== undefined && root.tree_size <= walk.end; root = (await roots.next()).value) {
    if (verifyRoot(root, walk.keys)) longest = Math.max(longest, root.tree_size)
  }
  if (longest > walk.position) {
    const reason = `a signed root counts ${longest} entries, and the log ends after ${walk.position}`
    report(walk, { kind: 'tail_cut', seq: walk.position + 1, last_seq: longest, entry_id: null, reason })
  }
  const rooted = Math.max(walk.previous?.tree_size ?? 0, longest)
  if (walk.position > rooted && walk.first_unrooted !== undefined) {
    const reason = `leaves ${rooted + 1} to ${walk.position} are under no signed root`
    const entry_id = walk.first_unrooted.entry_id
    report(walk, { kind: 'added', seq: rooted + 1, last_seq: walk.position, entry_id, reason })
  }
}

/** Whether leaves are missing before this one; the walk then goes on behind them. */
function findGap(walk: Walk, leaf: Leaf): boolean {
  const expected = walk.position + 1
  if (leaf.seq === expected) return false
  const reason = leaf.seq === expected + 1 ? 'its leaf is missing' : 'their leaves are missing'
  report(walk, { kind: 'removed', seq: expected, last_seq: leaf.seq - 1, entry_id: null, reason })
  walk.is_tree_known = false
  walk.position = leaf.seq - 1
  return true
}

function checkLeaf(walk: Walk, leaf: Leaf): void {
  walk.position = leaf.seq
  walk.first_unrooted ??= leaf
  if (walk.is_tree_known) appendLeaf(walk.frontier, leaf.leaf_hash)
  if (walk.previous_leaf !== undefined && isAfter(walk.previous_leaf, leaf)) walk.first_disorder ??= walk.previous_leaf
  walk.previous_leaf = leaf
  const at = { seq: leaf.seq, last_seq: leaf.seq, entry_id: leaf.entry_id }
  if (leaf.id === null && leaf.seq <= (walk.purges.at(-1)?.last_seq ?? 0)) {
    walk.purged_entries += 1
  } else if (leaf.id === null) {
    report(walk, { ...at, kind: 'removed', reason: 'its leaf is there, the entry is not' })
  } else if (!hashEntry(leaf).equals(leaf.leaf_hash)) {
    const finding: AuditFinding = { ...at, kind: 'altered', reason: 'the entry does not hash to its leaf' }
    report(walk, finding)
    if (walk.suspects.length < findingsKept) walk.suspects.push({ finding, leaf })
  } else if (walk.previous !== undefined && isBackDated(walk.previous, leaf, walk.tolerance_seconds)) {
    const reason = `it is dated before the root sealed ${walk.previous.sealed_at}, which does not have it`
    report(walk, { ...at, kind: 'back_dated', reason })
  } else {
    walk.good_entries += 1
  }
}

/** Within one root entries stand in the order (recorded_xid, id). Not signed: it only helps to name an entry. */
function isAfter(one: Leaf, other: Leaf): boolean {
  if (one.xid === null || other.xid === null) return false
  return one.xid === other.xid ? one.entry_id > other.entry_id : BigInt(one.xid) > BigInt(other.xid)
}

function isBackDated(root: SignedRoot, leaf: Leaf, toleranceSeconds: number): boolean {
  const sealedAtSeconds = Temporal.Instant.from(root.sealed_at).epochMilliseconds / 1000
  return Number(leaf.timestamp_seconds) < sealedAtSeconds - toleranceSeconds
}

function checkRoot(walk: Walk, root: StoredRoot): void {
  const { previous, first_disorder } = walk
  const part = { seq: (previous?.tree_size ?? 0) + 1, last_seq: root.tree_size, entry_id: null }
  const expected = previous === undefined ? null : hashOfRoot(previous)
  walk.roots += 1
  walk.previous = root
  walk.first_unrooted = undefined
  walk.first_disorder = undefined
  if (walk.is_rewritten) return
  if (!verifyRoot(root, walk.keys)) {
    walk.is_rewritten = true
    const reason = `the root of ${root.tree_size} entries is not signed by a trusted key`
    report(walk, { ...part, kind: 'log_rewritten', reason })
    return
  }
  if (!isSameHash(root.previous_hash, expected)) {
    report(walk, {
      ...part,
      kind: 'root_removed',
      reason: `the root before that of ${root.tree_size} entries is missing`,
    })
  }
  if (!walk.is_tree_known) return
  if (rootOfFrontier(walk.frontier).equals(root.root_hash)) {
    walk.proved_entries = walk.good_entries
    checkPurge(walk, root)
    return
  }
  walk.is_rewritten = true
  if (first_disorder !== undefined) {
    const { seq, entry_id } = first_disorder
    const reason = 'it stands before an entry that was committed earlier, and the signed root knows another order'
    report(walk, { kind: 'swapped', seq, last_seq: seq, entry_id, reason })
    return
  }
  const reason = `an entry and its leaf were changed together: they do not make the signed root of ${root.tree_size} entries`
  report(walk, { ...part, ...narrow(walk, root, part), kind: 'altered', reason })
}

/** A statement speaks of this log only if it names the root that this log had. */
function checkPurge(walk: Walk, root: StoredRoot): void {
  const purge = walk.purges.find(({ last_seq }) => last_seq === root.tree_size)
  if (!purge || (purge.root_hash.equals(root.root_hash) && purge.sealed_at === root.sealed_at)) return
  const reason = 'the purge statement is of another log'
  report(walk, { kind: 'purge_not_trusted', seq: purge.first_seq, last_seq: purge.last_seq, entry_id: null, reason })
}

/** The subtrees kept beside a root hash to it, so the first that differs holds the first wrong leaf. */
function narrow(walk: Walk, root: StoredRoot, part: { seq: number; last_seq: number }) {
  const signed = frontierOf(root)
  if (signed === undefined) return part
  const at = signed.nodes.findIndex((node, index) => !certain(walk.frontier.nodes[index], 'subtree').equals(node))
  const wrong = certain(completeSubtrees(root.tree_size)[at], 'subtree that differs')
  return { seq: Math.max(part.seq, wrong.begin + 1), last_seq: wrong.end }
}

function checkOutside(walk: Walk, outside: SignedRoot): void {
  if (!walk.is_tree_known) return
  if (rootOfFrontier(walk.frontier).equals(outside.root_hash)) {
    walk.agreeing += 1
    walk.agreed_size = outside.tree_size
    walk.proved_entries = walk.good_entries
    return
  }
  const reason = `the outside root of ${outside.tree_size} entries, sealed ${outside.sealed_at}, is of another log`
  const part = { seq: walk.agreed_size + 1, last_seq: outside.tree_size, entry_id: null }
  report(walk, { ...part, kind: 'log_rewritten', reason })
  walk.is_tree_known = false
}

/** Two entries that carry each other's content, or leaves that point at each other's entry, are one swap. */
function nameSwaps({ suspects }: Walk): void {
  for (const { finding, leaf } of suspects.slice(0, 100)) {
    const partner = suspects.find(
      (other) =>
        other.leaf !== leaf &&
        [leaf, { ...leaf, id: other.leaf.entry_id }].some((entry) => hashEntry(entry).equals(other.leaf.leaf_hash)),
    )
    if (partner === undefined) continue
    finding.kind = 'swapped'
    finding.reason = `its content is that of entry ${partner.leaf.seq} (${partner.leaf.entry_id})`
  }
}

function isSameHash(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other)
}

function report(walk: Pick<Walk, 'findings' | 'findings_total'>, finding: AuditFinding): void {
  walk.findings_total += 1
  if (walk.findings.length < findingsKept) walk.findings.push(finding)
}
