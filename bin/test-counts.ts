// A reporter for `node --test` that writes how many tests passed and failed, for the line at the end of a run, in which files any
// failed, and which were skipped.
import type { TestEvent } from 'node:test/reporters'

/** `skipped` names those still to be written as well: neither was tried. */
export type Counts = {
  passed: number
  failed: number
  skipped: string[]
  failed_files: string[]
  /** How long each file took. */
  file_ms: Record<string, number>
}

// oxlint-disable-next-line import/no-default-export -- `node --test` takes a reporter from the default export.
export default async function* countTests(events: AsyncIterable<TestEvent>) {
  const failed_files = new Set<string>()
  const untried: string[] = []
  const file_ms: Record<string, number> = {}
  for await (const event of events) {
    if (event.type === 'test:fail' && event.data.file !== undefined) failed_files.add(event.data.file)
    if (event.type === 'test:pass' && (event.data.skip !== undefined || event.data.todo !== undefined)) {
      untried.push(event.data.name)
    }
    if (event.type === 'test:summary' && event.data.file !== undefined)
      file_ms[event.data.file] = event.data.duration_ms
    // The summary without a file is that of the whole run.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue
    const { tests, passed, skipped, todo } = event.data.counts
    const failed = tests - passed - skipped - todo
    const counts = { passed, failed, skipped: untried, failed_files: [...failed_files], file_ms }
    yield JSON.stringify(counts satisfies Counts)
  }
}
