// The cheaper of the two drivers, used where the Debian package wrk is installed. Measured against a bare Fastify route at
// 50 connections on 2 cores: see load/README.md for what each driver costs.
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { z } from 'zod'
import { runToEnd } from '../processes.ts'
import { encodeRequest, type LoadDriver, type LoadPlan, requireValid } from './load.ts'

const WrkResult = z.object({
  requests: z.number(),
  duration_us: z.number(),
  p50_us: z.number(),
  p95_us: z.number(),
  errors: z.number(),
})

async function writeRequests(path: string, plan: LoadPlan): Promise<void> {
  const file = createWriteStream(path)
  for (const request of plan.requests) {
    const bytes = encodeRequest(plan, request)
    file.write(`${bytes.length}\n`)
    if (!file.write(bytes)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}

/** One thread: it sends 100,000 requests a second before it is the bottleneck, and leaves the second core to the server. */
export function createWrkDriver(directory: string): LoadDriver {
  let runs = 0
  return {
    name: 'wrk',
    async run(plan) {
      const path = join(directory, `requests-${runs++}.bin`)
      await writeRequests(path, plan)
      const output = await runToEnd('wrk', [
        '-t1',
        `-c${plan.connections}`,
        `-d${plan.seconds}s`,
        '--timeout',
        '10s',
        '-s',
        join(import.meta.dirname, 'wrk.lua'),
        `http://127.0.0.1:${plan.port}/`,
        '--',
        path,
      ])
      await rm(path)
      const line = output.split('\n').find((text) => text.startsWith('RESULT '))
      if (!line) throw new Error(`wrk said nothing that can be read: ${output}`)
      const result = WrkResult.parse(JSON.parse(line.slice('RESULT '.length)))
      return requireValid(plan, {
        requests: result.requests,
        requests_per_second: result.requests / (result.duration_us / 1_000_000),
        p50_ms: result.p50_us / 1000,
        p95_ms: result.p95_us / 1000,
        errors: result.errors,
      })
    },
  }
}
