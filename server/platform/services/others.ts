// The other services as this one sees them: whether each answers, and one document of all their operations together.
import { z } from 'zod'
import { Problem, unavailable } from '#platform/contract/problem.ts'
import type { Configuration } from '#platform/configuration.ts'
import type { Check } from '#platform/module.ts'
import type { Tracing } from '#platform/tracing/tracing.ts'
import { openServiceClient, type ServiceClient } from './service-client.ts'
import type { ServiceName } from './variables.ts'

/** As far as documents are put together here; the rest of each is passed on as it is. */
const Document = z.looseObject({
  tags: z.array(z.looseObject({ name: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
})
export type ApiDocument = z.output<typeof Document>

export type Others = {
  names: readonly ServiceName[]
  checks: Record<string, () => Promise<Check>>
  /** This service's document and those of all others. @throws Problem unavailable while one has never been read */
  document(own: ApiDocument): Promise<ApiDocument>
}

const answerLimitMilliseconds = 1000
const documentMilliseconds = 60_000

export function openOthers({ service_urls }: Pick<Configuration, 'service_urls'>, tracing?: Tracing): Others {
  const others = [...service_urls].map(([name, url]) => {
    const documents = openServiceClient({ name, url, tracing })
    // Whoever asks for readiness waits: one try, and by a circuit of its own.
    const life = openServiceClient({ name, url, limit_ms: answerLimitMilliseconds, retries: 0 })
    return { name, life, readDocument: kept(documents) }
  })
  return {
    names: others.map(({ name }) => name),
    checks: Object.fromEntries(others.map(({ name, life }) => [`service_${name}`, () => checkOf(life)])),
    async document(own) {
      const all = [own, ...(await Promise.all(others.map(({ readDocument }) => readDocument())))]
      const tags = new Map(all.flatMap((one) => one.tags.map((tag) => [tag.name, tag] as const)))
      return { ...own, tags: [...tags.values()], paths: Object.assign({}, ...all.map(({ paths }) => paths)) }
    },
  }
}

/** A service is asked whether it lives, not whether it is ready: that would ask this one in turn. */
async function checkOf({ name, read }: ServiceClient): Promise<Check> {
  const answer = await read('/health/live').catch(() => undefined)
  return answer?.status === 200
    ? { status: 'ok' }
    : { status: 'degraded', detail: `The service ${name} does not answer` }
}

/** Reads a document anew each minute; while the service is away, the last one stands: its operations are the same. */
function kept({ name, read }: ServiceClient): () => Promise<ApiDocument> {
  let last: { document: ApiDocument; read_at: number } | undefined
  return async () => {
    if (last && performance.now() - last.read_at < documentMilliseconds) return last.document
    try {
      const { text } = await read('/openapi.json')
      last = { document: Document.parse(JSON.parse(text)), read_at: performance.now() }
    } catch (error) {
      if (!last) {
        const detail = `The service ${name} has not told its operations yet`
        throw new Problem(unavailable, { detail, retry_after_seconds: 5 }, error)
      }
    }
    return last.document
  }
}
