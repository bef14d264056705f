// One span for each request to an operation. Health and metrics are asked for every few seconds and make none.
import type { FastifyInstance } from 'fastify'
import type { TraceSpan, Tracing } from '#platform/tracing/tracing.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined where there are no traces. */
    span: TraceSpan | undefined
  }
}

export function installTracing(app: FastifyInstance, tracing: Tracing | undefined) {
  app.decorateRequest('span', undefined)
  if (!tracing) return
  app.addHook('onRequest', (request, _reply, done) => {
    const { url, config } = request.routeOptions
    if (config.operation_id !== undefined && url !== undefined) {
      const { traceparent } = request.headers
      request.span = tracing.begin(`${request.method} ${url}`, 'server', {
        traceparent: typeof traceparent === 'string' ? traceparent : undefined,
        attributes: {
          'http.request.method': request.method,
          'http.route': url,
          'openward.operation': config.operation_id,
        },
      })
    }
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply
    request.span?.end({
      failure: statusCode >= 500 ? String(statusCode) : undefined,
      attributes: { 'http.response.status_code': statusCode },
    })
    done()
  })
}
