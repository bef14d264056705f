// Putting a job in: with the caller's transaction it comes to be, or not at all.
import { randomUUIDv7 } from 'node:crypto'
import type { Tx } from '#platform/database/transaction.ts'
import type { Job } from './job.ts'
import { insertJob } from './job.store.ts'

export type EnqueueOptions = {
  /** Not before this instant. */
  after?: string
  /** An id or a code: while a job with it waits, no second one is put in. Transactions that use the same one wait for each other. */
  key?: string
}

/**
 * Queues the job in the caller's transaction, `once` included, and returns how many came of it: 1, or 0 where one with that
 * key waits already. A server takes it within two seconds of the commit.
 */
export function enqueueJob<Payload>(
  tx: Pick<Tx, 'run'>,
  job: Job<Payload>,
  payload: Payload,
  { after, key }: EnqueueOptions = {},
): Promise<number> {
  if (key !== undefined && !/^[\w.:-]{1,100}$/.test(key))
    throw new TypeError(`${job.name}: the key is neither id nor code`)
  const id = randomUUIDv7()
  const data = job.payload.parse(payload)
  return tx.run(
    insertJob({ id, work: job, policy: 'short', data, key: key ?? id, after: after ?? null, every_seconds: null }),
  )
}
