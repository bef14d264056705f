// The driver that npm install brings, used where wrk is not installed. It runs in a process of its own.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { runToEnd } from '../processes.ts'
import { type LoadDriver, requireValid } from './load.ts'

const LoadResult = z.object({
  requests: z.number(),
  requests_per_second: z.number(),
  p50_ms: z.number(),
  p95_ms: z.number(),
  errors: z.number(),
})

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
