// For tests: a real SMTP server.
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export type Received = { from: string; to: string[]; is_secure: boolean; source: string }

/** An SMTP server that keeps what it takes. */
export async function startSmtp(options: SMTPServerOptions = {}) {
  const received: Received[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const { mailFrom, rcptTo } = session.envelope
      const to = rcptTo.map(({ address }) => address)
      const keep = (source: string) =>
        received.push({ from: mailFrom ? mailFrom.address : '', to, is_secure: session.secure, source })
      // Of a message that is cut off nothing was received.
      void text(stream)
        .then(keep, () => undefined)
        .finally(done)
    },
    ...options,
  })
  server.on('error', () => undefined)
  const port = await listen(server.server)
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { received, port, stop, [Symbol.asyncDispose]: stop }
}

/** On the first free port of those for tests of mail. */
export async function listen(server: Server): Promise<number> {
  for (let port = 5700; port <= 5750; port += 1) {
    const listening = Promise.withResolvers<boolean>()
    const onError = () => listening.resolve(false)
    server.once('error', onError)
    server.listen(port, '127.0.0.1', () => listening.resolve(true))
    if (await listening.promise) {
      server.off('error', onError)
      return (server.address() as AddressInfo).port
    }
  }
  throw new Error('no port between 5700 and 5750 is free')
}
