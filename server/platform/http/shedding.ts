// Early refusal under overload: while the event loop falls behind, and while memory is nearly used up.
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { totalmem } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { overloaded, Problem } from '#platform/contract/problem.ts'

/** Open whatever the load: what tells that the server lives, and what ends a session. */
const exempt = /^\/(health|metrics|api\/v1\/auth\/logout(-all)?)(?![\w-])/

export function isExempt({ url }: FastifyRequest): boolean {
  return exempt.test(url)
}

/** How often the load is measured; the start itself, which blocks the event loop, is in the first two measures. */
const measureEveryMilliseconds = 500
const startMilliseconds = 4 * measureEveryMilliseconds
/** On the average of one measure. */
const behindMilliseconds = 1500
/** At one stretch, which an average hides: whoever waited for that long has mostly gone. */
const stretchMilliseconds = 2500

/**
 * What a process may hold before it refuses. Of its heap nine tenths of what V8 may take: since V8 collects half-way to that limit
 * at the latest, four fifths are in use then, and are no garbage. Of a container that has a limit all but a twentieth: at the limit
 * it is killed. 0 is no limit.
 */
export function mostMemory({
  heap_limit = getHeapStatistics().heap_size_limit,
  container = process.constrainedMemory(),
  machine = totalmem(),
} = {}) {
  return { heap_bytes: heap_limit * 0.9, resident_bytes: container > 0 && container < machine ? container * 0.95 : 0 }
}

export async function installShedding(app: FastifyInstance, { heap_bytes, resident_bytes } = mostMemory()) {
  let listens_since = performance.now()
  app.addHook('onListen', async () => void (listens_since = performance.now()))
  const shed = (request: FastifyRequest) => {
    if (performance.now() - listens_since < startMilliseconds) return
    if (!isExempt(request)) throw new Problem(overloaded, { retry_after_seconds: 2 })
  }
  await app.register(underPressure, {
    maxEventLoopDelay: behindMilliseconds,
    maxEventLoopUtilization: 0,
    maxHeapUsedBytes: heap_bytes,
    maxRssBytes: resident_bytes,
    sampleInterval: measureEveryMilliseconds,
    pressureHandler: shed,
  })
  shedAfterStretch(app, shed)
}

/** For one measure after the event loop was held up at a stretch, what has piled up meanwhile is refused. */
function shedAfterStretch(app: FastifyInstance, shed: (request: FastifyRequest) => void) {
  const delays = monitorEventLoopDelay({ resolution: 10 })
  delays.enable()
  let was_held_up = false
  const measuring = setInterval(() => {
    was_held_up = delays.max > stretchMilliseconds * 1e6
    delays.reset()
  }, measureEveryMilliseconds)
  measuring.unref()
  app.addHook('onRequest', async (request) => {
    if (was_held_up) shed(request)
  })
  app.addHook('onClose', async () => {
    clearInterval(measuring)
    delays.disable()
  })
}
