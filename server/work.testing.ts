// For tests: the work that a request makes, counted instead of timed, so that a busy machine says the same.
import type { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import { hasherOf } from './modules/identity/hasher.ts'
import type { TestApi } from './testing.ts'

export type Work = { hashes: number; statements: number; trips: number }

/** Counts passwords hashed or verified, statements answered and round trips, as they are seen on the wire. */
export function observeWork(api: TestApi) {
  let seen = { statements: 0, trips: 0 }
  const hasher = hasherOf(api.system)
  const hashing = [mock.method(hasher, 'hashPassword'), mock.method(hasher, 'verifyPassword')]
  const watched = new WeakSet<object>()
  for (const pool of [api.system.pool, api.system.reserve]) {
    pool.on('acquire', (client) => {
      const { connection } = client as unknown as { connection: EventEmitter }
      if (watched.has(connection)) return
      watched.add(connection)
      connection.on('commandComplete', () => (seen.statements += 1))
      connection.on('readyForQuery', () => (seen.trips += 1))
    })
  }
  return {
    /** Since it was last taken. */
    take(): Work {
      const taken = { ...seen, hashes: hashing.reduce((sum, { mock: spy }) => sum + spy.callCount(), 0) }
      seen = { statements: 0, trips: 0 }
      for (const { mock: spy } of hashing) spy.resetCalls()
      return taken
    },
  }
}
