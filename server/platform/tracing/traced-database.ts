// A database whose round trips are spans of a request. The statements are not told: what they are about stands in their values, and
// what they do in the route.
import type { Counting } from '#platform/database/counting.ts'
import type { Database } from '#platform/database/transaction.ts'
import { type TraceSpan, within } from './tracing.ts'

const attributes = { 'db.system.name': 'postgresql' }

export function tracedDatabase(database: Database, span: TraceSpan): Database {
  const under = <T>(name: string, work: () => Promise<T>) => within(span.child(name, 'client', attributes), work)
  return {
    once: (fill) => under('database once', () => database.once(fill)),
    transaction: (work) => under('database transaction', () => database.transaction(work)),
    together: (fill) => under('database together', () => database.together(fill)),
    read: (statement) => under('database read', () => database.read(statement)),
    readAmong: (crowd, input) => under('database read', () => database.readAmong(crowd, input)),
  }
}

export function tracedCounting(counting: Counting, span: TraceSpan): Counting {
  const traced = <T>(work: () => Promise<T>) => within(span.child('database figures', 'client', attributes), work)
  return {
    once: (fill) => traced(() => counting.once(fill)),
    atOneMoment: (work) => traced(() => counting.atOneMoment(work)),
  }
}
