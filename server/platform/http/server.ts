// Builds the HTTP application: how requests are read, limited, answered and logged. It knows operations, not hospitals.
import cors from '@fastify/cors'
import formbody from '@fastify/formbody'
import multipart from '@fastify/multipart'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { randomUUID } from 'node:crypto'
import type { System } from '#platform/context.ts'
import { type Draining, openDraining } from './draining.ts'
import { installErrors, refuseAddress, refuseRawRequest } from './errors.ts'
import { installHeaders } from './headers.ts'
import { parseJson } from './json.ts'
import { installLimits } from './limits.ts'
import { type Authenticate, mount, type Route } from './mount.ts'
import { installShedding } from './shedding.ts'
import { installTracing } from './traced-requests.ts'
import { installUnread, patienceMilliseconds } from './unread.ts'

/** What a page of another origin may read beside what every page may. */
const exposedHeaders = [
  'etag',
  'location',
  'content-disposition',
  'idempotency-replayed',
  'x-correlation-id',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
]

export type HttpOptions = { system: System; routes: readonly Route[]; authenticate: Authenticate; draining?: Draining }

/** The application, ready to listen or to be injected into. @throws Error when a route has no policy */
export async function buildHttp({
  system,
  routes,
  authenticate,
  draining = openDraining(),
}: HttpOptions): Promise<FastifyInstance> {
  const { configuration, log } = system
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // No logger of its own for each request: what is logged of one names it.
    childLoggerFactory: (logger) => logger,
    trustProxy: configuration.trusted_proxies.length > 0 ? [...configuration.trusted_proxies] : false,
    bodyLimit: 1_048_576,
    requestTimeout: 30_000,
    // Slow clients are looked for that often; Node's own 30 s would let them stay three times as long as they may.
    http: {
      headersTimeout: 10_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      connectionsCheckingInterval: 5000,
    },
    connectionTimeout: patienceMilliseconds,
    forceCloseConnections: 'idle',
    genReqId: ({ headers }) => correlationOf(headers),
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: false, caseSensitive: true, maxParamLength: 200 },
    clientErrorHandler: refuseRawRequest,
    frameworkErrors: (error, request, reply) => void refuseAddress(error, request, reply),
    return503OnClosing: true,
  }) as unknown as FastifyInstance
  app.decorateRequest('bearer', undefined)
  app.decorateRequest('actor')

  installHeaders(app)
  draining.install(app)
  installUnread(app)
  installTracing(app, system.tracing)
  app.addHook('onResponse', (request, reply, done) => {
    // The route, not the address: an address can hold what a person searched for.
    log.info({
      correlation_id: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      user_id: request.actor?.user_id,
      trace_id: request.span?.trace_id,
    })
    done()
  })

  const allowed = new Set(configuration.cors_origins)
  await app.register(cors, {
    origin: (origin, decide) => decide(null, origin !== undefined && allowed.has(origin)),
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders,
    strictPreflight: false,
  })
  // Without limits a busy machine is measured or tested as it is, its slow start included.
  if (configuration.shed_load) await installShedding(app)
  await installLimits(app, configuration, log)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'string' },
    (_request, body, done) => {
      try {
        done(null, body === '' ? undefined : parseJson(body as string))
      } catch (error) {
        done(error as Error)
      }
    },
  )
  await app.register(formbody)
  await app.register(multipart, {
    limits: { files: 1, fields: 10, fieldSize: 1000, fileSize: 26_214_400, headerPairs: 50 },
  })

  const patterns = routes.map(({ operation }) => ({
    method: operation.method,
    pattern: new RegExp(`^${operation.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  installErrors(app, () => patterns)
  mount(app, system, routes, authenticate)
  return app
}

/** The caller's correlation id where it is well-formed, else the trace of a valid `traceparent` (W3C), else a new one. */
function correlationOf(headers: NodeJS.Dict<string | string[]>): string {
  const given = headers['x-correlation-id'] ?? headers['x-request-id']
  if (typeof given === 'string' && /^[\w.-]{8,64}$/.test(given)) return given
  const { traceparent } = headers
  const trace =
    typeof traceparent === 'string'
      ? /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent)?.[1]
      : undefined
  return trace ?? randomUUID()
}
