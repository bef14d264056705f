// The driver that npm install brings, used where wrk is not installed. It runs in a process of its own.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runToEnd } from '../processes.ts'
import { type LoadDriver, LoadResult, requireValid } from './load.ts'

export function createAutocannonDriver(directory: string): LoadDriver {
  let runs = 0
  return {
    name: 'autocannon',
    async run(plan) {
      const path = join(directory, `plan-${runs++}.json`)
      await writeFile(path, JSON.stringify(plan))
      const program = join(import.meta.dirname, 'autocannon-process.ts')
      const output = await runToEnd(process.execPath, [program, path])
      await rm(path)
      return requireValid(plan, LoadResult.parse(JSON.parse(output)))
    },
  }
}
