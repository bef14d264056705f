// A receiver on this machine that speaks TLS under a certificate made for it.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerOptions } from 'node:https'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Signed by itself, for these names and 127.0.0.1. */
export function makeCertificate(...names: string[]): { cert: string; key: string } {
  const alternatives = ['IP:127.0.0.1', ...names.map((name) => `DNS:${name}`)].join()
  const { status, stdout, stderr } = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=receiver',
    '-addext',
    `subjectAltName=${alternatives}`,
    '-keyout',
    '-',
    '-out',
    '-',
  ])
  if (status !== 0) throw new Error(`openssl: ${stderr.toString()}`)
  const pem = (kind: string) =>
    new RegExp(`-----BEGIN ${kind}-----[\\s\\S]+?-----END ${kind}-----`).exec(stdout.toString())?.[0] ?? ''
  return { cert: pem('CERTIFICATE'), key: pem('PRIVATE KEY') }
}

export type Received = { headers: IncomingMessage['headers']; url: string; body: string }

export async function startTlsReceiver(
  options: ServerOptions,
  answer: RequestListener = (_, reply) => void reply.end(),
) {
  const received: Received[] = []
  let connections = 0
  const server = createServer(options, (request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, url: request.url ?? '', body: Buffer.concat(chunks).toString() })
      answer(request, reply)
    })
  })
  server.on('connection', () => (connections += 1))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    received,
    /** Also of those who said nothing. */
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
