// The OpenAPI document, its rendered reference, and the page of each problem, which `type` in a problem document leads to.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openApiDocument } from '#platform/contract/openapi.ts'
import { pagePolicy } from './headers.ts'
import type { Others } from '#platform/services/others.ts'
import type { Route } from './mount.ts'

const problemFolder = join(import.meta.dirname, '../../../docs/problems')

/** Looked at before anybody has signed in, and by whole departments: counted with the pages of the console. */
const config = { is_page: true }
const mergedMilliseconds = 60_000

export async function installDocumentation(app: FastifyInstance, routes: readonly Route[], others: Others) {
  // Both are made when they are first asked for, which spares every start the time, and are kept as bytes: of a text each answer
  // that waits to be taken would hold a copy.
  let document: ReturnType<typeof openApiDocument> | undefined
  const describe = () => (document ??= openApiDocument(routes.map(({ id, operation }) => ({ id, operation }))))
  let bytes: Buffer | undefined
  const write = () => (bytes ??= bytesOf(describe()))
  const send = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'public, max-age=300' }
  app.get('/openapi.json', { config }, async (_request, reply) => reply.headers(send).send(write()))
  app.get('/api/v1/openapi.json', { config }, async (_request, reply) => reply.headers(send).send(write()))
  // What a gateway shows in the place of the document of each.
  let merged: { bytes: Buffer; made_at: number } | undefined
  const merge = async () => {
    if (merged && performance.now() - merged.made_at < mergedMilliseconds) return merged.bytes
    merged = { bytes: bytesOf(await others.document(describe())), made_at: performance.now() }
    return merged.bytes
  }
  if (others.names.length > 0)
    app.get('/openapi/all.json', { config }, async (_request, reply) => reply.headers(send).send(await merge()))
  const problems = readProblemPages()
  app.get<{ Params: { code: string } }>('/problems/:code', async ({ params }, reply) => {
    const page = problems.get(params.code)
    if (page === undefined) return reply.callNotFound()
    return reply.headers({ ...send, 'content-type': 'text/plain; charset=utf-8' }).send(page)
  })
  // Rendered when it is first looked at: whoever never does spares the memory of a large page.
  let reference: Promise<Record<string, RenderedPage>> | undefined
  const show = async ({ url }: FastifyRequest, reply: FastifyReply) => {
    const page = (await (reference ??= renderReference()))[new URL(url, 'http://localhost').pathname]
    return page ? reply.headers(page.headers).send(page.bytes) : reply.callNotFound()
  }
  app.get('/docs', { config }, async (_request, reply) => reply.redirect('/docs/', 301))
  app.get('/docs/*', { config }, show)
}

function bytesOf(document: object): Buffer {
  return Buffer.from(JSON.stringify(document))
}

type RenderedPage = { headers: Record<string, string>; bytes: Buffer }

/** The page and its one script by their paths, as a server that listens nowhere sends them. */
async function renderReference(): Promise<Record<string, RenderedPage>> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const server = Fastify()
  await server.register(scalar, {
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
  const pages: Record<string, RenderedPage> = {}
  for (const path of ['/docs/', '/docs/js/scalar.js']) {
    const { headers, rawPayload, payload } = await server.inject(path)
    const type = String(headers['content-type'])
    const policy = type.startsWith('text/html') ? { 'content-security-policy': pagePolicy(payload) } : {}
    pages[path] = { headers: { 'content-type': type, ...policy }, bytes: rawPayload }
  }
  await server.close()
  return pages
}

/** The text of each page by its code. An installation without its documents serves all the same. */
function readProblemPages(): ReadonlyMap<string, string> {
  const pages = globSync('*.md', { cwd: problemFolder }).filter((name) => /^[a-z_]+\.md$/.test(name))
  return new Map(pages.map((name) => [name.slice(0, -'.md'.length), readFileSync(join(problemFolder, name), 'utf8')]))
}
