// Traces of where time goes, sent by OTLP over HTTP. Spans are made by hand at the few places that matter: nothing is patched, nothing is
// ambient, and where no endpoint is configured not even the library is read. A span says what kind of work it was, never of whom:
// routes and not addresses, no query, no id of a record, no text of an error.
import type { Attributes, Context, Span } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Configuration } from '#platform/configuration.ts'
import type { Log } from '#platform/logging.ts'

export type SpanKind = 'server' | 'client' | 'job' | 'inside'

export type TraceSpan = {
  readonly trace_id: string
  /** Goes with calls to services of ours, so that what they do belongs to the same trace (W3C trace context). */
  readonly traceparent: string
  child(name: string, kind: SpanKind, attributes?: Attributes): TraceSpan
  /** `failure` is a code, never a text. */
  end(outcome?: { failure?: string | undefined; attributes?: Attributes }): void
}

export type Tracing = {
  /** A span that no other one of this process is above. `traceparent` names the caller's, where there is a valid one. */
  begin(
    name: string,
    kind: SpanKind,
    options?: { traceparent?: string | undefined; attributes?: Attributes },
  ): TraceSpan
  /** Sends what waits, and gives up after a few seconds. */
  close(): Promise<void>
}

const closeMilliseconds = 3000
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/

/** Undefined where no endpoint is configured. */
export async function openTracing(
  { trace_endpoint, trace_share, services }: Pick<Configuration, 'trace_endpoint' | 'trace_share' | 'services'>,
  version: string,
  log: Log,
): Promise<Tracing | undefined> {
  if (trace_endpoint === undefined) return undefined
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const url = `${trace_endpoint.replace(/\/$/, '')}/v1/traces`
  const exporter = telling(new OTLPTraceExporter({ url, timeoutMillis: 5000 }), log)
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName(services), 'service.version': version }),
    // Whoever calls with a trace of theirs has decided already.
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(trace_share) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  })
  const tracer = provider.getTracer('openward', version)
  const kinds = {
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    job: api.SpanKind.CONSUMER,
    inside: api.SpanKind.INTERNAL,
  } as const
  const start = (name: string, kind: SpanKind, above: Context, attributes: Attributes = {}) =>
    wrap(tracer.startSpan(name, { kind: kinds[kind], attributes }, above))

  function wrap(span: Span): TraceSpan {
    const { traceId, spanId, traceFlags } = span.spanContext()
    return {
      trace_id: traceId,
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      child: (name, kind, attributes) => start(name, kind, api.trace.setSpan(api.ROOT_CONTEXT, span), attributes),
      end({ failure, attributes = {} } = {}) {
        span.setAttributes(attributes)
        if (failure !== undefined) {
          span.setAttribute('error.type', failure)
          span.setStatus({ code: api.SpanStatusCode.ERROR })
        }
        span.end()
      },
    }
  }

  return {
    begin(name, kind, { traceparent, attributes } = {}) {
      const [, traceId, spanId, flags] = traceparentForm.exec(traceparent ?? '') ?? []
      const above =
        traceId === undefined || spanId === undefined || flags === undefined
          ? api.ROOT_CONTEXT
          : api.trace.setSpanContext(api.ROOT_CONTEXT, {
              traceId,
              spanId,
              traceFlags: Number.parseInt(flags, 16) & api.TraceFlags.SAMPLED,
              isRemote: true,
            })
      return start(name, kind, above, attributes)
    },
    async close() {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, closeMilliseconds)
      await Promise.race([provider.shutdown().catch(() => undefined), late.promise])
      clearTimeout(timer)
    },
  }
}

function serviceName(services: Configuration['services']): string {
  return services.length === 4 ? 'openward' : `openward-${services.join('-')}`
}

/** Says once that nobody takes the traces, and once that somebody does again. */
function telling(exporter: SpanExporter, log: Log): SpanExporter {
  let isLost = false
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0
        if (failed && !isLost)
          log.warn({ err: result.error }, 'traces could not be sent: they are lost until they can be again')
        if (!failed && isLost) log.info('traces are sent again')
        isLost = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}

/** Does the work under a span, where there are traces; else it only does the work. */
export async function within<T>(span: TraceSpan | undefined, work: () => Promise<T>): Promise<T> {
  if (!span) return work()
  try {
    const result = await work()
    span.end()
    return result
  } catch (error) {
    span.end({ failure: failureOf(error) })
    throw error
  }
}

/** The kind of an error: its code or its class. */
export function failureOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown'
  const { code, kind, name } = error as { code?: unknown; kind?: { code?: unknown }; name?: unknown }
  // A class of ours says its name only so.
  const own = name === 'Error' ? error.constructor.name : name
  const said = [kind?.code, code, own].find((word) => typeof word === 'string' && /^\w{1,60}$/.test(word))
  return typeof said === 'string' ? said : 'unknown'
}
