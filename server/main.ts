// Serves: configuration, database, application, listen; and ends well, with every request in flight answered.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Configuration, readConfiguration, readEnvironment } from '#platform/configuration.ts'
import { installConsole } from '#platform/http/console.ts'
import { type Repeated } from '#platform/jobs/repeat.ts'
import { createLog, type Log } from '#platform/logging.ts'
import { serviceNames } from '#platform/services/variables.ts'
import { servedBackups, startFollowing } from './backup/following.ts'
import { assertFree, listeningAt } from './listening.ts'
import { openPlace, type Place } from './place.ts'
import { openSystem } from './system.ts'

/** Where `npm start`, or the build of the image, leaves the console. */
const consoleFolder = join(import.meta.dirname, '../console/built')

/** How long all of it may take after SIGTERM. */
const stopMilliseconds = 30_000
/** How long a copy that has begun is waited for when all requests are answered. */
const copyMilliseconds = 5_000

export async function serve(): Promise<void> {
  const configuration = readConfiguration(readEnvironment())
  const isWhole = configuration.services.length === serviceNames.length
  // The lines of several services may end in one place.
  const log = createLog(configuration.log_level).child(isWhole ? {} : { services: configuration.services })
  await assertFree(addressOf(configuration))
  // PostgreSQL starts beside the loading of the modules: each takes about a second.
  const [place] = await Promise.all([openPlace(configuration, log), import('./app.ts')])
  try {
    // What is wrong with the key of backups is told before anything is served.
    const followed = servedBackups(configuration, place)
    await serveFrom(place, followed, configuration, log)
  } catch (error) {
    // The database would outlive a server that could not start.
    await place.close()
    throw error
  }
}

const addressOf = ({ host, port }: Configuration) => ({ host, port, named: 'PORT' })

async function serveFrom(
  place: Place,
  followed: ReturnType<typeof servedBackups>,
  configuration: Configuration,
  log: Log,
): Promise<void> {
  const { buildApp } = await import('./app.ts')
  const { ensureFirstAdministrator } = await import('#modules/identity')
  const system = await openSystem({ ...place, configuration, log })
  const first = configuration.services.includes('auth') ? await ensureFirstAdministrator(system) : undefined
  // At once: it is made once, and a server that cannot start must not keep it to itself.
  if (first) {
    process.stdout.write(
      `\n  First administrator: ${first.email}\n  One-time password:   ${first.password}\n  It is not shown again: sign in and change it.\n\n`,
    )
  }
  const app = await buildApp(system)
  // What is not an address of another service reaches records.
  const hasConsole = configuration.services.includes('records') && installConsole(app.http, consoleFolder)

  const hurry = new AbortController()
  let stopping: Promise<void> | undefined
  let starting: Promise<void> | undefined
  let backups: Repeated | undefined
  const stop = (signal: string) => {
    if (stopping) return hurry.abort()
    stopping = (async () => {
      log.info({ signal }, 'stopping: readiness is withdrawn, and requests in flight are finished')
      const late = setTimeout(() => {
        log.error('the server could not end in time')
        process.exit(1)
      }, stopMilliseconds)
      app.leave()
      // What is only beginning cannot be ended.
      await starting?.catch(() => undefined)
      const copied = (backups?.stop() ?? Promise.resolve()).then(() => true)
      await app.stop({ drain_ms: configuration.drain_seconds * 1000, hurry: hurry.signal })
      const isCopied = await Promise.race([copied, wait(copyMilliseconds, false, { ref: false })])
      await system.close()
      await place.close()
      clearTimeout(late)
      if (isCopied) return
      log.error('the folder of backups does not answer: the process is ended while a thread waits for it')
      // An exit waits for that thread; a kill does not wait for the line above.
      await Promise.race([new Promise<void>((told) => log.flush(() => told())), wait(1000)])
      process.kill(process.pid, 'SIGKILL')
    })()
    stopping.then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the server did not end as it should')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => {
    // Somebody at a terminal: no balancer is waited for.
    hurry.abort()
    stop('SIGINT')
  })
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed that nobody waited for'))

  const { port: asked_port, host } = configuration
  try {
    await listeningAt(addressOf(configuration), () => app.http.listen({ port: asked_port, host, backlog: 4096 }))
  } catch (error) {
    await app.stop({ drain_ms: 0, hurry: AbortSignal.abort() })
    await system.close()
    throw error
  }
  starting = app.start()
  await starting
  backups = followed && startFollowing(followed, log)
  const { port } = app.http.server.address() as { port: number }
  const shown = hasConsole ? 'the console at /, ' : ''
  log.info(`OpenWard serves on http://${host}:${port}, ${shown}the API's reference is at /docs`)
}
