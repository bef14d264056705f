// Work that joins a transaction which has begun already: each piece of it in a savepoint, with the entries and events of its own.
import type { AuditEntry } from '#platform/audit/record.ts'
import type { DomainEvent } from '#platform/events/outbox.ts'
import { type Sql, sql } from './sql.ts'
import { type Database, translated, type Tx } from './transaction.ts'

/** When the last piece that was begun in a transaction ends. */
const lastPiece = new WeakMap<Tx, Promise<unknown>>()

/**
 * The same transaction for work that is nested in it, each piece in a savepoint, so that a refused piece does not undo the
 * whole. `enter` and `restore` change the scope for the piece. Pieces that are begun together run one after the other: a
 * savepoint and a scope belong to one piece. A piece therefore never waits for another that it begins itself.
 */
export function joinedDatabase(whole: Tx, scope?: { enter: Sql; restore: Sql }): Database {
  async function piece<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const entries: AuditEntry[] = []
    const events: DomainEvent[] = []
    await whole.run(sql`savepoint piece`)
    try {
      if (scope) await whole.run(scope.enter)
      const audit = (entry: AuditEntry) => void entries.push(entry)
      const emit = (event: DomainEvent) => void events.push(event)
      const result = await work({ ...whole, audit, emit })
      if (scope) await whole.run(scope.restore)
      await whole.run(sql`release savepoint piece`)
      for (const entry of entries) whole.audit(entry)
      for (const event of events) whole.emit(event)
      return result
    } catch (error) {
      await whole.run(sql`rollback to savepoint piece`)
      throw translated(error)
    }
  }
  function nested<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const result = (lastPiece.get(whole) ?? Promise.resolve()).then(() => piece(work))
    lastPiece.set(
      whole,
      result.catch(() => undefined),
    )
    return result
  }
  return {
    once: nested,
    transaction: nested,
    together: nested,
    read: (statement) => nested((tx) => tx.rows(statement)),
    readAmong: (crowd, input) => nested((tx) => tx.rows(crowd([input]))),
  }
}
