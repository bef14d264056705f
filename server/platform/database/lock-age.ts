// For how long the oldest lock is held that others would wait for. Nothing in PostgreSQL ends a session whose process is stopped, so
// somebody has to be told. The statement sees locks of every role, but not when another role's transaction began: its age is counted
// here, from the first look that finds it.
import type { Measure } from '#platform/http/health.ts'
import { type Pool, withinLimit } from './connection.ts'

/**
 * Transactions of this database that have written or locked rows or a table, or that hold what somebody waits for now. Reading alone
 * holds up nobody, and neither does VACUUM.
 */
const heldLocks = `
  select distinct pid || ' ' || virtualtransaction as transaction
    from pg_locks l
   where granted and database = (select oid from pg_database where datname = current_database())
     and (locktype = 'relation' and mode not in ('AccessShareLock', 'ShareUpdateExclusiveLock')
          or locktype = 'advisory' and exists (
            select from pg_locks w where not w.granted and w.locktype = 'advisory' and w.database = l.database
               and (w.classid, w.objid, w.objsubid) = (l.classid, l.objid, l.objsubid)))`

export function lockMeasure(pool: Pool, now_ms = () => performance.now()): Measure {
  let seen = new Map<string, number>()
  return {
    name: 'openward_database_lock_age_seconds',
    help: 'For how long, at least, the oldest lock on the database is held that others would wait for',
    async read() {
      // That the database does not answer is told by its own check; then this figure is not there.
      const held = await pool.query<{ transaction: string }>(withinLimit(heldLocks, 1500)).catch(() => undefined)
      if (!held) return undefined
      const now = now_ms()
      seen = new Map(held.rows.map(({ transaction }) => [transaction, seen.get(transaction) ?? now]))
      return (now - Math.min(now, ...seen.values())) / 1000
    },
  }
}
