// One address for the services while developing: each request goes to the service whose OpenAPI document knows its path, all others
// to `records`. In production deploy/nginx does this.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { outcomeUnknown, Problem, problemBody, type ProblemKind, unavailable } from '#platform/contract/problem.ts'
import type { ServiceName } from '#platform/services/variables.ts'

export type ServiceAddress = { name: ServiceName; url: string }
export type Gateway = { port: number; close(): Promise<void> }
type Served = ServiceAddress & { patterns: RegExp[] }

/** Reads what each service serves. @throws when one of them does not answer */
export async function startGateway(options: {
  host: string
  port: number
  services: readonly ServiceAddress[]
}): Promise<Gateway> {
  const services = await Promise.all(options.services.map(readPaths))
  const server = createServer((asked, answer) => pass(asked, answer, services))
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the gateway has no port')
  return {
    port: address.port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function readPaths({ name, url }: ServiceAddress): Promise<Served> {
  const answer = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(10_000) })
  const { paths } = (await answer.json()) as { paths: Record<string, unknown> }
  return { name, url, patterns: Object.keys(paths).map(patternOf) }
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

function pass(asked: IncomingMessage, answer: ServerResponse, services: readonly Served[]) {
  const path = (asked.url ?? '/').split('?', 1)[0] ?? '/'
  const isDocument = path === '/openapi.json' || path === '/api/v1/openapi.json'
  const { url } =
    services.find(({ patterns }) => patterns.some((pattern) => pattern.test(path))) ??
    services.find(({ name }) => name === 'records') ??
    {}
  if (url === undefined) return refuse(asked, answer, unavailable)
  const target = new URL(url)
  const sent = request(
    {
      host: target.hostname,
      port: target.port,
      method: asked.method,
      path: isDocument ? '/openapi/all.json' : asked.url,
      headers: { ...asked.headers, connection: 'close', 'x-forwarded-for': asked.socket.remoteAddress },
      // A connection of its own for each request: none is lost on one that its server has just given up.
      agent: false,
    },
    (given) => {
      const { connection: _, 'keep-alive': _idle, ...headers } = given.headers
      answer.writeHead(given.statusCode ?? 502, headers)
      given.on('error', () => answer.destroy())
      given.pipe(answer)
    },
  )
  sent.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever could not be reached has done nothing; of a connection that broke later nobody knows.
    const isUnheard = error.code === 'ECONNREFUSED' || asked.method === 'GET' || asked.method === 'HEAD'
    refuse(asked, answer, isUnheard ? unavailable : outcomeUnknown)
  })
  answer.on('close', () => sent.destroy())
  asked.pipe(sent)
}

function refuse(asked: IncomingMessage, answer: ServerResponse, kind: ProblemKind) {
  if (answer.headersSent) return void answer.destroy()
  const given = asked.headers['x-correlation-id']
  const correlation_id = typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID()
  const body = JSON.stringify(
    problemBody(new Problem(kind), (asked.url ?? '/').split('?', 1)[0] ?? '/', correlation_id),
  )
  answer.writeHead(kind.status, {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    'retry-after': '5',
    'x-correlation-id': correlation_id,
  })
  answer.end(body)
}
