// Where a server listens: what stands in the way of that is told in one sentence, before anything is started where it can be.
import { once } from 'node:events'
import { createServer } from 'node:net'

/** `named`: what decides the port. */
export type Address = { host: string; port: number; named: string }

/** Nothing can listen there; the message says what to do. */
export class AddressUnavailable extends Error {
  /** Whoever holds the port may let it go; an address that is wrong stays wrong. */
  readonly may_pass: boolean
  constructor(message: string, may_pass: boolean, cause: unknown) {
    super(message, { cause })
    this.may_pass = may_pass
  }
}

/** 0 is any port that is free. @throws AddressUnavailable */
export async function assertFree(address: Address): Promise<void> {
  if (address.port === 0) return
  const server = createServer()
  await listeningAt(address, async () => {
    server.listen({ port: address.port, host: address.host, exclusive: true })
    await once(server, 'listening')
  })
  server.close()
  await once(server, 'close')
}

/** @throws AddressUnavailable where the system refuses the address */
export async function listeningAt<T>({ host, port, named }: Address, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new AddressUnavailable(
        `port ${port} of ${host} is in use: end the program that listens there, or set ${named} to a port that is free`,
        true,
        error,
      )
    if (code === 'EACCES')
      throw new AddressUnavailable(
        `port ${port} of ${host} may not be listened on by this account: set ${named} to a port from 1024 up`,
        false,
        error,
      )
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new AddressUnavailable(
        `${host} is no address of this machine: set HOST to one that is, or to 0.0.0.0 for all of them`,
        false,
        error,
      )
    throw error
  }
}
