// Another program that is told of events: it verifies what it is sent, as the documentation says, and answers as it is told to.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Told = { id: string; type: string; event_id: string; subject_id: string; body: string; at: number }
export type Receiver = Awaited<ReturnType<typeof startReceiver>>
type Answer = (told: Told, reply: ServerResponse) => void

/** By default everything is taken. */
export async function startReceiver({ port = 0 } = {}) {
  const told: Told[] = []
  const taken: Told[] = []
  const secrets: string[] = []
  let unsigned = 0
  let answer: Answer | undefined
  let wake = () => {}
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      if (!secrets.some((secret) => isSigned(secret, request, body))) unsigned += 1
      const { type, data } = JSON.parse(body) as { type: string; data: { event_id: string; subject_id: string } }
      const one = { id: String(request.headers['webhook-id']), type, ...data, body, at: performance.now() }
      told.push(one)
      reply.on('finish', () => {
        if (reply.statusCode < 300) taken.push(one)
        wake()
      })
      if (answer) answer(one, reply)
      else reply.writeHead(204).end()
      wake()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`,
    /** Every request, in the order in which they came. */
    told,
    /** Those that were answered with success. */
    taken,
    unsigned: () => unsigned,
    /** One more secret to verify with. */
    expect: (secret: string) => void secrets.push(secret),
    answers: (next: Answer | undefined) => void (answer = next),
    /** Waits until this is so. */
    async until(holds: () => boolean) {
      while (!holds()) await new Promise<void>((resolve) => (wake = resolve))
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function isSigned(secret: string, { headers }: IncomingMessage, body: string): boolean {
  const timestamp = Number(headers['webhook-timestamp'])
  if (!(Math.abs(Temporal.Now.instant().epochMilliseconds / 1000 - timestamp) < 300)) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key)
    .update(`${String(headers['webhook-id'])}.${timestamp}.${body}`)
    .digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .some((entry) => {
      const [version, signature = ''] = entry.split(',')
      const given = Buffer.from(signature, 'base64')
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
    })
}
