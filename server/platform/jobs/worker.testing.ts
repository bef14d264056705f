// For a test: a server process that takes one job, says so, and never ends it. Started with a database address and the job's name.
import { z } from 'zod'
import { openPool } from '#platform/database/connection.ts'
import { createLog } from '#platform/logging.ts'
import { defineJob } from './job.ts'
import { openJobs } from './jobs.ts'

const [url = '', name = ''] = process.argv.slice(2)
const pool = openPool({ url, size: 3, name: 'openward-test-worker', on_error: () => undefined })
const jobs = openJobs({ pool, log: createLog('silent'), poll_seconds: 0.5 })
const job = defineJob({ name, payload: z.strictObject({ number: z.int() }) })
jobs.work(job, async ({ number }) => {
  process.stdout.write(`${number}\n`)
  await new Promise(() => undefined)
})
await jobs.start()
