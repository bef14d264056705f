// The OpenAPI document, its rendered reference, and the page of each problem, which `type` in a problem document leads to.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openApiDocument } from '#platform/contract/openapi.ts'
import { pagePolicy } from './headers.ts'
import type { Others } from '#platform/services/others.ts'
import type { Route } from './mount.ts'

const problemFolder = join(import.meta.dirname, '../../../docs/problems')

export async function installDocumentation(app: FastifyInstance, routes: readonly Route[], others: Others) {
  // Both are made when they are first asked for, which spares every start the time.
  let document: ReturnType<typeof openApiDocument> | undefined
  const describe = () => (document ??= openApiDocument(routes.map(({ id, operation }) => ({ id, operation }))))
  let text: string | undefined
  const write = () => (text ??= JSON.stringify(describe()))
  const send = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'public, max-age=300' }
  app.get('/openapi.json', async (_request, reply) => reply.headers(send).send(write()))
  app.get('/api/v1/openapi.json', async (_request, reply) => reply.headers(send).send(write()))
  // What a gateway shows in the place of the document of each.
  if (others.names.length > 0)
    app.get('/openapi/all.json', async (_request, reply) => reply.headers(send).send(await others.document(describe())))
  const problems = readProblemPages()
  app.get<{ Params: { code: string } }>('/problems/:code', async ({ params }, reply) => {
    const page = problems.get(params.code)
    if (page === undefined) return reply.callNotFound()
    return reply.headers({ ...send, 'content-type': 'text/plain; charset=utf-8' }).send(page)
  })
  // Rendered when it is first looked at: whoever never does spares the memory of a large page.
  let reference: Promise<FastifyInstance> | undefined
  const show = async (request: FastifyRequest, reply: FastifyReply) => {
    const page = await (await (reference ??= openReference())).inject(request.url.replace(/^\/docs$/, '/docs/'))
    const type = String(page.headers['content-type'])
    reply.code(page.statusCode).type(type)
    if (type.startsWith('text/html')) reply.header('content-security-policy', pagePolicy(page.payload))
    return reply.send(page.rawPayload)
  }
  app.get('/docs', show)
  app.get('/docs/*', show)
}

/** The page and its one script, in a server of their own that listens nowhere. */
async function openReference(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const reference = Fastify()
  await reference.register(scalar, {
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
  return reference
}

/** The text of each page by its code. An installation without its documents serves all the same. */
function readProblemPages(): ReadonlyMap<string, string> {
  const pages = globSync('*.md', { cwd: problemFolder }).filter((name) => /^[a-z_]+\.md$/.test(name))
  return new Map(pages.map((name) => [name.slice(0, -'.md'.length), readFileSync(join(problemFolder, name), 'utf8')]))
}
