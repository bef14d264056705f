// A reporter for `node --test` that writes how many tests passed, failed and were skipped, for the line at the end of a run.
import type { TestEvent } from 'node:test/reporters'

/** `skipped` counts those still to be written as well: neither was tried. */
export type Counts = { passed: number; failed: number; skipped: number }

// oxlint-disable-next-line import/no-default-export -- `node --test` takes a reporter from the default export.
export default async function* countTests(events: AsyncIterable<TestEvent>) {
  for await (const event of events) {
    // The summary without a file is that of the whole run.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue
    const { tests, passed, skipped, todo } = event.data.counts
    const untried = skipped + todo
    yield JSON.stringify({ passed, failed: tests - passed - untried, skipped: untried } satisfies Counts)
  }
}
