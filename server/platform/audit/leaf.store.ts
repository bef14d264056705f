// Leaves with their entries, in the order of the log, and entries without a leaf.
import { certain } from '#platform/certain.ts'
import { type EntryTexts, entryColumns } from './leaf.ts'
import type { AuditConnection, StoredRoot } from './root.store.ts'

/** A leaf and its entry, whose members are null where it is gone. */
export type Leaf = EntryTexts & { seq: number; entry_id: string; leaf_hash: Buffer; xid: string | null }

/** The leaves up to `end`, read 5,000 at a time. */
export async function* eachLeaf(db: AuditConnection, end: number): AsyncGenerator<Leaf> {
  // `offset 0` keeps it one index probe per leaf; joined freely, every batch reads the whole log.
  const text = `select l.seq::text as seq, l.entry_id::text as entry_id, l.leaf_hash, entry.*
    from audit_leaves l
    left join lateral (select e.recorded_xid::text as xid, ${entryColumns} from audit_logs e
                        where e.id = l.entry_id offset 0) as entry on true
    where l.seq > $1 and l.seq <= $2 order by l.seq limit 5000`
  for (let after = 0; ;) {
    const rows = (await db.query(text, [after, end])).rows as (Omit<Leaf, 'seq'> & { seq: string })[]
    for (const row of rows) {
      after = Number(row.seq)
      yield { ...row, seq: after }
    }
    if (rows.length === 0) return
  }
}

type Unsealed = { added: number; pending: number; first_added: string | null }

/** Entries that no leaf stands for: those that were too young, and those that must have been slipped in. */
export async function countUnsealed(db: AuditConnection, last: StoredRoot | undefined): Promise<Unsealed> {
  // A horizon that this cluster has not reached is another's (after a restore): nothing is known to be older than it. Whether it is
  // reached is not for settled_xid() to say, which falls behind it for the moment in which a transaction of another database ends.
  const text = `select count(*) filter (where is_old)::integer as added, count(*) filter (where not is_old)::integer as pending,
      (array_agg(id::text order by recorded_xid, id) filter (where is_old))[1] as first_added
    from (select id, recorded_xid, coalesce(
                    recorded_xid < least($1::xid8, openward.settled_xid()) and $1::xid8 <= pg_snapshot_xmax(pg_current_snapshot()),
                    false) as is_old
            from audit_logs e where not exists (select from audit_leaves l where l.entry_id = e.id)) as unsealed`
  const [row] = (await db.query(text, [last?.horizon ?? null])).rows as Unsealed[]
  return certain(row, 'count of the entries that are not sealed')
}
