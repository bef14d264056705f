// Test files that share a process. Reading the program takes a processor two seconds, which is more than most files of tests need;
// those that are run one after the other in one process need it once, and find everything warm.
import { writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './processes.ts'

const size = 10
/** The others kill processes, begin many of their own, or are long. */
const sharing = /^server[/\\](modules|platform(?![/\\]database[/\\]embedded))[/\\]/

export type Batches = {
  /** What `node --test` is given in place of the files. */
  paths: string[]
  /** The file behind the suite of a batch, or those behind the batch itself. */
  filesOf: (path: string, name: string) => string[]
}

/** Writes the batches into the folder. Few files are not worth it, and stay as they are. */
export function batchesOf(files: readonly string[], folder: string): Batches {
  const { shared = [], own = [] } = Object.groupBy(files, (file) => (sharing.test(file) ? 'shared' : 'own'))
  if (shared.length <= size) return { paths: [...files], filesOf: (path) => [path] }
  const batches = new Map<string, string[]>()
  for (let at = 0; at < shared.length; at += size) {
    const path = join(folder, `batch-${batches.size + 1}.test.mjs`)
    const batch = shared.slice(at, at + size)
    batches.set(path, batch)
    writeFileSync(path, batchText(batch))
  }
  return {
    paths: [...batches.keys(), ...own],
    filesOf(path, name) {
      const batch = batches.get(path)
      if (!batch) return [path]
      // A process that ends in the midst of a batch fails by the name of the batch.
      return (batch.includes(name) ? [name] : batch).map((file) => resolve(root, file))
    },
  }
}

function batchText(files: readonly string[]): string {
  const suites = files.map((file) => {
    const url = pathToFileURL(resolve(root, file)).href
    return `await describe(${JSON.stringify(relative(root, resolve(root, file)))}, async () => void (await import(${JSON.stringify(url)})))`
  })
  return ["import { describe } from 'node:test'", ...suites, ''].join('\n')
}
