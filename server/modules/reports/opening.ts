// Records that are opened one by one to be counted: in batches, giving way to others, with progress, and no more than is allowed.
import { setImmediate as turn } from 'node:timers/promises'
import { Problem } from '#platform/contract/problem.ts'
import { reportTooLong } from './report.contract.ts'

/** Of one second of opening; then somebody else has their turn. */
const batchRows = 2000
const rowsAtATime = 200

export type Opening<Row> = {
  total: number
  most_opened: number
  progress: (done: number, total: number) => Promise<void>
  list: (after: string | undefined, limit: number) => Promise<Row[]>
  idOf: (row: Row) => string
  open: (row: Row) => void
}

/** @throws Problem reportTooLong */
export async function openEach<Row>({ total, most_opened, progress, list, idOf, open }: Opening<Row>): Promise<void> {
  if (total > most_opened) throw new Problem(reportTooLong)
  await progress(0, total)
  let done = 0
  for (let after: string | undefined; ;) {
    const rows = await list(after, batchRows)
    for (const [at, row] of rows.entries()) {
      open(row)
      if (at % rowsAtATime === rowsAtATime - 1) await turn()
    }
    done += rows.length
    const last = rows.at(-1)
    await progress(Math.min(done, total), total)
    if (!last || rows.length < batchRows) return
    after = idOf(last)
  }
}
