// The process in which autocannon runs: reads a plan's file, prints its result.
import { readFile } from 'node:fs/promises'
import autocannon from 'autocannon'
import type { LoadPlan, LoadResult } from './load.ts'

const path = process.argv[2]
if (!path) throw new Error('usage: autocannon-process.ts <plan.json>')
const plan = JSON.parse(await readFile(path, 'utf8')) as LoadPlan
const prepared = plan.requests.map((request) => ({
  method: request.method,
  path: request.path,
  headers: request.body === undefined ? plan.headers : { ...plan.headers, 'content-type': 'application/json' },
  ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
}))

let sent = 0
const result = await autocannon({
  url: `http://127.0.0.1:${plan.port}`,
  connections: plan.connections,
  duration: plan.seconds,
  requests: [{ setupRequest: (request) => ({ ...request, ...prepared[sent++ % prepared.length] }) }],
})

// autocannon's own percentiles are whole milliseconds and leave out 95: the nearest above it is reported.
const summary: LoadResult = {
  requests: result.requests.total,
  requests_per_second: result.requests.total / result.duration,
  p50_ms: result.latency.p50,
  p95_ms: result.latency.p97_5,
  errors: result.non2xx + result.errors + result.timeouts,
}
process.stdout.write(JSON.stringify(summary))
