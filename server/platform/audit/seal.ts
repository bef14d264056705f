// Sealing: entries that have committed become leaves, and one signed root over all leaves so far.
//
// Entries are taken in the order (recorded_xid, id), and only those of transactions below the oldest one that still runs in this
// database: whatever commits later has a higher number, so nothing can appear behind what is sealed. The root keeps that horizon,
// and the next run begins there. An entry that has a leaf is passed over, which is what makes a horizon from another
// cluster (after a restore, where transaction numbers begin again) safe to begin anew from.
import { certain } from '#platform/certain.ts'
import { type EntryTexts, entryColumns, hashEntry } from './leaf.ts'
import { appendLeaf, emptyFrontier, type Frontier, rootOfFrontier } from './merkle.ts'
import type { RootPublisher } from './publish.ts'
import { formatRoot, hashOfRoot, type RootSigner, type SignedRoot, signRoot } from './root.ts'
import {
  type AuditConnection,
  eachRoot,
  findLastRoot,
  findRoot,
  findRootsAfter,
  frontierOf,
  insertRoot,
  type StoredRoot,
  withWholeLog,
} from './root.store.ts'

/** The database does not continue what was sealed or published before: it was altered, or is an older copy. */
export class AuditForkError extends Error {
  override name = 'AuditForkError'
}

/** Any number, as long as all versions of OpenWard use the same. */
const sealLock = 7_203_441_006
const copyLock = 7_203_441_064
const publishChunk = 500
/** So many are hashed in 3 ms or so, in which this process answers nobody. */
const sealChunk = 200

/**
 * Seals what can be sealed and publishes what is not published yet. Where another server is sealing at this moment,
 * seals nothing. `db` is one connection that is in no transaction.
 * @throws AuditForkError when the last published root is not a root of this database, or the tree was tampered with
 */
export async function sealAudit(
  db: AuditConnection,
  signer: RootSigner,
  publisher: RootPublisher,
): Promise<{ sealed: number }> {
  const sealed = await withWholeLog(db, 'read committed', async () => {
    if (!(await tryLock(db))) return undefined
    const last = await findLastRoot(db)
    await requirePublishedRoot(db, publisher)
    return sealAfter(db, signer, last)
  })
  if (sealed === undefined) return { sealed: 0 }
  // A root is published only when it is committed: one that was published and then rolled back would look like a fork.
  await withWholeLog(db, 'read committed', async () => {
    if (await tryLock(db)) await publishRoots(db, publisher)
  })
  return { sealed }
}

/**
 * Writes to another place the roots that it lacks. Sealing waits for none of it: no transaction is open while the place is waited
 * for. Where another server is at it, does nothing. `db` is one connection, to be ended where this fails.
 * @throws AuditForkError when the last root there is not a root of this database
 */
export async function copyRoots(db: AuditConnection, elsewhere: RootPublisher): Promise<void> {
  const { rows } = await db.query('select pg_try_advisory_lock($1) as is_locked', [copyLock])
  if (!isLocked(rows)) return
  const last = await elsewhere.last()
  const read = <T>(work: () => Promise<T>) => withWholeLog(db, 'read committed', work)
  if (last !== undefined) await read(() => requireRoot(db, last))
  for (let after = last?.tree_size ?? 0; ;) {
    const from = after
    const roots = await read(() => findRootsAfter(db, from))
    const newest = roots.at(-1)
    if (newest === undefined) break
    await elsewhere.publish(roots)
    after = newest.tree_size
  }
  await db.query('select pg_advisory_unlock($1)', [copyLock])
}

async function sealAfter(db: AuditConnection, signer: RootSigner, last: StoredRoot | undefined): Promise<number> {
  const frontier = last === undefined ? emptyFrontier() : frontierOf(last)
  if (frontier === undefined) throw new AuditForkError('the last root of the audit log and its tree do not agree')
  const before = frontier.size
  const { horizon, next_xid } = await findHorizon(db)
  // With nothing sealed yet there is no horizon to tell by.
  const isRestored = last === undefined || BigInt(last.horizon) > BigInt(horizon)
  await sealEntries(db, frontier, { from: isRestored ? '0' : (last?.horizon ?? '0'), horizon, next_xid, isRestored })
  if (frontier.size === before) return 0
  const root = {
    tree_size: frontier.size,
    root_hash: rootOfFrontier(frontier),
    sealed_at: await now(db),
    previous_hash: last === undefined ? null : hashOfRoot(last),
  }
  await insertRoot(db, signRoot(root, signer), horizon, frontier)
  return frontier.size - before
}

type Range = { from: string; horizon: string; next_xid: string; isRestored: boolean }
type Candidate = EntryTexts & { id: string; xid: string }

async function sealEntries(db: AuditConnection, frontier: Frontier, { from, horizon, next_xid, isRestored }: Range) {
  // Numbers that this cluster has not given yet came with a restore: those transactions ended elsewhere. They are looked
  // for once, in the run that finds a horizon from elsewhere. `offset 0` keeps the lookup one index probe per entry: a run
  // that finds nothing new after 200,000 entries costs the database 0.1 ms, where a hash of all leaves would be built.
  const ended = isRestored ? '(e.recorded_xid < $3::xid8 or e.recorded_xid >= $4::xid8)' : 'e.recorded_xid < $3::xid8'
  const text = `select e.recorded_xid::text as xid, ${entryColumns} from audit_logs e
    where (e.recorded_xid, e.id) > ($1::xid8, $2::uuid) and ${ended}
      and not exists (select from audit_leaves l where l.entry_id = e.id offset 0)
    order by e.recorded_xid, e.id limit ${sealChunk}`
  let after = { xid: from, id: '00000000-0000-0000-0000-000000000000' }
  for (;;) {
    const values = [after.xid, after.id, horizon, ...(isRestored ? [next_xid] : [])]
    const candidates = (await db.query(text, values)).rows as Candidate[]
    const last = candidates.at(-1)
    if (last === undefined) return
    await insertLeaves(db, frontier, candidates)
    after = last
  }
}

async function insertLeaves(db: AuditConnection, frontier: Frontier, entries: Candidate[]): Promise<void> {
  const first = frontier.size + 1
  const hashes = entries.map((entry) => hashEntry(entry))
  for (const hash of hashes) appendLeaf(frontier, hash)
  await db.query(
    `insert into audit_leaves (seq, entry_id, leaf_hash)
     select $1::bigint + n - 1, entry_id, leaf_hash
       from unnest($2::uuid[], $3::bytea[]) with ordinality as leaf (entry_id, leaf_hash, n)`,
    [first, entries.map(({ id }) => id), hashes],
  )
}

async function requirePublishedRoot(db: AuditConnection, publisher: RootPublisher): Promise<void> {
  const published = await publisher.last()
  if (published !== undefined) await requireRoot(db, published)
}

async function requireRoot(db: AuditConnection, published: SignedRoot): Promise<void> {
  const stored = await findRoot(db, published.tree_size)
  if (stored === undefined || formatRoot(stored) !== formatRoot(published)) {
    throw new AuditForkError(
      `the published root of ${published.tree_size} entries is not in this database: it was altered, or is an older copy`,
    )
  }
}

async function publishRoots(db: AuditConnection, publisher: RootPublisher): Promise<void> {
  let chunk: SignedRoot[] = []
  for await (const root of eachRoot(db, (await publisher.last())?.tree_size ?? 0)) {
    chunk.push(root)
    if (chunk.length < publishChunk) continue
    await publisher.publish(chunk)
    chunk = []
  }
  if (chunk.length > 0) await publisher.publish(chunk)
}

/** Waits until nobody seals: for a change of what is sealed. */
export async function requireSealLock(db: AuditConnection): Promise<void> {
  await db.query('select pg_advisory_xact_lock($1)', [sealLock])
}

async function tryLock(db: AuditConnection): Promise<boolean> {
  const { rows } = await db.query('select pg_try_advisory_xact_lock($1) as is_locked', [sealLock])
  return isLocked(rows)
}

const isLocked = (rows: unknown[]) => (rows as { is_locked: boolean }[])[0]?.is_locked === true

/** Every transaction of this database below `horizon` has ended; `next_xid` and above have not begun in this cluster. */
async function findHorizon(db: AuditConnection): Promise<{ horizon: string; next_xid: string }> {
  const { rows } = await db.query(
    `select openward.settled_xid()::text as horizon, pg_snapshot_xmax(pg_current_snapshot())::text as next_xid`,
  )
  return certain((rows as { horizon: string; next_xid: string }[])[0], 'transaction that has ended')
}

async function now(db: AuditConnection): Promise<string> {
  const { rows } = await db.query(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`,
  )
  return Temporal.Instant.from(certain((rows as { now: string }[])[0], 'time of the database').now).toString()
}
