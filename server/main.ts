// Serves: configuration, database, application, listen; and ends well, with every request in flight answered.
import { readConfiguration, readEnvironment } from '#platform/configuration.ts'
import { createLog } from '#platform/logging.ts'
import { ensureFirstAdministrator } from '#modules/identity'
import { buildApp } from './app.ts'
import { openPlace } from './place.ts'
import { openSystem } from './system.ts'

/** How long requests in flight may take to finish after SIGTERM. */
const drainMilliseconds = 30_000

export async function serve(): Promise<void> {
  const configuration = readConfiguration(readEnvironment())
  const log = createLog(configuration.log_level)
  const place = await openPlace(configuration, log)
  const system = await openSystem({ ...place, configuration, log })
  const first = await ensureFirstAdministrator(system)
  const app = await buildApp(system)

  let stopping: Promise<void> | undefined
  const stop = (signal: string) => {
    stopping ??= (async () => {
      log.info({ signal }, 'stopping: requests in flight are finished first')
      const late = setTimeout(() => {
        log.error('requests in flight did not finish in time')
        process.exit(1)
      }, drainMilliseconds)
      await app.stop()
      await system.close()
      await place.close()
      clearTimeout(late)
    })()
    return stopping
  }
  process.on('SIGTERM', () => void stop('SIGTERM').then(() => process.exit(0)))
  process.on('SIGINT', () => void stop('SIGINT').then(() => process.exit(0)))
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed that nobody waited for'))

  await app.http.listen({ port: configuration.port, host: configuration.host })
  await app.start()
  const { port } = app.http.server.address() as { port: number }
  log.info(`OpenWard serves on http://${configuration.host}:${port}, the API's reference is at /docs`)
  if (first) {
    process.stdout.write(
      `\n  First administrator: ${first.email}\n  One-time password:   ${first.password}\n  It is not shown again: sign in and change it.\n\n`,
    )
  }
}
