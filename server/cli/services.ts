import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readEnvironment } from '#platform/configuration.ts'
import { createLog } from '#platform/logging.ts'
import type { ServiceName } from '#platform/services/variables.ts'
import { type Gateway, type ServiceAddress, startGateway } from '../gateway.ts'
import { assertFree, listeningAt } from '../listening.ts'
import { openPlace } from '../place.ts'
import { type Command, CommandFailed, configurationHere } from './command.ts'

const usage = `openward services [--gateway 8080]

Starts the four services, each a process, over one database, and one address for them all. For developing: refused in production,
where each is started by itself and nginx stands before them (deploy/nginx).
Ports: PORT (default 8000) for records, and the three after it for auth, appointments and prescriptions.
Ctrl-C, or SIGTERM, ends them all. Exit codes: 0 stopped, 1 a service did not start, 2 wrong words, 75 a port is in use,
78 configuration.`

/** In the order of their ports. */
const order = ['records', 'auth', 'appointments', 'prescriptions'] as const satisfies readonly ServiceName[]
const startSeconds = 120

export const servicesCommand: Command = {
  summary: 'starts the four services, a process each, and one address for them (development)',
  usage,
  async run(words) {
    const gateway_port = readWords(words)
    const configuration = configurationHere()
    if (configuration.production)
      throw new CommandFailed('this is for developing: in production start each service, and nginx before them', 2)
    if (configuration.port === 0)
      throw new CommandFailed('PORT must be a port: the services take it and the next three', 2)
    const log = createLog(configuration.log_level)
    const stopped = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopped.abort())

    for (const at of order.keys())
      await assertFree({ host: '127.0.0.1', port: configuration.port + at, named: 'PORT (which is the first of four)' })
    const gateway_address = { host: configuration.host, port: gateway_port, named: '--gateway' }
    await assertFree(gateway_address)
    const place = await openPlace(configuration, log)
    const services = order.map((name, at) => ({ name, url: `http://127.0.0.1:${configuration.port + at}` }))
    const shared = {
      ...readEnvironment(),
      // Of one hospital: one database, one address, one folder for documents and keys.
      DATABASE_URL: place.owner_url,
      OPENWARD_DATA_DIR: configuration.data_directory,
      OPENWARD_PUBLIC_URL: readEnvironment()['OPENWARD_PUBLIC_URL'] || `http://localhost:${gateway_port}`,
      OPENWARD_TRUSTED_PROXIES: '127.0.0.1',
      OPENWARD_SERVICE_URLS: services.map(({ name, url }) => `${name}=${url}`).join(','),
      HOST: '127.0.0.1',
      // That is for whoever runs the embedded database.
      OPENWARD_BACKUP_DIR: '',
    }
    const children = services.map(({ name, url }) =>
      spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'main.ts'), 'serve'], {
        env: { ...shared, OPENWARD_SERVICES: name, PORT: new URL(url).port },
        stdio: 'inherit',
      }),
    )
    const ended = Promise.all(children.map(endOf))
    let gateway: Gateway | undefined
    try {
      await untilAllAnswer(services, children, stopped.signal)
      if (!stopped.signal.aborted) {
        gateway = await listeningAt(gateway_address, () => startGateway({ ...gateway_address, services }))
        log.info(`OpenWard serves on http://${configuration.host}:${gateway.port}, by four services`)
        // One that ends by itself takes no other with it: its own addresses answer 503 until it is started again.
        await Promise.race([ended, once(stopped.signal, 'abort')])
      }
    } finally {
      for (const child of children) child.kill('SIGTERM')
      await ended
      await gateway?.close()
      await place.close()
    }
  },
}

function readWords(words: string[]): number {
  try {
    const { values } = parseArgs({ args: words, options: { gateway: { type: 'string', default: '8080' } } })
    const port = Number(values.gateway)
    if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  } catch {
    // Told below.
  }
  throw new CommandFailed(`${words.join(' ')} is not understood\n\n${usage}`, 2)
}

async function endOf(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit')
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

async function untilAllAnswer(services: readonly ServiceAddress[], children: ChildProcess[], signal: AbortSignal) {
  for (const [at, { name, url }] of services.entries()) {
    for (let tried = 0; !signal.aborted; tried += 1) {
      const child = children[at]
      if (!child || hasEnded(child) || tried > startSeconds * 5)
        throw new CommandFailed(`the service ${name} did not start`)
      const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.status === 200) break
      await wait(200)
    }
  }
}
