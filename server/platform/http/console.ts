// The console: the page at each of its addresses, and the files that it loads, as `bin/build-console.ts` left them. What has a
// digest in its name never changes, so browsers keep it for good; the page itself is asked for each time.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { noncePolicy } from './headers.ts'

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}
/** The best first. A file that none of them makes smaller has none beside it. */
const encodings = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const
const placeholder = '__NONCE__'
const config = { is_page: true }

/** Serves it from a folder. Returns false where it was not built: then there is none, and everything else is served. */
export function installConsole(app: FastifyInstance, folder: string): boolean {
  if (!existsSync(join(folder, 'addresses.json'))) return false
  const page = readFileSync(join(folder, 'index.html'), 'utf8').split(placeholder)
  const sendPage = async (_request: FastifyRequest, reply: FastifyReply) => {
    // Styles that scripts add name it; scripts come from files alone.
    const nonce = randomBytes(16).toString('base64')
    return reply
      .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': noncePolicy(nonce) })
      .send(page.join(nonce))
  }
  for (const address of JSON.parse(readFileSync(join(folder, 'addresses.json'), 'utf8')) as string[]) {
    app.get(address, { config }, sendPage)
  }

  // Only what is in the folder now has a name here: no address is ever made into a path.
  const names = new Set(readdirSync(join(folder, 'assets')))
  // One copy for all whom it is sent to, however long they take.
  const files = new Map<string, Buffer>()
  const read = (name: string) => {
    const file = files.get(name) ?? readFileSync(join(folder, 'assets', name))
    files.set(name, file)
    return file
  }
  app.get<{ Params: { name: string } }>('/assets/:name', { config }, async ({ params, headers }, reply) => {
    const type = types[extname(params.name)]
    if (!names.has(params.name) || type === undefined) return reply.callNotFound()
    const accepted = String(headers['accept-encoding'] ?? '')
    const encoding = encodings.find(
      ({ name, extension }) => names.has(params.name + extension) && new RegExp(`\\b${name}\\b`).test(accepted),
    )
    reply.headers({
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      ...(encoding && { 'content-encoding': encoding.name }),
    })
    return reply.send(read(params.name + (encoding?.extension ?? '')))
  })
  return true
}
