// The signed roots as the database keeps them, and the transaction in which the audit log is sealed or verified.
import { frontierFromBytes, frontierToBytes, type Frontier, rootOfFrontier } from './merkle.ts'
import type { SignedRoot } from './root.ts'

/** One connection, not a pool: it is held for a transaction. */
export type AuditConnection = {
  query: (text: string, values?: unknown[]) => Promise<{ rows: unknown[] }>
}

/** `horizon`: every entry with a lower transaction number was sealed. It is not signed. */
export type StoredRoot = SignedRoot & { horizon: string; frontier: Buffer }

type RootRow = Omit<StoredRoot, 'tree_size'> & { tree_size: string }

// Texts, so that no parser of the driver has a say in what is signed.
const rootColumns = `tree_size::text as tree_size, root_hash, previous_hash, key_id, signature,
  horizon::text as horizon, frontier, to_char(sealed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as sealed_at`

// Every large read here follows an index for one batch. While a table that has just grown has no statistics, the planner
// would rather sort all the rest of it for each batch: 100,000 entries then take 19 s to verify instead of 3.
const enterWholeLog = `select openward.enter_as('all'), set_config('statement_timeout', '10min', true),
  set_config('idle_in_transaction_session_timeout', '0', true),
  set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`

/**
 * Runs `work` in a transaction that sees every entry: under row-level security a narrower scope would hide some, and
 * what is hidden would never be sealed.
 */
export async function withWholeLog<Result>(
  db: AuditConnection,
  mode: 'read committed' | 'repeatable read read only',
  work: () => Promise<Result>,
): Promise<Result> {
  await db.query(`begin isolation level ${mode}`)
  try {
    await db.query(enterWholeLog)
    const result = await work()
    await db.query('commit')
    return result
  } catch (error) {
    // A lost connection has rolled back already; its own error says more than the failed rollback.
    await db.query('rollback').catch(() => {})
    throw error
  }
}

export async function findLastRoot(db: AuditConnection): Promise<StoredRoot | undefined> {
  return rootsOf(await db.query(`select ${rootColumns} from audit_roots r order by r.tree_size desc limit 1`))[0]
}

export async function findRoot(db: AuditConnection, treeSize: number): Promise<StoredRoot | undefined> {
  return rootsOf(await db.query(`select ${rootColumns} from audit_roots r where r.tree_size = $1`, [treeSize]))[0]
}

/** The next thousand roots of more than `afterSize` entries, in order. */
export async function findRootsAfter(db: AuditConnection, afterSize: number): Promise<StoredRoot[]> {
  const text = `select ${rootColumns} from audit_roots r where r.tree_size > $1 order by r.tree_size limit 1000`
  return rootsOf(await db.query(text, [afterSize]))
}

/** The roots of more than `afterSize` entries, in order, read a thousand at a time. */
export async function* eachRoot(db: AuditConnection, afterSize: number): AsyncGenerator<StoredRoot, undefined> {
  for (let after = afterSize; ;) {
    const roots = await findRootsAfter(db, after)
    yield* roots
    const last = roots.at(-1)
    if (last === undefined) return
    after = last.tree_size
  }
}

export async function insertRoot(db: AuditConnection, root: SignedRoot, horizon: string, frontier: Frontier) {
  await db.query(
    `insert into audit_roots (tree_size, root_hash, sealed_at, previous_hash, key_id, signature, horizon, frontier)
     values ($1, $2, $3, $4, $5, $6, $7::xid8, $8)`,
    [
      root.tree_size,
      root.root_hash,
      root.sealed_at,
      root.previous_hash,
      root.key_id,
      root.signature,
      horizon,
      frontierToBytes(frontier),
    ],
  )
}

/** The tree of a stored root, ready to grow; undefined when what is stored does not hash to the root. */
export function frontierOf(root: StoredRoot): Frontier | undefined {
  try {
    const frontier = frontierFromBytes(root.tree_size, root.frontier)
    return rootOfFrontier(frontier).equals(root.root_hash) ? frontier : undefined
  } catch {
    return undefined
  }
}

function rootsOf({ rows }: { rows: unknown[] }): StoredRoot[] {
  return (rows as RootRow[]).map((row) => ({
    ...row,
    tree_size: Number(row.tree_size),
    sealed_at: Temporal.Instant.from(row.sealed_at).toString(),
  }))
}
