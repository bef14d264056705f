// A reporter for `node --test` that writes how many tests passed and failed, for the line at the end of a run, in which files any
// failed, and which were skipped.
import type { TestEvent } from 'node:test/reporters'

/** `skipped` names those still to be written as well: neither was tried. */
export type Counts = {
  passed: number
  failed: number
  skipped: string[]
  /** The file and the name of what failed: of files that share a process, the name of the suite is the file. */
  failed_files: { file: string; name: string }[]
  /** How long each file took; those that share a process by their names, and all of them together by that of the process. */
  file_ms: Record<string, number>
}

// oxlint-disable-next-line import/no-default-export -- `node --test` takes a reporter from the default export.
export default async function* countTests(events: AsyncIterable<TestEvent>) {
  const failed_files: Counts['failed_files'] = []
  const untried: string[] = []
  const file_ms: Record<string, number> = {}
  for await (const event of events) {
    if (event.type === 'test:fail' && event.data.nesting === 0 && event.data.file !== undefined)
      failed_files.push({ file: event.data.file, name: event.data.name })
    if (event.type === 'test:pass' && (event.data.skip !== undefined || event.data.todo !== undefined)) {
      untried.push(event.data.name)
    }
    if ((event.type === 'test:pass' || event.type === 'test:fail') && event.data.name.endsWith('.test.ts'))
      file_ms[event.data.name] = event.data.details.duration_ms
    if (event.type === 'test:summary' && event.data.file !== undefined)
      file_ms[event.data.file] = event.data.duration_ms
    // The summary without a file is that of the whole run.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue
    const { tests, passed, skipped, todo } = event.data.counts
    const failed = tests - passed - skipped - todo
    const counts = { passed, failed, skipped: untried, failed_files, file_ms }
    yield JSON.stringify(counts satisfies Counts)
  }
}
