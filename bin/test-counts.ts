// A reporter for `node --test` that writes how many tests passed, failed and were skipped, for the line at the end of a run, and in
// which files any failed.
import type { TestEvent } from 'node:test/reporters'

/** `skipped` counts those still to be written as well: neither was tried. */
export type Counts = { passed: number; failed: number; skipped: number; failed_files: string[] }

// oxlint-disable-next-line import/no-default-export -- `node --test` takes a reporter from the default export.
export default async function* countTests(events: AsyncIterable<TestEvent>) {
  const failed_files = new Set<string>()
  for await (const event of events) {
    if (event.type === 'test:fail' && event.data.file !== undefined) failed_files.add(event.data.file)
    // The summary without a file is that of the whole run.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue
    const { tests, passed, skipped, todo } = event.data.counts
    const untried = skipped + todo
    const counts = { passed, failed: tests - passed - untried, skipped: untried, failed_files: [...failed_files] }
    yield JSON.stringify(counts satisfies Counts)
  }
}
