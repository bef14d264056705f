import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { Problem } from '#platform/contract/problem.ts'
import { openOthers } from './others.ts'

const own = { openapi: '3.1.0', tags: [{ name: 'patients' }], paths: { '/patients': { get: { summary: 'List' } } } }
const theirs = { openapi: '3.1.0', tags: [{ name: 'login' }], paths: { '/login': { post: { summary: 'Sign in' } } } }

async function auth() {
  const server = createServer((request, response) =>
    response.end(JSON.stringify(request.url === '/openapi.json' ? theirs : { status: 'ok' })),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    urls: new Map([['auth', `http://127.0.0.1:${port}`]] as const),
    stop: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

describe('the other services', () => {
  it('add their operations to one document, and are told apart from those that do not answer', async () => {
    const { urls, stop } = await auth()
    try {
      const others = openOthers({ service_urls: urls })
      assert.deepEqual(await others.document(own), {
        openapi: '3.1.0',
        tags: [{ name: 'patients' }, { name: 'login' }],
        paths: { ...own.paths, ...theirs.paths },
      })
      assert.deepEqual(await others.checks['service_auth']?.(), { status: 'ok' })
      await stop()
      assert.equal((await others.checks['service_auth']?.())?.status, 'degraded')
      assert.ok('/login' in (await others.document(own)).paths, 'what was read once stands')
    } finally {
      await stop()
    }
  })

  it('leave no document with a part missing: it would be taken for the whole', async () => {
    const { urls, stop } = await auth()
    await stop()
    await assert.rejects(
      openOthers({ service_urls: urls }).document(own),
      (error: unknown) => error instanceof Problem && error.kind.status === 503,
    )
  })
})
