// Whether the process lives, whether it can serve, and how it is doing. At the root, without personal data.
import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { System } from '#platform/context.ts'
import { withinLimit } from '#platform/database/connection.ts'
import { watchOf } from '#platform/database/silence.ts'
import type { Check } from '#platform/module.ts'
import type { Draining } from './draining.ts'
import { openCheck, openQuestion } from './part.ts'

const away: Check = { status: 'down', detail: 'The database does not answer' }

/** A number that is asked for when the metrics are; undefined where there is none now. */
export type Measure = { name: string; help: string; read: () => Promise<number | undefined> }

export function installHealth(
  app: FastifyInstance,
  { pool, reserve, log }: System,
  checks: Record<string, () => Promise<Check>>,
  draining: Draining,
  measures: readonly Measure[] = [],
) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'openward_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer',
    labelNames: ['operation', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  })
  new Gauge({
    name: 'openward_database_connections',
    help: 'Connections of this process to the database',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'open' }, pool.totalCount)
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'waited_for' }, pool.waitingCount)
    },
  })
  new Gauge({
    name: 'openward_part_degraded',
    help: 'Whether a part of this server, as /health/ready names it, is not as it should be',
    labelNames: ['part'],
    registers: [registry],
    async collect() {
      for (const [part, { status }] of Object.entries(await askParts())) this.set({ part }, status === 'ok' ? 0 : 1)
    },
  })
  for (const { name, help, read } of measures) {
    // A number that cannot be had is left out, and no other with it: what is wrong the check of its part tells.
    const ask = openQuestion<number | undefined>(read, () => undefined)
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = await ask()
        if (value === undefined) this.remove()
        else this.set(value)
      },
    })
  }
  app.addHook('onResponse', (request, reply, done) => {
    const operation = request.routeOptions.config.operation_id ?? 'other'
    durations.observe({ operation, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
    done()
  })

  const live = { status: 'ok' }
  app.get('/health', async () => live)
  app.get('/health/live', async () => live)
  app.get('/health/ready', async (_request, reply) => {
    const parts = await askParts()
    const isLeaving = draining.isLeaving()
    const ready = !isLeaving && Object.values(parts).every(({ status }) => status !== 'down')
    return reply.code(ready ? 200 : 503).send({ status: isLeaving ? 'draining' : ready ? 'ready' : 'not_ready', parts })
  })
  app.get('/metrics', async (request, reply) => {
    // Not public: Prometheus runs beside the server, or reaches it past the proxy.
    if (!/^(127\.|::1$|::ffff:127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd])/.test(request.ip))
      return reply.callNotFound()
    return reply.type(registry.contentType).send(await registry.metrics())
  })

  const asking = Object.entries(checks).map(([part, ask]) => [part, openCheck(part, ask, log)] as const)
  async function askParts(): Promise<Record<string, Check>> {
    const parts = [['database', databaseCheck] as const, ...asking]
    return Object.fromEntries(await Promise.all(parts.map(async ([part, ask]) => [part, await ask()] as const)))
  }

  let asked: Promise<Check> | undefined
  /** One question for all who ask meanwhile: however many they are, the reserve stays free for the audit log. */
  function databaseCheck(): Promise<Check> {
    asked ??= askDatabase().finally(() => (asked = undefined))
    return asked
  }

  async function askDatabase(): Promise<Check> {
    try {
      // A connection whose other end is gone without a word says nothing at all.
      if (watchOf(reserve)?.isAway()) return away
      await reserve.query(withinLimit('select 1', 1500))
      return { status: 'ok' }
    } catch {
      return away
    }
  }
}
