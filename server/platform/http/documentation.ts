// The OpenAPI document and its rendered reference.
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import { openApiDocument } from '#platform/contract/openapi.ts'
import { pagePolicy } from './headers.ts'
import type { Route } from './mount.ts'

export async function installDocumentation(app: FastifyInstance, routes: readonly Route[]) {
  const document = openApiDocument(routes.map(({ id, operation }) => ({ id, operation })))
  const text = JSON.stringify(document)
  const send = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'public, max-age=300' }
  app.get('/openapi.json', async (_request, reply) => reply.headers(send).send(text))
  app.get('/api/v1/openapi.json', async (_request, reply) => reply.headers(send).send(text))
  await app.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      title: 'OpenWard API',
      telemetry: false,
      withDefaultFonts: false,
      showDeveloperTools: 'never',
      hideClientButton: true,
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  })
  let policy: string | undefined
  app.addHook('onSend', (request, reply, payload, done) => {
    if (/^\/docs(\/|$|\?)/.test(request.url) && String(reply.getHeader('content-type')).startsWith('text/html')) {
      reply.header('content-security-policy', (policy ??= pagePolicy(String(payload))))
    }
    done()
  })
}
