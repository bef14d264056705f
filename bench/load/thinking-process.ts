// Many people at their screens, in a process of its own: each on a connection of theirs asks, reads for a while, and asks again.
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoadResult } from './load.ts'
import type { ThinkingPlan } from './thinking.ts'

const path = process.argv[2]
if (!path) throw new Error('usage: thinking-process.ts <plan.json>')
const { port, arriving_seconds, seconds, think_ms, people, requests } = JSON.parse(
  await readFile(path, 'utf8'),
) as ThinkingPlan
const counts_from = performance.now() + arriving_seconds * 1000
const ends_at = counts_from + seconds * 1000
const taken_ms: number[] = []
let errors = 0
let sent = 0

/** Milliseconds to the last byte of the answer. */
function ask(agent: Agent, headers: Record<string, string>, index: number): Promise<number> {
  const { method, path: address, body } = requests[index] ?? { method: 'GET', path: '/health/live' }
  const text = body === undefined ? undefined : JSON.stringify(body)
  const content =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const started_at = performance.now()
  request({ host: '127.0.0.1', port, agent, method, path: address, headers: { ...headers, ...content } }, (answer) => {
    answer.resume().on('end', () => {
      if (answer.statusCode === undefined || answer.statusCode >= 300) errors += 1
      resolve(performance.now() - started_at)
    })
  })
    .on('error', reject)
    .end(text)
  return promise
}

async function sit(headers: Record<string, string>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  await delay(Math.random() * arriving_seconds * 1000)
  while (performance.now() < ends_at && sent < requests.length) {
    const counts = performance.now() >= counts_from
    await ask(agent, headers, sent++).then(
      (ms) => void (counts && taken_ms.push(ms)),
      () => void (errors += 1),
    )
    await delay(think_ms * (0.5 + Math.random()))
  }
  agent.destroy()
}

await Promise.all(people.map(sit))
const sorted = taken_ms.toSorted((left, right) => left - right)
const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
const result: LoadResult = {
  requests: sorted.length,
  requests_per_second: sorted.length / seconds,
  p50_ms: at(0.5),
  p95_ms: at(0.95),
  errors,
}
process.stdout.write(JSON.stringify(result))
