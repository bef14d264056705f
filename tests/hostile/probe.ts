// A few operations of no module, mounted like any other: what the platform promises must hold for whatever is mounted on it.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import type { InjectOptions } from 'fastify'
import { z } from 'zod'
import type { Configuration } from '#platform/configuration.ts'
import { Id, Instant, Page, Text } from '#platform/contract/fields.ts'
import type { Api } from '#platform/contract/operation.ts'
import { implement } from '#platform/http/mount.ts'
import { buildHttp } from '#platform/http/server.ts'
import { createLog } from '#platform/logging.ts'
import { sql } from '#platform/database/sql.ts'
import { openAuthentication } from '#modules/identity'
import type { TestApi } from '../../server/testing.ts'

/** Looked for wherever an answer or a log line must not tell it. */
export const canary = 'canary-7f3a91d2'

export const probeApi = {
  see: {
    method: 'GET',
    path: '/api/v1/probes/{patient_id}',
    summary: 'Reads',
    access: 'patients:read',
    audit: { action: 'probe.read', resource_type: 'probe' },
    params: z.strictObject({ patient_id: Id }),
    returns: [200, z.object({ seen: Id })],
    problems: [],
  },
  list: {
    method: 'GET',
    path: '/api/v1/probes',
    summary: 'Lists',
    access: 'signed_in',
    audit: 'none',
    query: z.strictObject({ ...Page, sort: z.enum(['name', '-name']).optional(), from: Instant.optional() }),
    returns: [200, z.object({ skip: z.int(), limit: z.int() })],
    problems: [],
  },
  keep: {
    method: 'POST',
    path: '/api/v1/probes',
    summary: 'Writes',
    access: 'signed_in',
    audit: { action: 'probe.create', resource_type: 'probe' },
    body: z.strictObject({
      name: Text(100),
      age: z.int().min(0).max(150),
      weight_kg: z.number().min(0).max(500).optional(),
    }),
    returns: [201, z.object({ id: Id, name: z.string() })],
    problems: [],
  },
  fail: {
    method: 'GET',
    path: '/api/v1/probe-faults/{kind}',
    summary: 'Fails in a way that nobody expected',
    access: 'public',
    audit: 'none',
    params: z.strictObject({ kind: z.enum(['thrown', 'thrown_text', 'database', 'constraint']) }),
    returns: [200, z.object({})],
    problems: [],
  },
  strict: {
    method: 'GET',
    path: '/api/v1/probe-quota',
    summary: 'May be asked three times a minute',
    access: 'public',
    audit: 'none',
    limit_per_minute: 3,
    returns: [200, z.object({})],
    problems: [],
  },
} as const satisfies Api

/** The probes on the database and keys of `api`; the lines that it logs are kept. */
export async function startProbe(api: TestApi, overrides: Partial<Configuration> = {}) {
  const lines: string[] = []
  const log = createLog('info', { write: (line) => void lines.push(line) })
  const system = { ...api.system, log, configuration: { ...api.configuration, ...overrides } }
  const routes = implement('probe', probeApi, {
    see: async (_ctx, { params }) => ({ seen: params.patient_id }),
    list: async (_ctx, { query }) => ({ skip: query.skip, limit: query.limit }),
    keep: async (ctx, { body }) =>
      ctx.database.transaction(async (tx) => {
        const row = await tx.first<{ id: string }>(
          sql`insert into departments (name, code) values (${body.name}, ${crypto.randomUUID()}) returning id`,
        )
        tx.audit({ action: 'probe.create', resource_type: 'probe', resource_id: row?.id })
        return { id: row?.id ?? '', name: body.name }
      }),
    fail: async (ctx, { params }) => {
      if (params.kind === 'thrown') throw new Error(`${canary} at /srv/secret/path`)
      // oxlint-disable-next-line typescript/only-throw-error -- libraries do throw such things
      if (params.kind === 'thrown_text') throw canary
      const statement =
        params.kind === 'database'
          ? sql`select ${canary}::uuid`
          : sql`insert into number_days values (${canary}, '2026-01-01', 1)`
      await ctx.database.once((tx) => tx.run(statement))
      return {}
    },
    strict: async () => ({}),
  })
  const authentication = await openAuthentication(api.system)
  const http = await buildHttp({ system, routes, authenticate: authentication.authenticate })
  await http.listen({ port: 0, host: '127.0.0.1' })
  const { port } = http.server.address() as AddressInfo
  return {
    http,
    port,
    lines,
    system,
    send: (request: InjectOptions) => http.inject(request),
    raw: (text: string | Buffer) => exchange(port, text),
    async [Symbol.asyncDispose]() {
      http.server.closeAllConnections()
      await http.close()
    },
  }
}
export type Probe = Awaited<ReturnType<typeof startProbe>>

/** What a server says to these bytes until it ends the connection, or until it has said nothing for a while. */
export async function exchange(
  port: number,
  bytes: string | Buffer,
): Promise<{ text: string; closed: boolean; statuses: number[] }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  let closed = false
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('end', () => (closed = true))
    socket.on('close', () => resolve())
    socket.on('error', () => resolve())
    socket.setTimeout(400, () => resolve())
    socket.write(bytes)
  })
  socket.destroy()
  return { text, closed, statuses: [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status)) }
}
